/** ./pinhole rebuild map: whose each post is, out of all servers into Redis. */
import { parseArgs } from 'node:util';
import { rebuildOwners } from '../../features/owners/owners.ts';
import { showRebuild } from './rebuild-progress.ts';
import { withApp } from './with-app.ts';

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { 'from-start': { type: 'boolean', default: false } } });
  await withApp({ works: false }, (app) =>
    showRebuild(app, 'map', { what: 'posts', made: 'The map is made anew' }, (redis, onProgress) =>
      rebuildOwners(app, redis, { isFromStart: values['from-start'], onProgress }),
    ),
  );
}
