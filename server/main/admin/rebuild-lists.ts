/** ./pinhole rebuild feeds, activity: the lists of all members who were here lately, out of all servers into Redis. */
import { parseArgs } from 'node:util';
import { rebuildRecent } from '../../features/activity/activity.ts';
import { rebuildHomes } from '../../features/feed/rebuild.ts';
import { showRebuild } from './rebuild-progress.ts';
import { withApp } from './with-app.ts';

const parts = {
  feeds: { rebuild: rebuildHomes, made: 'Home feeds are made anew' },
  activity: { rebuild: rebuildRecent, made: 'Lists of activity are made anew' },
};

export async function rebuildLists(part: keyof typeof parts, args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { 'from-start': { type: 'boolean', default: false } } });
  const { rebuild, made } = parts[part];
  await withApp({ works: false }, async (app) => {
    await showRebuild(app, 'feeds', { what: 'members', made }, (redis, onProgress) =>
      rebuild(app, redis, { isFromStart: values['from-start'], onProgress }),
    );
  });
}
