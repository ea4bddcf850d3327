/**
 * May A see B? The one answer that every read path asks. It depends on B's side (is the account there, is it private,
 * does B block A, did B accept A as a follower), read fresh each time, and on A's own blocks.
 */
import type { AccountId } from '../../../core/ids.ts';
import type { PostAudience } from '../../../core/shapes.ts';
import { NotFound } from '../../errors.ts';
import type { App } from '../../infra/app.ts';
import { forget } from '../../infra/cache.ts';
import { readEach, readReachable } from '../../infra/shards.ts';
import type { FactsRow } from './schema.ts';
import * as store from './store.ts';

export type Visible = {
  accountId: AccountId;
  handle: string;
  name: string;
  isPrivate: boolean;
  avatarId: string | null;
  /** all: posts too; header: only that it exists, its name, avatar, bio and counts. */
  sees: 'all' | 'header';
  /** Whether the account accepted the viewer as a follower. */
  isFollowed: boolean;
};
export type ViewerId = AccountId | null;

/** A's own blocks may be this old when another process made A's last one and could not tell; B's are never cached. */
const OWN_BLOCKS_MS = 4_000;

export function maySee(facts: {
  isSelf: boolean;
  isActive: boolean;
  isPrivate: boolean;
  blocksViewer: boolean;
  viewerBlocks: boolean;
  isFollower: boolean;
}): 'all' | 'header' | 'nothing' {
  if (!facts.isActive) return 'nothing';
  if (facts.isSelf) return 'all';
  if (facts.blocksViewer || facts.viewerBlocks) return 'nothing';
  if (facts.isPrivate && !facts.isFollower) return 'header';
  return 'all';
}

/**
 * May the viewer see the post, of whose account he sees so much? What is not published is for its author alone. `post` must be as
 * it stands now: out of a primary, not a cache.
 */
export function maySeePost(
  viewer: ViewerId,
  post: { account_id: AccountId; state: string; audience: PostAudience },
  account: Visible | undefined,
): boolean {
  if (account?.accountId !== post.account_id || account.sees !== 'all' || post.state === 'deleted')
    return false;
  if (post.account_id === viewer) return true;
  return post.state === 'published' && (post.audience === 'everyone' || account.isFollowed);
}

/**
 * The accounts of which the viewer may see anything; the others are absent from the map, and in a member's request also
 * those whose server does not answer. One query per server.
 */
export function seeAccounts(
  app: App,
  viewer: ViewerId,
  accountIds: AccountId[],
): Promise<Map<AccountId, Visible>> {
  return see(app, viewer, accountIds, readReachable);
}

/** Null where the viewer may see nothing of it. Throws ServerDown where that cannot be known. */
export async function seeAccount(app: App, viewer: ViewerId, accountId: AccountId): Promise<Visible | null> {
  return (await see(app, viewer, [accountId], readEach)).get(accountId) ?? null;
}

async function see(
  app: App,
  viewer: ViewerId,
  accountIds: AccountId[],
  read: typeof readEach,
): Promise<Map<AccountId, Visible>> {
  if (accountIds.length === 0) return new Map();
  const facts = store.selectFacts(read, app.shards, viewer ?? '0', accountIds);
  return judge(viewer, await Promise.all([facts, findOwnBlocks(app, viewer)]));
}

/** What the viewer may see of each account, by the facts of its side and his own blocks. */
export function judge(
  viewer: ViewerId,
  [facts, ownBlocks]: readonly [readonly FactsRow[], Set<AccountId>],
): Map<AccountId, Visible> {
  const seen = new Map<AccountId, Visible>();
  for (const row of facts) {
    const sees = maySee({
      isSelf: row.account_id === viewer,
      isActive: row.is_active,
      isPrivate: row.is_private,
      blocksViewer: row.blocks_viewer,
      viewerBlocks: ownBlocks.has(row.account_id),
      isFollower: row.follower_state === 'accepted',
    });
    if (sees !== 'nothing')
      seen.set(row.account_id, {
        accountId: row.account_id,
        handle: row.handle,
        name: row.name,
        isPrivate: row.is_private,
        avatarId: row.avatar_id,
        sees,
        isFollowed: row.follower_state === 'accepted',
      });
  }
  return seen;
}

/** Throws NotFound unless the viewer sees all of the account: the same as if it did not exist. */
export async function mustSeeAll(app: App, viewer: ViewerId, accountId: AccountId): Promise<Visible> {
  const seen = await seeAccount(app, viewer, accountId);
  if (seen?.sees !== 'all') throw new NotFound();
  return seen;
}

/** Throws NotFound unless the viewer sees at least the account's header. */
export async function mustSee(app: App, viewer: ViewerId, accountId: AccountId): Promise<Visible> {
  const seen = await seeAccount(app, viewer, accountId);
  if (!seen) throw new NotFound();
  return seen;
}

/** Whose posts make the viewer's home feed: himself, and whom he follows and does not block. One statement. */
export async function listHomeAuthors(app: App, viewer: AccountId): Promise<AccountId[]> {
  const { followed, blocked } = await store.selectCircle(app.shards, viewer);
  const ownBlocks = new Set(blocked);
  app.cache.set(blocksKey(viewer), ownBlocks, OWN_BLOCKS_MS);
  return [viewer, ...followed.filter((accountId) => !ownBlocks.has(accountId))];
}

/** Whether the viewer himself blocks the account. */
export async function blocks(app: App, viewer: AccountId, accountId: AccountId): Promise<boolean> {
  return (await findOwnBlocks(app, viewer)).has(accountId);
}

export function forgetOwnBlocks(app: App, viewer: AccountId): void {
  forget(app, [blocksKey(viewer)]);
}

export async function findOwnBlocks(app: App, viewer: ViewerId): Promise<Set<AccountId>> {
  if (!viewer) return new Set();
  const cached = app.cache.get<Set<AccountId>>(blocksKey(viewer));
  if (cached) return cached;
  const blocked = new Set(await store.selectBlockedIds(app.shards, viewer));
  app.cache.set(blocksKey(viewer), blocked, OWN_BLOCKS_MS);
  return blocked;
}

function blocksKey(viewer: AccountId): string {
  return `graph:blocks:${viewer}`;
}
