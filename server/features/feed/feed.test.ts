import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { PostCard } from '../../../core/shapes.ts';
import { expectedFeed, idsOf, type Page, readToEnd } from '../../../test/home-feeds.ts';
import { openWorld, type Person } from '../../../test/world.ts';
import { sql } from '../../infra/sql.ts';

const world = await openWorld();
const people: Person[] = [];
for (const handle of ['ann', 'bob', 'carol', 'dan', 'erin', 'fay']) people.push(await world.account(handle));
const [ann, bob, carol, dan] = people as [Person, Person, Person, Person, ...Person[]];

/** Posts without photos, straight into the table: cheap enough for hundreds. */
async function insertPosts(posts: { accountId: string; state: string }[]): Promise<void> {
  await world.rows(sql`
    insert into posts (post_id, account_id, state)
    select next_id(id_logical_shard(account_id)), account_id, state
    from unnest(${posts.map((post) => post.accountId)}::bigint[], ${posts.map((post) => post.state)}::text[]) as post (account_id, state)`);
}

test('the feed of who follows nobody and posted nothing is empty', async () => {
  assert.deepEqual(await dan.get('/feed'), { items: [], nextCursor: null });
  assert.equal((await world.call('GET', '/feed')).status, 401);
});

test('the feed holds own posts and those of the followed, newest first, until one unfollows', async () => {
  await ann.follows(bob);
  await ann.follows(carol);
  const posts = [];
  for (const author of [bob, ann, carol, bob, dan]) posts.push(await author.posts(`by ${author.handle}`));
  const [first, own, third, fourth] = posts.map(({ id }) => id);
  assert.deepEqual(idsOf(await ann.get('/feed')), [fourth, third, own, first]);
  await ann.unfollows(bob);
  assert.deepEqual(idsOf(await ann.get('/feed')), [third, own]);
  await ann.follows(bob);
  assert.deepEqual(idsOf(await ann.get('/feed')), [fourth, third, own, first]);
  const [card] = (await ann.get('/feed')).items as PostCard[];
  assert.ok((card?.photos[0]?.renditions.length ?? 0) >= 4);
  await ann.likes({ id: fourth ?? '' });
  assert.deepEqual(
    (await ann.get('/feed')).items.map(({ liked }: PostCard) => liked),
    [true, false, false, false],
  );
});

test('a post that appears while one pages neither repeats nor hides another', async () => {
  await insertPosts(Array.from({ length: 10 }, () => ({ accountId: bob.id, state: 'published' })));
  const all = idsOf(await ann.get('/feed?limit=60'));
  const first: Page = await ann.get('/feed?limit=4');
  await insertPosts(Array.from({ length: 3 }, () => ({ accountId: carol.id, state: 'published' })));
  const second: Page = await ann.get(`/feed?limit=60&cursor=${first.nextCursor}`);
  assert.deepEqual([...idsOf(first), ...idsOf(second)], all);
});

test('a cursor serves only the one to whom it was given', async () => {
  const { nextCursor } = (await ann.get('/feed?limit=2')) as Page;
  const reply = await bob.act('GET', `/feed?cursor=${nextCursor}`);
  assert.deepEqual([reply.status, reply.body.error.code], [400, 'bad_cursor']);
});

test('a page costs at most five statements, however long it is and however many are followed', async () => {
  for (const person of people.slice(1)) await ann.follows(person);
  await insertPosts(
    Array.from({ length: 120 }, (_, at) => ({
      accountId: people[at % people.length]?.id ?? '',
      state: 'published',
    })),
  );
  await world.settled();
  const { shards } = world.app;
  const sent = () =>
    [shards.directory, ...shards.servers.map(({ database }) => database)].reduce(
      (sum, each) => sum + each.statementCount(),
      0,
    );
  const costs: Record<string, number> = {};
  for (const limit of [5, 20, 60])
    for (const session of ['cold', 'warm']) {
      const reader = session === 'cold' ? await world.signsIn('ann') : ann;
      if (session === 'warm') await ann.get('/feed?limit=1');
      const before = sent();
      assert.equal((await reader.get(`/feed?limit=${limit}`)).items.length, limit);
      costs[`${limit} ${session}`] = sent() - before;
    }
  assert.deepEqual(costs, {
    '5 cold': 5,
    '5 warm': 4,
    '20 cold': 5,
    '20 warm': 4,
    '60 cold': 5,
    '60 warm': 4,
  });
});

const somebody = fc.nat(people.length - 1);
const network = fc.record({
  privates: fc.array(fc.boolean(), { minLength: people.length, maxLength: people.length }),
  ties: fc.array(
    fc.record({
      from: somebody,
      to: somebody,
      source: fc.constantFrom('requested', 'accepted'),
      mirror: fc.constantFrom('requested', 'accepted', 'removed'),
    }),
    { maxLength: 16 },
  ),
  blocks: fc.array(fc.record({ from: somebody, to: somebody }), { maxLength: 3 }),
  posts: fc.array(
    fc.record({
      by: somebody,
      state: fc.constantFrom('published', 'published', 'published', 'developing', 'failed', 'deleted'),
    }),
    { maxLength: 40 },
  ),
  viewer: somebody,
  limit: fc.integer({ min: 1, max: 13 }),
});
type Network = typeof network extends fc.Arbitrary<infer Shape> ? Shape : never;

async function lay({ privates, ties, blocks, posts }: Network): Promise<void> {
  const idOf = (at: number) => people[at]?.id ?? '';
  await world.rows(sql`with a as (delete from posts), b as (delete from post_media), c as (delete from follows),
    d as (delete from followers) delete from blocks`);
  await world.rows(sql`
    update accounts set is_private = wish.is_private
    from unnest(${people.map(({ id }) => id)}::bigint[], ${privates}::boolean[]) as wish (account_id, is_private)
    where accounts.account_id = wish.account_id`);
  for (const { from, to, source, mirror } of ties.filter((tie) => tie.from !== tie.to)) {
    await world.rows(sql`
      insert into follows values (${idOf(from)}, ${idOf(to)}, next_id(1), ${source}) on conflict do nothing`);
    await world.rows(sql`
      insert into followers values (${idOf(to)}, ${idOf(from)}, next_id(1), ${mirror}) on conflict do nothing`);
  }
  for (const { from, to } of blocks.filter((block) => block.from !== block.to))
    await world.rows(
      sql`insert into blocks values (${idOf(from)}, ${idOf(to)}, next_id(1)) on conflict do nothing`,
    );
  await insertPosts(posts.map(({ by, state }) => ({ accountId: idOf(by), state })));
}

test('in any network, paging the feed to its end gives each post that may be seen exactly once, newest first', async () => {
  await world.settled();
  await fc.assert(
    fc.asyncProperty(network, async (wish) => {
      await lay(wish);
      const viewer = people[wish.viewer] as Person;
      assert.deepEqual(await readToEnd(viewer, wish.limit), await expectedFeed(world, viewer.id));
    }),
    { numRuns: 60 },
  );
});
