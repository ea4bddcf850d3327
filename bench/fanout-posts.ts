/**
 * Posts through the API: how long the request takes for authors with one, a thousand and a million followers, in turns; and
 * when the last of a thousand followers has the post in his list, after its author is told that it is published.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { AccountId, PostId } from '../core/ids.ts';
import { FANS_OF_SMALL, homeKey, type Scene } from './fanout-scene.ts';
import { call, type Member, makePhoto, type Post, together } from './people.ts';
import { type Figures, percentile, settle } from './system.ts';

const PARTS = 2;
/** Fewer than the uploads that a member may have waiting. */
const ROUNDS = 55;
const POLL_MS = 1;
const PUBLISH_MAX_MS = 30_000;

type Upload = { author: Member; uploadId: string };
type Times = { postMs: Map<Member, number[]>; visibleMs: number[] };

export async function measurePosting(scene: Scene): Promise<Figures> {
  const { one, small, star } = scene.authors;
  const writers = [one, small, star];
  const times: Times = { postMs: new Map(writers.map((author) => [author, []])), visibleMs: [] };
  const bytes = await makePhoto(64, 80);
  const turns = Array.from({ length: ROUNDS }, () => writers).flat();
  for (let part = 0; part < PARTS; part++) {
    const uploads = await together(turns, (author) => upload(scene, author, bytes));
    await settle(scene.system);
    for (const each of uploads) await publishTimed(scene, each, times);
  }
  await mustHaveAll(scene, ROUNDS * PARTS);
  const p99 = (author: Member) => percentile(times.postMs.get(author) ?? [], 0.99);
  return {
    visibleP50Ms: percentile(times.visibleMs, 0.5),
    visibleP99Ms: percentile(times.visibleMs, 0.99),
    postP99Ms1: p99(one),
    postP99Ms1k: p99(small),
    postP99Ms1m: p99(star),
  };
}

async function upload({ system }: Scene, author: Member, bytes: Uint8Array<ArrayBuffer>): Promise<Upload> {
  const { token } = author;
  const { uploadId } = await call<{ uploadId: string }>(system.base, 'POST', '/uploads', { token });
  await call(system.base, 'PUT', `/uploads/${uploadId}`, { token, bytes });
  return { author, uploadId };
}

/** The next post is sent once this one is published; then this one is being delivered. */
async function publishTimed(scene: Scene, { author, uploadId }: Upload, times: Times): Promise<void> {
  const { token } = author;
  const startMs = performance.now();
  const body = { photos: [{ uploadId }] };
  const { id } = await call<Post>(scene.system.base, 'POST', '/posts', { token, body });
  times.postMs.get(author)?.push(performance.now() - startMs);
  const publishing = untilPublished(scene, author, id);
  if (author !== scene.authors.small) return void (await publishing);
  const [publishedMs, deliveredMs] = await Promise.all([publishing, untilDelivered(scene, id as PostId)]);
  times.visibleMs.push(Math.max(0, deliveredMs - publishedMs));
}

/** Gives when the question was asked to which the first answer was that it is published. */
async function untilPublished({ system }: Scene, { token }: Member, postId: string): Promise<number> {
  return poll('a post is published', async () => {
    const { state } = await call<Post>(system.base, 'GET', `/posts/${postId}`, { token });
    return state === 'published';
  });
}

/** The list of the last follower is asked often, and once it has the post all are: Redis has other things to do. */
async function untilDelivered(scene: Scene, postId: PostId): Promise<number> {
  const { redis } = scene;
  const followers = scene.fans.slice(0, FANS_OF_SMALL);
  const newest = (fan: AccountId | undefined) => redis.command<string>('LINDEX', homeKey(redis, fan), '-1');
  await poll('a post is delivered', async () => (await newest(followers.at(-1))) === postId);
  return poll('a post is delivered to all', async () => {
    const found = await Promise.all(followers.map(newest));
    return found.every((each) => each === postId);
  });
}

/** Gives when the question was asked that was answered with yes. */
async function poll(what: string, ask: () => Promise<boolean>): Promise<number> {
  for (
    const startMs = performance.now();
    performance.now() - startMs < PUBLISH_MAX_MS;
    await delay(POLL_MS)
  ) {
    const askedMs = performance.now();
    if (await ask()) return askedMs;
  }
  throw new Error(`Waited for ${PUBLISH_MAX_MS / 1_000} s until ${what}.`);
}

/** Each post once in each list. */
async function mustHaveAll({ redis, fans }: Scene, posts: number): Promise<void> {
  const lists = await Promise.all(
    fans
      .slice(1, FANS_OF_SMALL)
      .map((fan) => redis.command<string[]>('LRANGE', homeKey(redis, fan), String(-posts), '-1')),
  );
  const [first = []] = lists;
  const isOnce = new Set(first).size === posts;
  if (!isOnce || lists.some((list) => list.join() !== first.join()))
    throw new Error('A post is not once in the list of each follower.');
}
