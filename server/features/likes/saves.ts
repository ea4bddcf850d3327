/** Posts that a member keeps for himself: written in his own shard alone, told to nobody, counted nowhere. */
import type { AccountId, PostId } from '../../../core/ids.ts';
import type { App } from '../../infra/app.ts';
import { changing, sweepServers, writeAt } from '../../infra/shards.ts';
import { mustSeePost } from '../posts/posts.ts';
import * as store from './store.ts';

const SWEEP = 1_000;

/** Twice is once, and does not bring it to the top again. Throws NotFound for a post that the viewer may not see. */
export async function save(app: App, viewer: AccountId, postId: PostId): Promise<void> {
  await mustSeePost(app, viewer, postId);
  await store.insertSave(changing(app.shards, viewer), viewer, postId);
}

/** Also of a post that can no longer be seen. Throws NotFound where it neither is seen nor was saved. */
export async function unsave(app: App, viewer: AccountId, postId: PostId): Promise<void> {
  if (await store.deleteSave(changing(app.shards, viewer), viewer, postId)) return;
  await mustSeePost(app, viewer, postId);
}

export function listSaves(app: App, viewer: AccountId, before: string, limit: number): Promise<store.Save[]> {
  return store.selectSaves(app.shards, viewer, before, limit);
}

// removal -----------------------------------------------------------------------------------------------------

/** One that was saved just after is shown to nobody, and goes with its account; `check` finds it. */
export async function forgetSaves(app: App, postId: PostId): Promise<void> {
  await sweepServers(app.shards, async (database) => {
    while ((await store.deleteSavesOfPost(database, postId, SWEEP)) === SWEEP);
  });
}

/** For the removal of an account: up to `limit` of them, and whether any are left. */
export async function dropSomeSaves(app: App, accountId: AccountId, limit: number): Promise<boolean> {
  const dropped = await writeAt(app.shards, accountId, (tx) => store.deleteSomeSaves(tx, accountId, limit));
  return dropped === limit;
}
