/**
 * The home feeds of followers. Authors with 1, 1,000, 10,000 and a million followers, made by SQL; the lists of 10,000 of
 * them stand in Redis, full. Then posts: into 10,000 lists, one behind the other, through the API; and what it costs a
 * reader when they are merged instead.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { AccountId, PostId } from '../core/ids.ts';
import { spreadPost } from '../server/features/feed/spread.ts';
import { ServerDown } from '../server/infra/server-down.ts';
import { startAccelerators } from './accelerators.ts';
import { openBenchApp } from './app.ts';
import { measureCosts, sum } from './costs.ts';
import { measureMerging, setMergingScene } from './fanout-merge.ts';
import { measurePosting } from './fanout-posts.ts';
import { FANS, fillHomes, homeKey, inParts, MADE_END, type Scene, setScene } from './fanout-scene.ts';
import { accountIdOf, insertNewPosts } from './network-rows.ts';
import { makeAdmin, makeMembers, step } from './people.ts';
import {
  type Bench,
  type Figures,
  median,
  type Scenario,
  startSystem,
  type Wish,
  withDatabase,
} from './system.ts';

const SPREADS = 20;
/** While one reads who the followers are, Redis works for the other. */
const LANES = 4;
const SECONDS = 5;
/** Fewer than a list holds, so that afterwards all of them can be looked for. */
const POSTS_MAX = 450;
const TRIES_MAX = 10;
const RETRY_MS = 500;

export const fanout: Scenario = {
  name: 'fanout',
  about:
    'posts into the feeds of 1,000 and 10,000 followers, and of accounts with up to a million; both costs',
  measure,
};

async function measure(bench: Bench, wish: Wish): Promise<Figures> {
  const { settings } = await startAccelerators(bench);
  const system = await startSystem(bench, settings);
  await makeAdmin(system);
  const [one, small, large, star] = await makeMembers(system, 'author', 4);
  if (!one || !small || !large || !star) throw new Error('An author is missing.');
  const authors = { one, small, large, star };
  await step(`${FANS} and a million followers`, setScene(system, authors));
  await step('accounts whose posts are merged', setMergingScene(system, MADE_END));
  const { app, redis } = await openBenchApp(bench, system, settings);
  const fans = Array.from({ length: FANS }, (_, number) => accountIdOf(number));
  const scene: Scene = { system, app, redis, authors, fans };
  const homeBytes = await step(`${FANS} lists`, fillHomes(scene));
  return {
    ...(await step(`${SPREADS} posts to ${FANS} followers`, measureSpread(scene))),
    ...(await step('posts one behind the other', measureDeliveries(scene, wish.seconds ?? SECONDS))),
    ...(await step('posts through the API', measurePosting(scene))),
    ...(await step('merging', measureMerging(scene, MADE_END))),
    homeBytes,
  };
}

async function measureSpread(scene: Scene): Promise<Figures> {
  const { app, accountId, postIds } = await makePosts(scene, SPREADS);
  const tookMs: number[] = [];
  for (const postId of postIds) {
    const startMs = performance.now();
    await spreadPost(app, accountId, postId, null);
    tookMs.push(performance.now() - startMs);
  }
  await mustHaveOnce(scene, postIds);
  return { fanout10kMs: median(tookMs) };
}

/** One worker, as many posts under way as it works on, for some seconds. */
async function measureDeliveries(scene: Scene, seconds: number): Promise<Figures> {
  const { app, accountId, postIds } = await makePosts(scene, POSTS_MAX - SPREADS);
  const startMs = performance.now();
  const waiting = postIds.values();
  let posts = 0;
  let retries = 0;
  // As the queue does with a job that failed.
  const spread = async (postId: PostId) => {
    for (let tries = 1; ; tries++) {
      try {
        return await spreadPost(app, accountId, postId, null);
      } catch (error) {
        if (!(error instanceof ServerDown) || tries === TRIES_MAX) throw error;
        retries++;
        await delay(RETRY_MS);
      }
    }
  };
  const lane = async () => {
    for (const postId of waiting) {
      await spread(postId);
      posts++;
      if (performance.now() - startMs > seconds * 1_000) return;
    }
  };
  let tookMs = 0;
  const costs = await measureCosts(scene.system, scene.redis, async () => {
    await Promise.all(Array.from({ length: LANES }, lane));
    tookMs = performance.now() - startMs;
  });
  await mustHaveOnce(scene, postIds.slice(0, posts));
  const deliveries = posts * FANS;
  return {
    deliveriesPerSecond: (deliveries * 1_000) / tookMs,
    deliveryNodeCpuUs: costs.node / deliveries,
    deliveryRedisCpuUs: costs.redis / deliveries,
    deliveryPgCpuUs: costs.postgres / deliveries,
    deliveryRetries: retries,
    pushUsPerFollower: sum(costs) / deliveries,
  };
}

async function makePosts({ app, system, authors }: Scene, count: number) {
  const accountId = authors.large.accountId as AccountId;
  const postIds = await withDatabase(system, 'pinhole_shard', (client) =>
    insertNewPosts(client, accountId, count),
  );
  return { app, accountId, postIds };
}

/** The newest in every list, each once and in their order. */
async function mustHaveOnce({ redis, fans }: Scene, postIds: PostId[]): Promise<void> {
  const wanted = postIds.join();
  const lists = await inParts(fans, (fan) =>
    redis.command<string[]>('LRANGE', homeKey(redis, fan), String(-postIds.length), '-1'),
  );
  const bad = lists.filter((list) => list.join() !== wanted).length;
  if (bad > 0) throw new Error(`${bad} of ${FANS} lists do not have all posts once.`);
}
