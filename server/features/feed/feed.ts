/**
 * The home feed by the pull path: the newest posts of all accounts that one follows, merged at read time, one
 * statement per server. It is what serves small networks, cold feeds, very large accounts, and the hours without
 * Redis.
 */
import type { AccountId } from '../../../core/ids.ts';
import type { App } from '../../infra/app.ts';
import { listHomeAuthors } from '../graph/audience.ts';
import { listNewestOfAccounts, type PostRow } from '../posts/posts.ts';

/** Candidates, newest first; what the viewer may not see is dropped by hydration. */
export async function listHome(
  app: App,
  viewer: AccountId,
  before: string,
  limit: number,
): Promise<PostRow[]> {
  return listNewestOfAccounts(app, await listHomeAuthors(app, viewer), before, limit);
}
