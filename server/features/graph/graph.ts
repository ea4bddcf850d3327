/**
 * Who follows whom, and who blocks whom. A follow stands at the follower's side (follows) and is mirrored to the
 * followed one's (followers) by a job; for a private account the mirror's side decides, since its owner answers there.
 * follow_id names one act of following, so that a late answer cannot hit a newer one.
 * What each may see: audience.ts.
 */
import { type AccountId, shardOf } from '../../../core/ids.ts';
import { limits } from '../../../core/limits.ts';
import type { Relationship } from '../../../core/shapes.ts';
import { Conflict, Invalid, NotFound } from '../../errors.ts';
import type { App } from '../../infra/app.ts';
import type { Transaction } from '../../infra/database.ts';
import { writeAt } from '../../infra/shards.ts';
import { addToCount } from '../accounts/accounts.ts';
import { selectNextId } from '../accounts/store.ts';
import { forgetOwnBlocks, mustSee } from './audience.ts';
import { blockMade, followAnswered, followChanged, homeChanged } from './schema.ts';
import * as store from './store.ts';

export async function follow(app: App, viewer: AccountId, targetId: AccountId): Promise<void> {
  if (viewer === targetId) throw new Invalid('follow_self', 'You cannot follow yourself.');
  const target = await mustSee(app, viewer, targetId);
  await writeAt(app.shards, viewer, async (tx) => {
    if ((await store.countFollowing(tx, viewer)) >= limits.followingMax)
      throw new Conflict(
        'following_too_many',
        `You follow ${limits.followingMax} accounts; more is not possible.`,
      );
    await store.lockTie(tx, viewer, targetId);
    const followId = await selectNextId<string>(tx, shardOf(viewer));
    const state = target.isPrivate ? 'requested' : 'accepted';
    if (!(await store.insertFollow(tx, viewer, targetId, followId, state))) return;
    await app.queue.enqueue(tx, followChanged, [{ accountId: viewer, targetId }]);
    if (state === 'accepted') {
      await app.queue.enqueue(tx, homeChanged, [{ accountId: viewer }]);
      await addToCount(tx, viewer, 'following', 1);
    }
  });
}

export async function unfollow(app: App, viewer: AccountId, targetId: AccountId): Promise<void> {
  await writeAt(app.shards, viewer, (tx) => dropFollow(app, tx, viewer, targetId));
}

async function dropFollow(app: App, tx: Transaction, viewer: AccountId, targetId: AccountId): Promise<void> {
  const was = await store.deleteFollow(tx, viewer, targetId);
  if (!was) return;
  await app.queue.enqueue(tx, followChanged, [{ accountId: viewer, targetId }]);
  if (was.state === 'accepted') {
    await app.queue.enqueue(tx, homeChanged, [{ accountId: viewer }]);
    await addToCount(tx, viewer, 'following', -1);
  }
}

/** Throws NotFound when there is no such request (any more). */
export async function acceptRequest(app: App, viewer: AccountId, followerId: AccountId): Promise<void> {
  await writeAt(app.shards, viewer, async (tx) => {
    const row = await store.selectFollowerForUpdate(tx, viewer, followerId);
    if (row?.state !== 'requested') throw new NotFound();
    await store.upsertFollower(tx, viewer, followerId, { ...row, state: 'accepted' });
    await app.queue.enqueue(tx, followAnswered, [{ accountId: followerId, targetId: viewer }]);
    await addToCount(tx, viewer, 'follower', 1);
  });
}

/** Accepts up to `limit` requests of an account that is public now, in one transaction; says whether there may be more. */
export async function acceptWhilePublic(app: App, accountId: AccountId, limit: number): Promise<boolean> {
  return writeAt(app.shards, accountId, async (tx) => {
    if (!(await store.lockPublic(tx, accountId))) return false;
    const accepted = await store.updateRequestsAccepted(tx, accountId, limit);
    const answers = accepted.map((followerId) => ({ accountId: followerId, targetId: accountId }));
    await app.queue.enqueue(tx, followAnswered, answers);
    await addToCount(tx, accountId, 'follower', accepted.length);
    return accepted.length === limit;
  });
}

/** Declines a request, or removes a follower: from the commit on he sees what a stranger sees. */
export async function removeFollower(app: App, viewer: AccountId, followerId: AccountId): Promise<void> {
  await writeAt(app.shards, viewer, (tx) => dropFollower(app, tx, viewer, followerId));
}

async function dropFollower(
  app: App,
  tx: Transaction,
  viewer: AccountId,
  followerId: AccountId,
): Promise<void> {
  const row = await store.selectFollowerForUpdate(tx, viewer, followerId);
  if (!row || row.state === 'removed') return;
  await store.upsertFollower(tx, viewer, followerId, { ...row, state: 'removed' });
  await app.queue.enqueue(tx, followAnswered, [{ accountId: followerId, targetId: viewer }]);
  if (row.state === 'accepted') await addToCount(tx, viewer, 'follower', -1);
}

/** Ends all ties in both directions. Idempotent; works also on one whom the viewer cannot see. */
export async function block(app: App, viewer: AccountId, targetId: AccountId): Promise<void> {
  if (viewer === targetId) throw new Invalid('block_self', 'You cannot block yourself.');
  await writeAt(app.shards, viewer, async (tx) => {
    await store.lockTie(tx, viewer, targetId);
    // First, so that a follow that is just being mirrored is seen here, or sees the block.
    await store.lockFollow(tx, targetId, viewer);
    if ((await store.countBlocks(tx, viewer)) >= limits.blocksMax)
      throw new Conflict('blocks_too_many', `You block ${limits.blocksMax} accounts; more is not possible.`);
    await store.insertBlock(tx, viewer, targetId, await selectNextId<string>(tx, shardOf(viewer)));
    await dropFollow(app, tx, viewer, targetId);
    await dropFollower(app, tx, viewer, targetId);
    await app.queue.enqueue(tx, blockMade, [{ accountId: viewer, targetId }]);
  });
  forgetOwnBlocks(app, viewer);
}

export async function unblock(app: App, viewer: AccountId, targetId: AccountId): Promise<void> {
  await writeAt(app.shards, viewer, (tx) => store.deleteBlock(tx, viewer, targetId));
  forgetOwnBlocks(app, viewer);
}

/** For the removal of an account: ends up to `limit` ties of each kind, and says whether any are left. */
export async function dropSomeTies(app: App, accountId: AccountId, limit: number): Promise<boolean> {
  return writeAt(app.shards, accountId, async (tx) => {
    const follows = await store.selectSomeFollows(tx, accountId, limit);
    for (const { target_id } of follows) await dropFollow(app, tx, accountId, target_id);
    const followers = await store.selectSomeFollowers(tx, accountId, limit);
    for (const { follower_id } of followers) await dropFollower(app, tx, accountId, follower_id);
    await store.deleteBlocksOf(tx, accountId);
    return follows.length + followers.length > 0;
  });
}

// reading -----------------------------------------------------------------------------------------------------

/** How the viewer stands to each of the accounts. One statement. */
export async function listRelationships(
  app: App,
  viewer: AccountId | null,
  accountIds: AccountId[],
): Promise<Map<AccountId, Relationship>> {
  const ties = viewer && accountIds.length > 0 ? await store.selectTies(app.shards, viewer, accountIds) : [];
  const tieOf = new Map(ties.map((tie) => [tie.other_id, tie]));
  return new Map(
    accountIds.map((accountId) => {
      const tie = tieOf.get(accountId);
      const following =
        tie?.following === 'accepted' ? 'yes' : tie?.following === 'requested' ? 'requested' : 'no';
      return [
        accountId,
        { isSelf: accountId === viewer, following, followsYou: tie?.follows_me ?? false, blocked: false },
      ];
    }),
  );
}

export function listFollowing(
  app: App,
  accountId: AccountId,
  before: string,
  limit: number,
): Promise<store.Edge[]> {
  return store.selectFollowing(app.shards, accountId, before, limit);
}

export function listFollowers(
  app: App,
  accountId: AccountId,
  before: string,
  limit: number,
): Promise<store.Edge[]> {
  return store.selectFollowers(app.shards, accountId, 'accepted', before, limit);
}

/** All of them, part by part: in the order of their ids, after the given one. */
export function listFollowerIds(
  app: App,
  accountId: AccountId,
  after: string,
  limit: number,
): Promise<AccountId[]> {
  return store.selectFollowerIds(app.shards, accountId, after, limit);
}

/** Whom the account follows, or has asked, the newest first. */
export function listNewestFollows(app: App, accountId: AccountId, limit: number) {
  return store.selectNewestFollows(app.shards, accountId, limit);
}

/** Whom these accounts follow, those followed by most of them first, with the first two of them in the order given. */
export async function listFollowedBy(
  app: App,
  accountIds: AccountId[],
  exceptIds: AccountId[],
  bounds: { each: number; limit: number },
): Promise<{ accountId: AccountId; count: number; by: AccountId[] }[]> {
  if (accountIds.length === 0) return [];
  const rows = await store.selectFollowedBy(app.shards, accountIds, exceptIds, bounds);
  const place = new Map(accountIds.map((accountId, at) => [accountId, at]));
  const placeOf = (accountId: AccountId) => place.get(accountId) ?? accountIds.length;
  const sums = [...Map.groupBy(rows, (row) => row.account_id)].map(([accountId, shares]) => ({
    accountId,
    count: shares.reduce((sum, { count }) => sum + Number(count), 0),
    by: shares
      .flatMap((share) => share.by)
      .sort((a, b) => placeOf(a) - placeOf(b))
      .slice(0, 2),
  }));
  return sums.sort((a, b) => b.count - a.count).slice(0, bounds.limit);
}

export function listRequests(
  app: App,
  accountId: AccountId,
  before: string,
  limit: number,
): Promise<store.Edge[]> {
  return store.selectFollowers(app.shards, accountId, 'requested', before, limit);
}

export function listBlocks(
  app: App,
  accountId: AccountId,
  before: string,
  limit: number,
): Promise<store.Edge[]> {
  return store.selectBlocks(app.shards, accountId, before, limit);
}
