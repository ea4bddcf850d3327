/** What may come between two steps of what is done with lists. */
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { test } from 'node:test';
import type { AccountId, PostId } from '../../../core/ids.ts';
import {
  expectedFeed,
  idsOf,
  insertPosts,
  listOf,
  type Page,
  readToEnd,
  warm,
} from '../../../test/home-feeds.ts';
import { startRedis } from '../../../test/redis.ts';
import { openWorld, type Person, until } from '../../../test/world.ts';
import { parseRedis } from '../../config.ts';
import type { App } from '../../infra/app.ts';
import type { Redis } from '../../infra/redis/redis.ts';
import { sql } from '../../infra/sql.ts';
import { deletePost } from '../posts/posts.ts';
import { fillHome } from './feed.ts';
import { spreadPost } from './spread.ts';
import { HOME_MAX } from './store.ts';

const redis = await startRedis(['save 3600 1000000']);
const world = await openWorld({ config: { redis: parseRedis(redis.url) } });
const { app } = world;
const feeds = app.redis.feeds as Redis;
const [ann, bob, carol, quiet] = [
  ...(await world.accounts('ann', 'bob', 'carol')),
  await world.account('quiet', { isPrivate: true }),
] as [Person, Person, Person, Person];
const [annId, bobId] = [ann.id as AccountId, bob.id as AccountId];
await ann.follows(bob);
await bob.follows(ann);
await insertPosts(app, bob.id, 3);
await world.settled();

const keyOf = (person: Person) => `home:${feeds.generation()}:${person.id}`;

/** The same app, where something happens just before its n-th script runs in Redis. */
function interrupted(n: number, happens: () => Promise<unknown>): App {
  let left = n;
  const before = (ask: Redis['run']): Redis['run'] => {
    return async (script, keys, args) => {
      if (--left === 0) await happens();
      return ask(script, keys, args);
    };
  };
  const slow = { ...feeds, run: before(feeds.run), change: before(feeds.change) };
  return { ...app, redis: { ...app.redis, feeds: slow } };
}

async function mustBeRight(person: Person): Promise<void> {
  for (const limit of [7, 50])
    assert.deepEqual(await readToEnd(person, limit), await expectedFeed(world, person.id));
}

test('what was read for a list is not written when the follows have changed meanwhile', async () => {
  await insertPosts(app, carol.id, 2);
  await world.settled();
  await redis.command('FLUSHALL');
  const slow = interrupted(2, async () => {
    await ann.follows(carol);
    await world.settled();
  });
  assert.equal(await fillHome(slow, slow.redis.feeds as Redis, annId), false);
  assert.equal(await listOf(app, redis, ann), null);
  await warm(app, redis, ann);
  await mustBeRight(ann);
});

test('what is published while a list is filled is in it', async () => {
  await redis.command('FLUSHALL');
  const slow = interrupted(2, async () => {
    await insertPosts(app, bob.id, 2);
    await world.settled();
  });
  assert.equal(await fillHome(slow, slow.redis.feeds as Redis, annId), true);
  assert.deepEqual((await listOf(app, redis, ann))?.toReversed(), await expectedFeed(world, ann.id));
});

test('what is posted before a follow has come to the other side is in the list when it has', async () => {
  const held = Promise.withResolvers<void>();
  const [server] = app.shards.servers;
  const isHeld = Promise.withResolvers<void>();
  const holding = server?.database.transaction(async (tx) => {
    await tx.rows(sql`lock table followers in share row exclusive mode`);
    isHeld.resolve();
    await held.promise;
  });
  await isHeld.promise;
  await carol.follows(bob);
  const isForgotten = async () =>
    (await app.queue.findUnfinished('home.changed', ['accountId'], [carol.id], null)).length > 0
      ? null
      : true;
  await until(isForgotten, 'the list is forgotten');
  await warm(app, redis, carol);
  const [postId = ''] = await insertPosts(app, bob.id, 1);
  const isSpread = async () =>
    (await app.queue.findUnfinished('post.spread', ['postId'], [postId], null)).length > 0 ? null : true;
  await until(isSpread, 'the post is spread');
  assert.ok(!(await listOf(app, redis, carol))?.includes(postId));
  held.resolve();
  await holding;
  await world.settled();
  await mustBeRight(carol);
  await warm(app, redis, carol);
  assert.ok((await listOf(app, redis, carol))?.includes(postId));
});

test('a list that names what is not for its reader shows nothing of it', async () => {
  const foreign = [...(await insertPosts(app, quiet.id, 1)), ...(await insertPosts(app, carol.id, 1))];
  await ann.unfollows(carol);
  await world.settled();
  await warm(app, redis, ann);
  await redis.command('RPUSH', keyOf(ann), ...foreign);
  await mustBeRight(ann);
  const page: Page = await ann.get('/feed?limit=60');
  assert.ok(!idsOf(page).some((postId) => foreign.includes(postId)));
});

test('a post that is deleted while it is spread is in no list in the end', async () => {
  await warm(app, redis, ann);
  const [postId = ''] = (await insertPosts(app, bob.id, 1)) as PostId[];
  await world.settled();
  const slow = interrupted(1, async () => {
    await deletePost(app, bobId, postId as PostId);
    await world.settled();
  });
  await spreadPost(slow, bobId, postId as PostId, null);
  await world.settled();
  const list = await listOf(app, redis, ann);
  assert.ok(list && !list.includes(postId));
});

test('a post that is deleted while a list is filled is not in it', async () => {
  const [postId = ''] = await insertPosts(app, bob.id, 1);
  await world.settled();
  await redis.command('FLUSHALL');
  const slow = interrupted(2, async () => {
    await bob.deletes({ id: postId });
    await world.settled();
  });
  await fillHome(slow, slow.redis.feeds as Redis, annId);
  await warm(app, redis, ann);
  assert.ok(!(await listOf(app, redis, ann))?.includes(postId));
  await mustBeRight(ann);
});

test('an old post that is spread once more leaves no gap below a list that is full', async () => {
  const posts = await insertPosts(app, bob.id, HOME_MAX + 30);
  await world.settled();
  await warm(app, redis, ann);
  await bob.deletes({ id: posts.at(-1) ?? '' });
  await world.settled();
  for (const postId of posts.slice(0, 2)) await spreadPost(app, bobId, postId as PostId, null);
  await mustBeRight(ann);
});

test('while Redis has no room a list that a post should come into is gone, and not without it', async () => {
  await warm(app, redis, ann);
  await redis.command('CONFIG', 'SET', 'maxmemory', '1');
  await insertPosts(app, bob.id, 1);
  await world.settled();
  await mustBeRight(ann);
  await redis.command('CONFIG', 'SET', 'maxmemory', '0');
  await mustBeRight(ann);
  await warm(app, redis, ann);
  await mustBeRight(ann);
});

test('while Redis cannot save and takes nothing, the shards serve, and afterwards nothing is missing', async () => {
  await warm(app, redis, ann);
  const [, folder = ''] = await redis.command<string[]>('CONFIG', 'GET', 'dir');
  await rm(folder, { recursive: true });
  await redis.command('BGSAVE');
  await until(
    async () => (/rdb_last_bgsave_status:err/.test(await redis.command('INFO', 'persistence')) ? true : null),
    'saving has failed',
  );
  await assert.rejects(redis.command('SET', 'a', 'b'), /MISCONF/);
  const [postId = ''] = await insertPosts(app, bob.id, 1);
  const isTried = async () =>
    (
      await world.rows(sql`select from jobs.job where name = 'post.spread' and state < 'completed'
      and data ->> 'postId' = ${postId} and (retry_count > 0 or start_after > created_on)`)
    ).length > 0
      ? true
      : null;
  await until(isTried, 'it was tried');
  await mustBeRight(ann);
  await redis.command('CONFIG', 'SET', 'stop-writes-on-bgsave-error', 'no');
  await world.settled();
  assert.equal((await app.queue.counts()).dead, 0);
  await mustBeRight(ann);
  const [failed] = await world.rows<{ count: string }>(
    sql`select count(*) from jobs.job where name = 'post.spread' and retry_count > 0`,
  );
  assert.equal(failed?.count, '0', 'it is no failure of the job');
});
