/**
 * The home feed. The pull path merges the newest posts of all accounts that one follows, one statement per server: it is the
 * truth, and serves small networks, cold feeds, the depth of long ones, and the hours without Redis. With Redis a list for each
 * member who reads is kept in front of it: spread.ts pushes into it, and what changes whose posts it holds makes it forgotten.
 * Which way served, the reader can tell by speed alone: what he may not see is dropped after either.
 */
import { randomInt } from 'node:crypto';
import type { AccountId, PostId } from '../../../core/ids.ts';
import type { App } from '../../infra/app.ts';
import { isFull, whereServed } from '../../infra/redis/optional.ts';
import type { Redis } from '../../infra/redis/redis.ts';
import { runOutsideRequests } from '../../infra/request-context.ts';
import { ServerDown } from '../../infra/server-down.ts';
import { listHomeAuthors } from '../graph/audience.ts';
import { listNewestIdsOfAccounts, listNewestOfAccounts, type PostRow } from '../posts/posts.ts';
import * as store from './store.ts';

/** Candidates, newest first; what the viewer may not see is dropped by hydration. */
export type HomePage = { way: 'merged'; posts: PostRow[] } | { way: 'listed'; postIds: PostId[] };

const NEWEST = '9223372036854775807';
/** Lists that a process fills at the same time; whoever comes meanwhile is served by the shards. */
const FILLING_MAX = 8;
const TOKEN_MAX = 2 ** 40;

export async function listHome(
  app: App,
  viewer: AccountId,
  before: string,
  limit: number,
): Promise<HomePage> {
  const startMs = performance.now();
  const redis = app.redis.feeds;
  const postIds = redis && (await listFromRedis(app, redis, viewer, before, limit));
  const page: HomePage = postIds
    ? { way: 'listed', postIds }
    : {
        way: 'merged',
        posts: await listNewestOfAccounts(app, await listHomeAuthors(app, viewer), before, limit),
      };
  app.metrics.observeHome(page.way, (performance.now() - startMs) / 1_000);
  return page;
}

/** Null where the shards must be asked: there is no list (one is begun), it ends before the page does, or Redis is down. */
async function listFromRedis(
  app: App,
  redis: Redis,
  viewer: AccountId,
  before: string,
  limit: number,
): Promise<PostId[] | null> {
  const home = await whereServed(() => store.readHome(redis, viewer, before, limit));
  if (!home) {
    if (!redis.isDown()) fillSoon(app, redis, viewer);
    return null;
  }
  if (home.postIds.length < limit && !home.isWhole) return null;
  const merged = await whereServed(() => listNewestIdsOfAccounts(app, home.merged, before, limit));
  return merged ? mergeIds(home.postIds, merged, limit) : null;
}

function mergeIds(a: PostId[], b: PostId[], limit: number): PostId[] {
  if (b.length === 0) return a;
  return [...new Set([...a, ...b])].sort((x, y) => Number(BigInt(y) - BigInt(x))).slice(0, limit);
}

const filling = new WeakMap<App, Set<AccountId>>();

function fillSoon(app: App, redis: Redis, viewer: AccountId): void {
  const now = filling.get(app) ?? new Set();
  filling.set(app, now);
  if (now.size >= FILLING_MAX || now.has(viewer)) return;
  now.add(viewer);
  runOutsideRequests(() => fillHome(app, redis, viewer))
    .catch((error: unknown) => {
      if (!(error instanceof ServerDown) && !isFull(error))
        app.log.error({ err: error }, 'filling a home feed');
    })
    .finally(() => now.delete(viewer));
}

/**
 * Makes the account's list from the shards. The list is begun before they are read, so that what is published meanwhile is in
 * it; and what changes the account's follows meanwhile makes it forgotten, so that what was read is not written. False then,
 * and when another fills it.
 */
export async function fillHome(app: App, redis: Redis, accountId: AccountId): Promise<boolean> {
  const token = String(-randomInt(1, TOKEN_MAX));
  if (!(await store.beginHome(redis, accountId, token))) return false;
  const authors = await listHomeAuthors(app, accountId);
  const merged = await store.selectMerged(app.shards, authors);
  const isMerged = new Set(merged);
  const pushed = authors.filter((author) => !isMerged.has(author));
  const postIds = await listNewestIdsOfAccounts(app, pushed, NEWEST, store.HOME_MAX + 1);
  return store.finishHome(redis, accountId, token, {
    postIds: postIds.slice(0, store.HOME_MAX),
    merged,
    isWhole: postIds.length <= store.HOME_MAX,
  });
}
