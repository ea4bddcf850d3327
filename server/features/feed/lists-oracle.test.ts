/** Whatever members do, and whatever happens to Redis meanwhile: each feed is what plain SQL says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { randomOf } from '../../../test/accelerator-world.ts';
import { expectedFeed, insertPosts, readToEnd, warm } from '../../../test/home-feeds.ts';
import { startMemcached, startRedis } from '../../../test/redis.ts';
import { openWorld, type Person, until } from '../../../test/world.ts';
import { parseRedis } from '../../config.ts';

const [redis, memcached] = await Promise.all([startRedis(), startMemcached()]);
const world = await openWorld({
  config: { redis: parseRedis(redis.url), memcached: [memcached.address], pushLimit: 3 },
});
const { app } = world;
const people: Person[] = [];
for (const [at, handle] of ['ann', 'bob', 'carol', 'dan', 'erin', 'fay', 'gil', 'hal'].entries())
  people.push(await world.account(handle, { isPrivate: at % 4 === 3 }));

const FOR_MS = 20_000;
const ACTS_MAX = 10;
const FAULTS = 0.08;
const FREEZE_MS = 300;

const seed = Math.floor(Math.random() * 2 ** 31);
const random = randomOf(seed);
const below = (count: number) => Math.floor(random() * count);
const oneOf = <Item>(items: readonly Item[]): Item => items[below(items.length)] as Item;

const posts = new Map<string, string[]>();

type Act = (me: Person, other: Person) => Promise<unknown>;
const acts: Record<string, Act> = {
  async post(me) {
    const more = await insertPosts(app, me.id, 1 + below(3));
    posts.set(me.id, [...(posts.get(me.id) ?? []), ...more]);
  },
  async delete(me) {
    const mine = posts.get(me.id) ?? [];
    const [postId] = mine.splice(below(mine.length), 1);
    if (postId) await me.deletes({ id: postId });
  },
  follow: (me, other) => me.act('PUT', `/accounts/${other.id}/follow`),
  // Many follow the first: it is spread in the other way then, and back.
  'follow the first': (me) => me.act('PUT', `/accounts/${people[0]?.id}/follow`),
  unfollow: (me, other) => me.act('DELETE', `/accounts/${other.id}/follow`),
  accept: (me, other) => me.act('PUT', `/follow-requests/${other.id}`),
  remove: (me, other) => me.act('DELETE', `/accounts/${other.id}/follower`),
  block: (me, other) => me.act('PUT', `/accounts/${other.id}/block`),
  unblock: (me, other) => me.act('DELETE', `/accounts/${other.id}/block`),
  'go private or public': (me) => me.edits({ isPrivate: random() < 0.5 }),
  read: (me) => me.get(`/feed?limit=${1 + below(60)}`),
};
const often = [
  'post',
  'post',
  'post',
  'read',
  'read',
  'read',
  'follow',
  'follow',
  'accept',
  ...Object.keys(acts),
];

const faults: Record<string, () => Promise<unknown>> = {
  'empty Redis': () => redis.command('FLUSHALL'),
  'cut connections': () => redis.command('CLIENT', 'KILL', 'TYPE', 'normal').catch(() => undefined),
  async 'restart Redis'() {
    await redis.kill();
    await redis.start();
  },
  async 'bring back a copy'() {
    await redis.command('SAVE');
    await redis.kill();
    await redis.start();
  },
  async 'delete a key'() {
    const key = oneOf(await redis.command<string[]>('KEYS', '*'));
    if (key) await redis.command('DEL', key);
  },
  async 'freeze Redis'() {
    await redis.freeze();
    await delay(FREEZE_MS);
    await redis.thaw();
  },
  'empty Memcached': () => memcached.say('flush_all\r\n'),
};

async function mustBeRight(story: string[]): Promise<void> {
  await world.settled();
  await until(async () => (app.redis.feeds?.isDown() ? null : true), 'Redis is back');
  for (const isWarm of [false, true])
    for (const person of people) {
      if (isWarm) await warm(app, redis, person);
      const limit = 1 + below(30);
      assert.deepEqual(
        await readToEnd(person, limit),
        await expectedFeed(world, person.id),
        `${isWarm ? 'warm' : 'as served'}, ${person.handle} by ${limit}, seed ${seed}, after:\n${story.join('\n')}`,
      );
    }
}

test(`every feed is what SQL says, after any acts and faults (seed ${seed})`, async (context) => {
  const startMs = performance.now();
  let rounds = 0;
  for (; performance.now() - startMs < FOR_MS; rounds++) {
    const story: string[] = [];
    for (let left = 1 + below(ACTS_MAX); left > 0; left--) {
      const [me, other, name] = [oneOf(people), oneOf(people), oneOf(often)];
      story.push(`${me.handle}: ${name} (${other.handle})`);
      await acts[name]?.(me, other);
      if (random() > FAULTS) continue;
      const fault = oneOf(Object.keys(faults));
      story.push(fault);
      await faults[fault]?.();
    }
    await mustBeRight(story);
  }
  context.diagnostic(`${rounds} rounds`);
  assert.ok(rounds >= 5, `only ${rounds} rounds`);
});
