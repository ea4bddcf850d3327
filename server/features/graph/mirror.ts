/**
 * Brings the two sides of a follow together. Both directions compare what stands on either side now, so they may run
 * twice and out of order. Run by jobs.ts; `check` counts what still differs.
 */
import type { AccountId } from '../../../core/ids.ts';
import type { App } from '../../infra/app.ts';
import type { Transaction } from '../../infra/database.ts';
import { at, writeAt } from '../../infra/shards.ts';
import { addToCount } from '../accounts/accounts.ts';
import { followAnswered, followChanged, homeChanged } from './schema.ts';
import * as store from './store.ts';

export type FollowNews = 'accepted' | 'requested' | 'gone' | null;

/** follows → followers. `tell` runs in the same transaction when something came or went at the followed one's side. */
export async function mirrorFollow(
  app: App,
  followerId: AccountId,
  targetId: AccountId,
  tell: (tx: Transaction, news: FollowNews) => Promise<void>,
): Promise<void> {
  await writeAt(app.shards, targetId, async (tx) => {
    await store.lockFollow(tx, followerId, targetId);
    const source = await store.selectFollow(at(app.shards, followerId), followerId, targetId);
    const mirror = await store.selectFollowerForUpdate(tx, targetId, followerId);
    const news = source
      ? await raise(app, tx, followerId, targetId, source, mirror)
      : await lower(tx, followerId, targetId, mirror);
    // What was published just before was pushed to those followers that stood here then.
    if (news === 'accepted' || news === 'gone')
      await app.queue.enqueue(tx, homeChanged, [{ accountId: followerId }]);
    await tell(tx, news);
  });
}

async function lower(
  tx: Transaction,
  followerId: AccountId,
  targetId: AccountId,
  mirror: store.FollowerRow | null,
): Promise<FollowNews> {
  if (!mirror) return null;
  await store.deleteFollower(tx, targetId, followerId);
  if (mirror.state === 'accepted') await addToCount(tx, targetId, 'follower', -1);
  return 'gone';
}

async function raise(
  app: App,
  tx: Transaction,
  followerId: AccountId,
  targetId: AccountId,
  source: store.FollowRow,
  mirror: store.FollowerRow | null,
): Promise<FollowNews> {
  const isKnown = mirror?.follow_id === source.follow_id;
  const open = isKnown ? null : await store.selectOpenness(tx, targetId, followerId);
  const state = isKnown
    ? mirror.state
    : !open || open.blocks
      ? 'removed'
      : open.is_private
        ? 'requested'
        : 'accepted';
  if (!isKnown) {
    await store.upsertFollower(tx, targetId, followerId, { follow_id: source.follow_id, state });
    const change = Number(state === 'accepted') - Number(mirror?.state === 'accepted');
    if (change !== 0) await addToCount(tx, targetId, 'follower', change);
  }
  if (state !== source.state)
    await app.queue.enqueue(tx, followAnswered, [{ accountId: followerId, targetId }]);
  return isKnown || state === 'removed' ? null : state;
}

/** followers → follows: what the followed one answered. `tell` runs in the same transaction when a request was accepted. */
export async function mirrorAnswer(
  app: App,
  followerId: AccountId,
  targetId: AccountId,
  tell: (tx: Transaction) => Promise<void>,
): Promise<void> {
  await writeAt(app.shards, followerId, async (tx) => {
    const source = await store.selectFollowForUpdate(tx, followerId, targetId);
    const mirror = await store.selectFollower(at(app.shards, targetId), targetId, followerId);
    if (!source || !mirror) {
      await app.queue.enqueue(tx, followChanged, [{ accountId: followerId, targetId }]);
      return;
    }
    if (source.follow_id !== mirror.follow_id || source.state === mirror.state) return;
    if (mirror.state === 'removed') {
      await store.deleteFollow(tx, followerId, targetId);
      await app.queue.enqueue(tx, followChanged, [{ accountId: followerId, targetId }]);
    } else {
      await store.updateFollowState(tx, followerId, targetId, mirror.state);
    }
    const change = Number(mirror.state === 'accepted') - Number(source.state === 'accepted');
    if (change !== 0) {
      await app.queue.enqueue(tx, homeChanged, [{ accountId: followerId }]);
      await addToCount(tx, followerId, 'following', change);
    }
    if (mirror.state === 'accepted') await tell(tx);
  });
}
