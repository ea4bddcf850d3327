/**
 * Posts into the home feeds of followers, a bounded part of them in each job; Redis keeps them in order, and each once, however
 * often and late a job runs. Posts of accounts with very many followers are not pushed: their followers' lists name the
 * account, and whoever reads merges its posts (docs/performance.md has the costs of both).
 *
 * An account that turns from one way to the other does so without a gap: while it turns, its posts are pushed, and all homes of
 * its followers are begun anew, and then name it. What comes both ways is shown once.
 */
import type { AccountId, PostId } from '../../../core/ids.ts';
import type { App } from '../../infra/app.ts';
import type { Redis } from '../../infra/redis/redis.ts';
import { writeAt } from '../../infra/shards.ts';
import { listFollowerIds } from '../graph/graph.ts';
import { findPostHeads } from '../posts/posts.ts';
import { spreadContinued, spreadTurned } from './schema.ts';
import * as store from './store.ts';

const FOLLOWERS_MAX = 10_000;
/** An account is pushed again when it has lost so much: one at the limit does not turn with each follower. */
const TURN_BACK = 0.8;
/** So long a job waits for Redis to come back. */
const WAIT_MAX_MS = 60_000;
const FIRST = '0';

/** `after`: the follower at which the part before ended; null for the first. */
export async function spreadPost(
  app: App,
  accountId: AccountId,
  postId: PostId,
  after: string | null,
): Promise<void> {
  const redis = await findRedis(app);
  const spread = redis && (await store.selectSpread(app.shards, accountId));
  if (!spread) return;
  if (after === null) await turnWhereDue(app, accountId, spread);
  if (spread.spread === 'merged') return;
  const followers = await listFollowerIds(app, accountId, after ?? FIRST, FOLLOWERS_MAX);
  const homes = after === null ? [accountId, ...followers] : followers;
  if (await isPublished(app, postId)) await store.pushToHomes(redis, homes, postId);
  // Also when it was deleted just now: the job that takes it out may have been quicker.
  if (!(await isPublished(app, postId))) await store.takeFromHomes(redis, homes, postId);
  const last = followers.at(-1);
  if (last !== undefined && followers.length === FOLLOWERS_MAX)
    await writeAt(app.shards, accountId, (tx) =>
      app.queue.enqueue(tx, spreadContinued, [{ accountId, postId, after: last }]),
    );
}

/** Without Redis here, or one that has long been silent, lists that others keep are void from now on. */
async function findRedis(app: App): Promise<Redis | null> {
  const redis = app.redis.feeds;
  if (redis && redis.downForMs() < WAIT_MAX_MS) return redis;
  await app.epoch.end();
  return null;
}

async function isPublished(app: App, postId: PostId): Promise<boolean> {
  const [post] = await findPostHeads(app, [postId]);
  return post?.state === 'published';
}

export async function forgetHomes(app: App, accountIds: AccountId[]): Promise<void> {
  const redis = await findRedis(app);
  if (redis) await store.forgetHomes(redis, accountIds);
}

// turning -----------------------------------------------------------------------------------------------------

type Standing = { spread: store.Spread; follower_count: string };

async function turnWhereDue(
  app: App,
  accountId: AccountId,
  { spread, follower_count }: Standing,
): Promise<void> {
  const next = nextSpread(spread, Number(follower_count), app.config.pushLimit);
  if (next === spread) return;
  await writeAt(app.shards, accountId, async (tx) => {
    const turn = await store.beginTurn(tx, accountId, spread, next);
    if (turn !== null) await app.queue.enqueue(tx, spreadTurned, [{ accountId, after: FIRST, turn }]);
  });
}

export function nextSpread(spread: store.Spread, followers: number, limit: number): store.Spread {
  if (spread === 'pushed') return followers > limit ? 'turning' : 'pushed';
  if (spread === 'merged') return followers < limit * TURN_BACK ? 'pushed' : 'merged';
  return spread;
}

/** One part of the followers' homes is begun anew; after the last the account is merged, unless it is pushed again. */
export async function continueTurn(
  app: App,
  accountId: AccountId,
  after: string,
  turn: number,
): Promise<void> {
  const followers = await listFollowerIds(app, accountId, after, FOLLOWERS_MAX);
  await forgetHomes(app, after === FIRST ? [accountId, ...followers] : followers);
  const last = followers.at(-1);
  await writeAt(app.shards, accountId, async (tx) => {
    if (last !== undefined && followers.length === FOLLOWERS_MAX)
      await app.queue.enqueue(tx, spreadTurned, [{ accountId, after: last, turn }]);
    else await store.endTurn(tx, accountId, turn);
  });
}
