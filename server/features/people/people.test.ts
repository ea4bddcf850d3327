import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PostCard } from '../../../core/shapes.ts';
import { openWorld, type Person, samplePhoto, until } from '../../../test/world.ts';
import { sql } from '../../infra/sql.ts';
import { checkAll } from '../../main/admin/check.ts';

const world = await openWorld();
const people = await world.accounts('ann', 'bob', 'carol', 'dan', 'eve');
const [ann, bob, carol, dan, eve] = people as [Person, Person, Person, Person, Person];

const idsOf = (page: { items: { id: string }[] }) => page.items.map(({ id }) => id);
const on = (person: { id: string }, x = 0.25, y = 0.75) => ({ accountId: person.id, x, y });
const taggedOf = async (person: Person, viewer: Person) =>
  idsOf(await viewer.get(`/accounts/${person.id}/tagged`));
const told = async (person: Person, post: { id: string }) =>
  (await person.get('/activity')).items.filter(
    (item: { kind: string; post: { id: string } }) => item.kind === 'tagged' && item.post.id === post.id,
  ).length;
const namesOn = async (post: { id: string }, viewer: Person) =>
  ((await viewer.get(`/posts/${post.id}`)) as PostCard).photos.flatMap((photo) =>
    photo.people.map(({ account, x, y }) => [account.handle, x, y]),
  );
const name = (post: PostCard, wish: object[], author = ann) =>
  author.act('PATCH', `/posts/${post.id}`, {
    body: { photos: post.photos.map(({ mediaId }) => ({ mediaId, people: wish })) },
  });
const publish = async (wish: object[], more: object = {}) => {
  const photos = [{ uploadId: await ann.uploads(samplePhoto), people: wish }];
  const { id } = (await ann.must('POST', '/posts', { body: { photos, ...more } })).body;
  const post = await until(async () => {
    const now: PostCard = await ann.get(`/posts/${id}`);
    return now.state === 'published' ? now : null;
  }, 'it is published');
  await world.settled();
  return post;
};
const tags = (post: { id: string }) =>
  world.rows(sql`
    select account_id from post_people where post_id = ${post.id} and not is_removed
    union all select account_id from tagged_posts where post_id = ${post.id}`);
const isSound = async () => {
  const lines: string[] = [];
  const left = await checkAll(world.app, false, (line) => lines.push(line));
  assert.equal(left, 0, lines.join('\n'));
};

test('who is named on a photo is told once, and finds the post among his tagged ones', async () => {
  const post = await publish([on(bob), on(carol, 0, 1)]);
  assert.deepEqual((await namesOn(post, dan)).sort(), [
    ['bob', 0.25, 0.75],
    ['carol', 0, 1],
  ]);
  assert.deepEqual(await taggedOf(bob, dan), [post.id]);
  assert.equal(await told(bob, post), 1);
  await name(post, [on(bob, 0.5, 0.5), on(dan)]);
  await world.settled();
  assert.deepEqual(await namesOn(post, eve), [
    ['bob', 0.5, 0.5],
    ['dan', 0.25, 0.75],
  ]);
  assert.deepEqual([await told(bob, post), await told(carol, post), await told(dan, post)], [1, 0, 1]);
  assert.deepEqual(await taggedOf(carol, dan), []);
  await isSound();
  await ann.deletes(post);
  await world.settled();
  assert.deepEqual(await tags(post), []);
  assert.deepEqual(await taggedOf(bob, dan), []);
});

test('nobody is named who blocks the author or is blocked by him, who does not exist, or twice on one photo', async () => {
  await eve.blocks(ann);
  await ann.blocks(dan);
  const post = await publish([]);
  for (const other of [eve, dan, { id: '4467570830351532032' }]) {
    const reply = await name(post, [on(bob), on(other)]);
    assert.deepEqual([reply.status, reply.body.error.code], [422, 'person_unknown']);
    assert.match(reply.body.error.message, new RegExp(other.id));
  }
  assert.deepEqual(await namesOn(post, ann), []);
  assert.equal((await name(post, [on(bob), on(bob)])).status, 400);
  assert.equal((await name(post, [{ ...on(bob), x: 1.01 }])).status, 400);
  assert.equal(
    (
      await name(
        post,
        Array.from({ length: 21 }, () => on(bob)),
      )
    ).status,
    400,
  );
  assert.equal((await name(post, [on(bob)], carol)).status, 404);
  const photos = [{ uploadId: await ann.uploads(samplePhoto), people: [on(eve)] }];
  assert.equal((await ann.act('POST', '/posts', { body: { photos } })).status, 422);
  await eve.unblocks(ann);
  await ann.unblocks(dan);
  await ann.deletes(post);
});

test('whoever takes his name away is gone from it at once, and is not named on that post again', async () => {
  const post = await publish([on(bob), on(carol)]);
  assert.equal((await dan.act('DELETE', `/posts/${post.id}/people/me`)).status, 404);
  assert.equal((await world.call('DELETE', `/posts/${post.id}/people/me`)).status, 401);
  for (let round = 0; round < 2; round++)
    assert.equal((await bob.act('DELETE', `/posts/${post.id}/people/me`)).status, 204);
  assert.deepEqual(await namesOn(post, ann), [['carol', 0.25, 0.75]]);
  assert.deepEqual(await taggedOf(bob, ann), []);
  await world.settled();
  assert.equal(await told(bob, post), 0);
  assert.equal((await name(post, [on(bob)])).body.error.code, 'person_unknown');
  assert.equal((await name(post, [on(dan)])).status, 200);
  await world.settled();
  assert.deepEqual(await taggedOf(dan, bob), [post.id]);
  await isSound();
});

test('a block takes away the names of either on the other’s posts, for good', async () => {
  const post = await publish([on(bob), on(carol)]);
  await bob.blocks(ann);
  await world.settled();
  assert.deepEqual(await namesOn(post, dan), [['carol', 0.25, 0.75]]);
  assert.deepEqual(await taggedOf(bob, dan), []);
  await ann.blocks(carol);
  await world.settled();
  assert.deepEqual(await tags(post), []);
  await bob.unblocks(ann);
  await ann.unblocks(carol);
  await world.settled();
  assert.deepEqual(await namesOn(post, dan), []);
  await isSound();
});

test('of who is on a post and of tagged posts each viewer is shown what he may see', async () => {
  const post = await publish([on(bob), on(carol)], { audience: 'followers' });
  assert.deepEqual([await told(bob, post), await told(carol, post)], [0, 0], 'they do not follow');
  assert.deepEqual([await taggedOf(bob, dan), await taggedOf(bob, ann)], [[], [post.id]]);
  await dan.follows(ann);
  await world.settled();
  assert.deepEqual(await taggedOf(bob, dan), [post.id]);
  await carol.blocks(dan);
  assert.deepEqual(await namesOn(post, dan), [['bob', 0.25, 0.75]]);
  assert.equal((await dan.act('GET', `/accounts/${carol.id}/tagged`)).status, 404);
  await bob.edits({ isPrivate: true });
  assert.equal((await dan.act('GET', `/accounts/${bob.id}/tagged`)).status, 404);
  await ann.must('PUT', `/posts/${post.id}/archive`);
  await bob.edits({ isPrivate: false });
  for (const viewer of [ann, dan, bob]) assert.deepEqual(await taggedOf(bob, viewer), []);
  await ann.must('DELETE', `/posts/${post.id}/archive`);
  assert.deepEqual(await taggedOf(bob, dan), [post.id]);
});

test('tagged posts come newest first, page by page', async () => {
  const posts = [await publish([on(eve)]), await publish([on(eve)])];
  const page = await bob.get(`/accounts/${eve.id}/tagged?limit=1`);
  assert.deepEqual(idsOf(page), [posts[1]?.id]);
  const next = await bob.get(`/accounts/${eve.id}/tagged?limit=1&cursor=${page.nextCursor}`);
  assert.deepEqual(idsOf(next), [posts[0]?.id]);
});

test('an account that leaves is named nowhere; check finds and mends what a mirror has lost', async () => {
  const post = await publish([on(eve), on(bob)]);
  await world.rows(sql`delete from tagged_posts where account_id = ${bob.id} and post_id = ${post.id}`);
  await world.rows(sql`insert into tagged_posts (account_id, post_id) values (${dan.id}, ${post.id})`);
  const lines: string[] = [];
  assert.equal(await checkAll(world.app, true, (line) => lines.push(line)), 0);
  assert.ok(
    lines.some((line) => line.startsWith('✗ people on posts and their mirrors: 2 differ')),
    lines.join('\n'),
  );
  assert.ok((await taggedOf(bob, ann)).includes(post.id));
  await eve.leaves();
  await world.settled();
  assert.deepEqual(await world.rows(sql`select 1 from post_people where account_id = ${eve.id}`), []);
  assert.deepEqual(await world.rows(sql`select 1 from tagged_posts where account_id = ${eve.id}`), []);
  assert.deepEqual(await namesOn(post, dan), [['bob', 0.25, 0.75]]);
  await isSound();
});
