/** Home feeds in Redis, and cards in Memcached: real ones. The oracle is plain SQL over the shards. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccountId, PostId } from '../../../core/ids.ts';
import type { PostCard } from '../../../core/shapes.ts';
import { idsOf, insertPosts, listOf, type Page, readToEnd, warm } from '../../../test/home-feeds.ts';
import { startMemcached, startRedis } from '../../../test/redis.ts';
import { openWorld, type Person, samplePhoto, until } from '../../../test/world.ts';
import { parseRedis } from '../../config.ts';
import { sql } from '../../infra/sql.ts';
import { HOME_MAX, SLACK } from './store.ts';

const [redis, memcached] = await Promise.all([startRedis(), startMemcached()]);
const world = await openWorld({
  config: { redis: parseRedis(redis.url), memcached: [memcached.address], pushLimit: 3 },
});
const { app } = world;
const [ann, bob, carol, dan] = (await world.accounts('ann', 'bob', 'carol', 'dan')) as [
  Person,
  Person,
  Person,
  Person,
];

test('a feed that is read gets a list, and from then on posts come into it', async () => {
  await ann.follows(bob);
  const first = await bob.posts('the first');
  await world.settled();
  assert.equal(await listOf(app, redis, ann), null);
  await warm(app, redis, ann);
  assert.deepEqual(await listOf(app, redis, ann), [first.id]);
  const second = await bob.posts('the second');
  await world.settled();
  assert.deepEqual(await listOf(app, redis, ann), [first.id, second.id]);
  const page: Page = await ann.get('/feed');
  assert.deepEqual(idsOf(page), [second.id, first.id]);
  assert.ok((page.items[0]?.photos[0]?.renditions.length ?? 0) >= 4);
  assert.equal(page.items[0]?.caption, 'the second');
});

test('a page out of list and cards is the one out of the shards', async () => {
  await bob.posts('with two photos #tag');
  await world.settled();
  await warm(app, redis, ann);
  const listed = await ann.get('/feed');
  await redis.command('FLUSHALL');
  const merged = await ann.get('/feed');
  assert.deepEqual(listed, merged);
});

test('who follows, unfollows or blocks finds the feed so', async () => {
  await warm(app, redis, ann);
  const [post] = await insertPosts(app, carol.id, 1);
  await ann.follows(carol);
  await world.settled();
  assert.ok(idsOf(await ann.get('/feed')).includes(post ?? ''));
  await warm(app, redis, ann);
  assert.ok((await listOf(app, redis, ann))?.includes(post ?? ''));
  await ann.unfollows(carol);
  await world.settled();
  assert.equal(await listOf(app, redis, ann), null);
  assert.ok(!idsOf(await ann.get('/feed')).includes(post ?? ''));
});

test('a deleted post is out of the lists, and out of the pages at once', async () => {
  await ann.follows(bob);
  const post = await bob.posts('soon gone');
  await world.settled();
  await warm(app, redis, ann);
  assert.ok((await listOf(app, redis, ann))?.includes(post.id));
  await bob.deletes(post);
  assert.ok(!idsOf(await ann.get('/feed')).includes(post.id));
  await world.settled();
  assert.ok(!(await listOf(app, redis, ann))?.includes(post.id));
});

test('jobs that run again, late and out of order leave each post once, in its place', async () => {
  await warm(app, redis, ann);
  const before = await listOf(app, redis, ann);
  const posts = await insertPosts(app, bob.id, 12);
  await world.settled();
  const shuffled = posts.toSorted((a, b) => (a.slice(-3) < b.slice(-3) ? -1 : 1));
  const { spreadPost } = await import('./spread.ts');
  await redis.command('LREM', `home:${app.redis.feeds?.generation()}:${ann.id}`, '1', posts[4] ?? '');
  for (const post of [...shuffled, ...shuffled])
    await spreadPost(app, bob.id as AccountId, post as PostId, null);
  assert.deepEqual(await listOf(app, redis, ann), [...(before ?? []), ...posts]);
});

test('beyond the end of a list the shards go on', async () => {
  await ann.follows(bob);
  const all = [...(await readToEnd(ann, 60))].reverse();
  all.push(...(await insertPosts(app, bob.id, HOME_MAX + 40)));
  await world.settled();
  await redis.command('FLUSHALL');
  await warm(app, redis, ann);
  assert.equal((await listOf(app, redis, ann))?.length, HOME_MAX);
  all.push(...(await insertPosts(app, bob.id, 3)));
  await world.settled();
  assert.deepEqual(await listOf(app, redis, ann), all.slice(-HOME_MAX - 3));
  for (let posts = 0; posts <= SLACK; posts += 20) all.push(...(await insertPosts(app, bob.id, 20)));
  await world.settled();
  const list = await listOf(app, redis, ann);
  assert.ok(list && list.length >= HOME_MAX && list.length <= HOME_MAX + SLACK, `${list?.length} posts`);
  assert.deepEqual(list, all.slice(-list.length));
  for (const limit of [60, 37]) assert.deepEqual(await readToEnd(ann, limit), all.toReversed());
});

test('an account with many followers is merged instead, and pushed again when it has few, without a gap or a double', async () => {
  const star = await world.account('star');
  const fans = await world.accounts('fan1', 'fan2', 'fan3', 'fan4');
  const posts: string[] = [];
  const expectWhole = async () => {
    for (const fan of fans) {
      await warm(app, redis, fan);
      for (const limit of [2, 20]) assert.deepEqual(await readToEnd(fan, limit), posts.toReversed());
    }
  };
  for (const fan of fans) {
    await fan.follows(star);
    await warm(app, redis, fan);
  }
  await world.settled();
  for (const spread of ['merged', 'merged', 'merged']) {
    posts.push(...(await insertPosts(app, star.id, 2)));
    await world.settled();
    await expectWhole();
    const [row] = await world.rows<{ spread: string }>(
      sql`select spread from accounts where account_id = ${star.id}`,
    );
    assert.equal(row?.spread, spread);
  }
  assert.deepEqual(await listOf(app, redis, fans[0]), []);
  for (const fan of fans.slice(2)) await fan.unfollows(star);
  await world.settled();
  fans.splice(2);
  for (let round = 0; round < 3; round++) {
    posts.push(...(await insertPosts(app, star.id, 2)));
    await world.settled();
    await expectWhole();
  }
  const [row] = await world.rows<{ spread: string }>(
    sql`select spread from accounts where account_id = ${star.id}`,
  );
  assert.equal(row?.spread, 'pushed');
  assert.deepEqual(await listOf(app, redis, fans[0]), posts);
});

test('what its author saw while it was developed is not what others see afterwards', async () => {
  await ann.follows(dan);
  await world.settled();
  await warm(app, redis, ann);
  const post = await dan.publishes('in the bath', [await dan.uploads(samplePhoto)]);
  const card = await until(async () => {
    const { items }: Page = await dan.get(`/accounts/${dan.id}/posts`);
    return items[0]?.id === post.id && items[0].state === 'published' ? items[0] : null;
  }, 'it is published');
  assert.equal(card.photos[0]?.state, 'ready');
  assert.ok((card.photos[0]?.renditions.length ?? 0) >= 4);
});

test('a card that a cache kept too long, or that is none, is not shown', async () => {
  const post = await dan.posts('as it is');
  await world.settled();
  await ann.follows(dan);
  await world.settled();
  await warm(app, redis, ann);
  await ann.get('/feed');
  const key = `post:2:${post.id}`;
  assert.match(await memcached.say(`get ${key}\r\n`), /as it is/);
  for (const text of [
    '{"post_id":"1"}',
    'garbage',
    `{"post_id":"${post.id}","caption":"old","photos":[],"card_version":-1}`,
  ]) {
    await memcached.say(`set ${key} 0 0 ${text.length}\r\n${text}\r\n`);
    const [card] = (await ann.get('/feed')).items as PostCard[];
    assert.deepEqual([card?.id, card?.caption, card?.photos.length], [post.id, 'as it is', 1]);
  }
});
