/** ./pinhole migrate: for servers of one's own, before the new version starts. `up` does the same by itself. */
import { say } from '../progress.ts';
import { withApp } from './with-app.ts';

export async function run(): Promise<void> {
  await withApp({ works: false }, async () => say('All databases have the schema of this version.'));
}
