/** Whose a post is: out of a real Redis, and out of PostgreSQL where that is down or knows nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AccountId, type PostId, shardOf } from '../../../core/ids.ts';
import { startRedis } from '../../../test/redis.ts';
import { openWorld, type Person, until } from '../../../test/world.ts';
import { parseRedis } from '../../config.ts';
import { openIdMap } from '../../infra/redis/id-map.ts';
import { writeAt } from '../../infra/shards.ts';
import { sql } from '../../infra/sql.ts';
import { findOwners, forgetOwner, rebuildOwners, rememberOwner } from './owners.ts';

const redis = await startRedis();
const world = await openWorld({ config: { redis: parseRedis(redis.url) } });
const { app } = world;
const people = await world.accounts('ann', 'bob', 'carol', 'dan');
const [ann, bob, carol, dan] = people as [Person, Person, Person, Person];
const inMap = () => (app.redis.map ? app.redis.map : assert.fail('there is Redis'));

const answers = () => until(async () => (inMap().isDown() ? null : true), 'Redis answers');
const ask = async (person: Person, postIds: string[]) =>
  (await person.get(`/posts/owners?ids=${postIds.join(',')}`)).items;
/** What Redis knows by itself. */
const known = (...postIds: string[]) =>
  openIdMap<PostId, AccountId>(inMap(), 'owners').find(postIds as PostId[]);
const owned = (person: Person, postIds: string[]) =>
  postIds.map((postId) => ({ postId, accountId: person.id }));

/** Posts that were published as it was before there was a map. */
async function insertPosts(accountId: string, count: number, state = 'published'): Promise<PostId[]> {
  return writeAt(app.shards, accountId as AccountId, async (tx) => {
    const rows = await tx.rows<{ post_id: PostId }>(sql`
      insert into posts (post_id, account_id, state)
      select next_id(id_logical_shard(${accountId})), ${accountId}, ${state} from generate_series(1, ${count}::integer)
      returning post_id`);
    return rows.map(({ post_id }) => post_id);
  });
}

test('a published post is in the map, a deleted one no longer', async () => {
  const post = await bob.posts('mine');
  await world.settled();
  assert.deepEqual(await known(post.id), new Map([[post.id, bob.id]]));
  assert.deepEqual(await ask(ann, [post.id]), owned(bob, [post.id]));
  await bob.deletes(post);
  await world.settled();
  assert.deepEqual(await known(post.id), new Map());
  assert.deepEqual(await ask(ann, [post.id]), []);
});

test('owners are named in the order asked, doubles too; unknown and unpublished posts are left out', async () => {
  const [first, second] = await insertPosts(ann.id, 2);
  const [third] = await insertPosts(bob.id, 1);
  const [developing] = await insertPosts(bob.id, 1, 'developing');
  assert.ok(first && second && third && developing);
  const unknown = String(BigInt(third) - (5n << 23n));
  const asked = [third, first, unknown, first, developing, second];
  for (let round = 0; round < 2; round++)
    assert.deepEqual(await ask(carol, asked), [
      ...owned(bob, [third]),
      ...owned(ann, [first, first, second]),
    ]);
  assert.deepEqual((await known(...asked)).size, 3);
});

test('what the map does not know PostgreSQL is asked for, once', async () => {
  const posts = await insertPosts(ann.id, 100);
  assert.deepEqual((await known(...posts)).size, 0);
  assert.deepEqual(await ask(bob, posts), owned(ann, posts));
  assert.deepEqual(await known(...posts), new Map(posts.map((postId) => [postId, ann.id])));
  await world.rows(sql`delete from posts where post_id = ${posts[0]}`);
  assert.deepEqual(await ask(bob, posts), owned(ann, posts));
  await redis.command('FLUSHALL');
  assert.deepEqual(await ask(bob, posts), owned(ann, posts.slice(1)));
});

test('who may not see the posts is not told whose they are', async () => {
  const hidden = await world.account('hidden', { isPrivate: true });
  const [secret] = await insertPosts(hidden.id, 1);
  const [open] = await insertPosts(dan.id, 1);
  assert.ok(secret && open);
  const asked = [secret, open];
  for (let round = 0; round < 2; round++) {
    assert.deepEqual(await ask(bob, asked), owned(dan, [open]));
    assert.deepEqual((await world.call('GET', `/posts/owners?ids=${asked}`)).body.items, owned(dan, [open]));
    assert.deepEqual(await ask(hidden, asked), [...owned(hidden, [secret]), ...owned(dan, [open])]);
  }
  await carol.follows(hidden);
  await world.settled();
  await hidden.accepts(carol);
  await world.settled();
  assert.deepEqual(await ask(carol, [secret]), owned(hidden, [secret]));
  await dan.blocks(carol);
  assert.deepEqual(await ask(carol, asked), owned(hidden, [secret]));
  await bob.blocks(dan);
  assert.deepEqual(await ask(bob, asked), []);
  await dan.leaves();
  assert.deepEqual(await ask(ann, asked), []);
});

test('ids that are none, and too few or too many, are refused', async () => {
  const [post] = await insertPosts(ann.id, 1);
  const at = (ids: string) => ann.act('GET', `/posts/owners${ids}`);
  const many = (count: number) => Array.from({ length: count }, () => post).join(',');
  assert.equal((await at(`?ids=${many(100)}`)).body.items.length, 100);
  for (const ids of [
    '',
    '?ids=',
    `?ids=${many(101)}`,
    `?ids=${many(3_000)}`,
    `?ids=${post},`,
    `?ids=,${post}`,
    `?ids=${post},,${post}`,
    `?ids=${post}%20`,
    `?ids=${post}&ids=${post}`,
    `?ids=${post}&more=1`,
    '?ids=0',
    '?ids=-1',
    '?ids=1e18',
    '?ids=9223372036854775808',
    '?ids=%00',
    '?ids=garbage',
    '?ids[]=1',
  ]) {
    const reply = await at(ids);
    // A URL that is too long is refused before it is read.
    assert.ok(reply.status === 400 || (ids.length > 16_000 && reply.status === 431), `${ids}: ${reply.text}`);
  }
});

test('a killed, empty or frozen Redis changes no answer', async () => {
  const posts = await insertPosts(ann.id, 5);
  const expected = owned(ann, posts);
  assert.deepEqual(await ask(bob, posts), expected);
  await redis.freeze();
  assert.deepEqual(await ask(bob, posts), expected);
  await redis.thaw();
  await answers();
  assert.deepEqual(await ask(bob, posts), expected);
  await redis.kill();
  assert.deepEqual(await ask(bob, posts), expected);
  const late = await carol.posts('while it is dead');
  assert.deepEqual(await ask(bob, [late.id]), owned(carol, [late.id]));
  await redis.start();
  await answers();
  assert.deepEqual(await ask(bob, [...posts, late.id]), [...expected, ...owned(carol, [late.id])]);
  assert.equal((await known(...posts, late.id)).size, 6);
});

test('a post that is deleted while Redis is dead is out of the map when it is back', async () => {
  const post = await carol.posts('soon gone');
  await world.settled();
  await redis.freeze();
  await until(async () => (inMap().isDown() ? true : null), 'Redis is found to be down');
  await carol.deletes(post);
  await until(
    async () =>
      (await world.rows(sql`select 1 from posts where post_id = ${post.id}`)).length === 0 ? true : null,
    'its row is gone all the same',
  );
  await redis.thaw();
  await answers();
  await world.settled();
  assert.deepEqual(await known(post.id), new Map());
});

test('a full Redis changes no answer', async () => {
  const posts = await insertPosts(ann.id, 3);
  await redis.command('CONFIG', 'SET', 'maxmemory', '1mb');
  try {
    assert.deepEqual(await ask(bob, posts), owned(ann, posts));
    await rememberOwner(app, posts[0] as PostId);
    await forgetOwner(app, posts[0] as PostId);
  } finally {
    await redis.command('CONFIG', 'SET', 'maxmemory', '0');
  }
});

test('what was deleted after it was read does not come into the map late', async () => {
  const [post] = await insertPosts(ann.id, 1);
  assert.ok(post);
  await forgetOwner(app, post);
  assert.deepEqual(
    await findOwners(app, [post]),
    new Map([[post, { accountId: ann.id, audience: 'everyone' }]]),
  );
  assert.deepEqual(await known(post), new Map());
});

test('a rebuild makes the map of all published posts anew, and of nothing else', async () => {
  const [gone] = (await insertPosts(bob.id, 1)) as [PostId];
  await insertPosts(bob.id, 5_100);
  await findOwners(app, [gone]);
  await world.rows(sql`delete from posts where post_id = ${gone}`);
  const rows = await world.rows<{ post_id: PostId; account_id: AccountId }>(
    sql`select post_id, account_id from posts where state = 'published'`,
  );
  const rebuild = (isFromStart: boolean, onProgress: () => void = () => undefined) =>
    rebuildOwners(app, inMap(), { isFromStart, onProgress });
  const breakOff = () => assert.fail('broken off');
  await assert.rejects(rebuild(false, breakOff), /broken off/);
  await assert.rejects(rebuild(true, breakOff), /broken off/);
  assert.deepEqual(await rebuild(true), { done: rows.length, resumed: 0, all: rows.length });
  const expected = new Map(rows.map((row) => [row.post_id, row.account_id]));
  assert.deepEqual(await known(gone, ...expected.keys()), expected);
  assert.ok(rows.every((row) => shardOf(row.post_id) === shardOf(row.account_id)));
  // The second batch is the last, so that the first is what had been done.
  let batches = 0;
  await assert.rejects(
    rebuild(false, () => void assert.ok(++batches < 2, 'broken off')),
    /broken off/,
  );
  const resumed = await rebuild(false);
  assert.deepEqual([resumed.done, resumed.resumed], [rows.length, 5_000]);
  assert.deepEqual(await known(gone, ...expected.keys()), expected);
});
