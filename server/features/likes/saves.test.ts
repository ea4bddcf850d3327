import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PostCard } from '../../../core/shapes.ts';
import { statementCount } from '../../../test/bad-input.ts';
import { openWorld, type Person } from '../../../test/world.ts';
import { sql } from '../../infra/sql.ts';

const world = await openWorld();
const [ann, bob, carol] = await world.accounts('ann', 'bob', 'carol');
type Page = { items: PostCard[]; nextCursor: string | null };

const saves = (person: Person, post: { id: string }) => person.must('PUT', `/posts/${post.id}/save`);
const unsaves = (person: Person, post: { id: string }) => person.must('DELETE', `/posts/${post.id}/save`);
const savedOf = async (person: Person) => ((await person.get('/saves')) as Page).items.map(({ id }) => id);
const rowsOf = (post: { id: string }) => world.rows(sql`select 1 from saves where post_id = ${post.id}`);

test('what is saved is listed last saved first, marked in every list, and can be taken back; twice is once', async () => {
  const posts = [await ann.posts('one #kept'), await ann.posts('two #kept'), await ann.posts('three #kept')];
  await world.settled();
  const [one, two, three] = posts as [PostCard, PostCard, PostCard];
  for (const post of [two, one, two]) assert.equal((await saves(bob, post)).status, 204);
  assert.deepEqual(await savedOf(bob), [one.id, two.id], 'saving it again does not bring it to the top');
  const marks = async (person: Person, at: string) =>
    Object.fromEntries(((await person.get(at)) as Page).items.map((post) => [post.id, post.saved]));
  await bob.follows(ann);
  await bob.likes(three);
  for (const at of [`/accounts/${ann.id}/posts`, '/hashtags/kept', '/feed'])
    assert.deepEqual(await marks(bob, at), { [one.id]: true, [two.id]: true, [three.id]: false }, at);
  assert.equal((await bob.get(`/posts/${one.id}`)).saved, true);
  assert.deepEqual(
    ((await bob.get('/feed')) as Page).items.map(({ liked }) => liked),
    [true, false, false],
    'and what is liked is not mixed up with it',
  );
  assert.equal((await ann.get(`/posts/${one.id}`)).saved, false, 'the author sees nothing of it');
  assert.equal((await world.call('GET', `/posts/${one.id}`)).body.saved, false);

  assert.equal((await unsaves(bob, one)).status, 204);
  assert.equal((await unsaves(bob, one)).status, 204);
  assert.deepEqual(await savedOf(bob), [two.id]);
  assert.equal((await bob.get(`/posts/${one.id}`)).saved, false);
  await unsaves(bob, two);
});

test('nobody else can list what one has saved, and nobody is told of it', async () => {
  const post = await ann.posts('quiet');
  await world.settled();
  const before = (await ann.get('/activity')).items.length;
  await saves(bob, post);
  await world.settled();
  assert.deepEqual(await savedOf(ann), []);
  assert.deepEqual(await savedOf(carol), []);
  assert.equal((await ann.get('/activity')).items.length, before);
  assert.equal((await world.call('GET', '/saves')).status, 401);
  assert.equal((await world.call('PUT', `/posts/${post.id}/save`)).status, 401);
  await unsaves(bob, post);
});

test('the list goes on by cursors to its end, which are good for their owner alone', async () => {
  const posts: PostCard[] = [];
  for (let at = 0; at < 5; at++) posts.push(await ann.posts(`page ${at}`));
  await world.settled();
  for (const post of posts) await saves(carol, post);
  const found: string[] = [];
  let cursor: string | null = null;
  do {
    const page: Page = await carol.get(`/saves?limit=2${cursor ? `&cursor=${cursor}` : ''}`);
    found.push(...page.items.map(({ id }) => id));
    if (page.nextCursor) assert.equal((await bob.act('GET', `/saves?cursor=${page.nextCursor}`)).status, 400);
    cursor = page.nextCursor;
  } while (cursor);
  assert.deepEqual(found, posts.map(({ id }) => id).toReversed());
  for (const post of posts) await unsaves(carol, post);
});

test('what is not seen any more is left out, comes back when it is, and can be taken back meanwhile', async () => {
  const dan = await world.account('dan');
  const post = await dan.posts('soon hidden');
  await world.settled();
  await saves(bob, post);
  await dan.edits({ isPrivate: true });
  assert.deepEqual(await savedOf(bob), []);
  assert.equal((await carol.act('PUT', `/posts/${post.id}/save`)).status, 404);
  assert.equal((await carol.act('DELETE', `/posts/${post.id}/save`)).status, 404);
  await dan.edits({ isPrivate: false });
  assert.deepEqual(await savedOf(bob), [post.id]);
  await dan.blocks(bob);
  assert.deepEqual(await savedOf(bob), []);
  assert.equal((await unsaves(bob, post)).status, 204);
  await dan.unblocks(bob);
  assert.deepEqual(await savedOf(bob), []);
});

test('with the post its saves go, however many they are', async () => {
  const post = await ann.posts('short-lived');
  const other = await ann.posts('lasting');
  await world.settled();
  for (const each of [post, other]) await saves(bob, each);
  await world.rows(sql`
    insert into saves (account_id, post_id, save_id) select account, ${post.id}, account from generate_series(1, 2500) as account`);
  await ann.deletes(post);
  assert.deepEqual(await savedOf(bob), [other.id], 'at once for who saved it');
  await world.settled();
  assert.equal((await rowsOf(post)).length, 0);
  assert.equal((await rowsOf(other)).length, 1);
});

test('what is liked and what is saved is found in one statement', async () => {
  const count = async (at: string) => {
    await carol.get(at);
    const before = statementCount(world);
    await carol.get(at);
    return statementCount(world) - before;
  };
  const posts = await world.rows(
    sql`select 1 from posts where account_id = ${ann.id} and state = 'published'`,
  );
  assert.ok(posts.length > 5);
  assert.equal(await count('/saves'), 1, 'an empty list');
  const [first] = ((await carol.get(`/accounts/${ann.id}/posts`)) as Page).items;
  await saves(carol, first as PostCard);
  assert.equal(await count('/saves'), 4, 'the saves, what may be seen, the cards, the marks');
});
