/** Nobody is told by a stream what he could not ask for: strangers, the blocked, those who were removed, in either direction. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { type EventReader, openReader } from '../../../test/event-reader.ts';
import { openWorld, type Person, samplePhoto } from '../../../test/world.ts';
import { beatAll, lookAll } from './live.ts';

const world = await openWorld();
const [ann, bob, cara, dora] = (await world.accounts('ann', 'bob', 'cara', 'dora')) as [
  Person,
  Person,
  Person,
  Person,
];
const paul = await world.account('paul', { isPrivate: true });
await bob.follows(paul);
await bob.follows(ann);
await dora.follows(ann);
await world.settled();
await paul.accepts(bob);
await world.settled();

const open: EventReader[] = [];
afterEach(async () => {
  for (const reader of open.splice(0)) await reader.close();
});

async function hears(person: Person, posts: { id: string }[]) {
  const query = posts.length > 0 ? `?posts=${posts.map(({ id }) => id).join(',')}` : '';
  const reader = await openReader(world.base, query, { authorization: `Bearer ${person.token}` });
  assert.equal(reader.status, 200, reader.body);
  open.push(reader);
  await reader.waitFor('activity');
  return reader;
}

/** All that is under way is told: a comment that comes after it has arrived, and the look finds nothing more. */
async function toTheEnd(readers: EventReader[], writer: Person, seen: { id: string }): Promise<void> {
  await world.settled();
  await lookAll(world.app);
  const { id } = await writer.comments(seen, 'the end');
  for (const reader of readers) await reader.waitFor('comment', (data) => data.id === id);
}

const about = (reader: EventReader, post: { id: string }) =>
  reader.told.filter(
    ({ type, data }) =>
      data.postId === post.id ||
      data.id === post.id ||
      (type === 'feed' && JSON.stringify(data).includes(post.id)),
  );

test('of a private account its followers hear all, others nothing: neither by stream nor by asking', async () => {
  const [secret, common] = [await paul.posts('secret'), await ann.posts('for all')];
  const [follower, stranger] = [await hears(bob, [secret, common]), await hears(cara, [secret, common])];
  const comment = await bob.comments(secret, 'between us');
  await bob.likes(secret);
  const another = await paul.posts('another secret');
  await toTheEnd([follower, stranger], dora, common);
  await bob.must('DELETE', `/comments/${comment.id}`);
  await paul.deletes(another);
  await toTheEnd([follower, stranger], dora, common);
  assert.ok(follower.of('comment').some(({ id }) => id === comment.id));
  assert.ok(about(follower, another).length > 0);
  for (const post of [secret, another]) assert.deepEqual(about(stranger, post), []);
  const { events } = await cara.get(`/live/changes?posts=${secret.id}`);
  assert.doesNotMatch(JSON.stringify(events), new RegExp(`${secret.id}|between us`));
});

test('whoever is removed as a follower, or stops to follow, hears nothing from then on', async () => {
  const [secret, common] = [await paul.posts('still secret'), await ann.posts('still for all')];
  const reader = await hears(bob, [secret, common]);
  await reader.waitFor('post', ({ id }) => id === secret.id);
  await paul.removes(bob);
  await world.settled();
  await paul.comments(secret, 'without bob');
  const another = await paul.posts('without bob, too');
  await toTheEnd([reader], dora, common);
  const told = about(reader, secret).filter(({ type }) => type === 'post');
  assert.deepEqual(
    told.slice(1).map(({ data }) => data),
    [{ id: secret.id, likeCount: null, commentCount: null, stale: true }],
  );
  assert.deepEqual(about(reader, another), []);
  assert.doesNotMatch(reader.text(), /without bob/);
});

test('whoever is blocked, or blocks, hears nothing of the other: no post, no count, no comment, no activity', async () => {
  const post = await ann.posts('before the block');
  const common = await cara.posts('of a third');
  const reader = await hears(dora, [post, common]);
  await reader.waitFor('post', ({ id }) => id === post.id);
  await ann.blocks(dora);
  await world.settled();
  await cara.comments(post, 'a comment there');
  const hers = await ann.comments(common, 'a comment of hers');
  const next = await ann.posts('after the block');
  await toTheEnd([reader], cara, common);
  assert.deepEqual(about(reader, next), []);
  assert.ok(!reader.of('comment').some(({ id }) => id === hers.id));
  assert.doesNotMatch(reader.text(), /a comment (there|of hers)/);

  await ann.unblocks(dora);
  await dora.follows(ann);
  await world.settled();
  await dora.blocks(ann);
  const [own, later] = [await dora.posts('of dora'), await ann.posts('blocked the other way')];
  await ann.act('PUT', `/posts/${own.id}/like`);
  await toTheEnd([reader], cara, common);
  assert.deepEqual(about(reader, later), []);
  await dora.unblocks(ann);
});

test('a comment of somebody whom one does not see is not told, and of its author’s deletion only its end', async () => {
  const post = await ann.posts('a common place');
  await cara.blocks(bob);
  const reader = await hears(bob, [post]);
  const comment = await cara.comments(post, 'not for bob');
  await toTheEnd([reader], ann, post);
  assert.ok(!reader.of('comment').some(({ id }) => id === comment.id));
  assert.doesNotMatch(reader.text(), /not for bob/);
  const { events } = await bob.get(`/live/changes?posts=${post.id}`);
  assert.doesNotMatch(JSON.stringify(events), /not for bob/);
  await cara.unblocks(bob);
});

test('a reply to somebody whom one does not see is not told', async () => {
  const post = await ann.posts('a place for replies');
  const top = await cara.comments(post, 'a question of cara');
  await cara.blocks(bob);
  const [reader, other] = [await hears(bob, [post]), await hears(ann, [post])];
  const body = { text: 'an answer of dora', parentId: top.id };
  const reply = (await dora.must('POST', `/posts/${post.id}/comments`, { body })).body;
  await toTheEnd([reader, other], ann, post);
  assert.ok(other.of('comment').some(({ id, parentId }) => id === reply.id && parentId === top.id));
  assert.doesNotMatch(reader.text(), /an answer of dora/);
  await cara.unblocks(bob);
});

test('a post for followers is told to them alone', async () => {
  const common = await cara.posts('once more for all');
  const uploadId = await ann.uploads(samplePhoto);
  const body = { caption: '', audience: 'followers', photos: [{ uploadId }] };
  const post = (await ann.must('POST', '/posts', { body })).body;
  await world.settled();
  const [follower, stranger] = [await hears(bob, [post, common]), await hears(paul, [post, common])];
  const comment = await bob.comments(post, 'among followers');
  await toTheEnd([follower, stranger], dora, common);
  assert.ok(follower.of('comment').some(({ id }) => id === comment.id));
  assert.deepEqual(about(stranger, post), []);
  assert.doesNotMatch(stranger.text(), /among followers/);
});

test('a post that developed before it was deleted, or never did, is not told', async () => {
  const common = await cara.posts('a last common one');
  const reader = await hears(bob, [common]);
  const gone = await ann.publishes('gone at once', [await ann.uploads(samplePhoto)]);
  await ann.deletes(gone);
  await toTheEnd([reader], cara, common);
  assert.deepEqual(
    about(reader, gone).filter(({ type }) => type !== 'feed'),
    [],
  );
  const { events } = await bob.get('/live/changes');
  assert.doesNotMatch(JSON.stringify(events), new RegExp(gone.id));
});

test('an account that is deleted is signed out of its streams', async () => {
  const eve = await world.account('eve');
  const reader = await hears(eve, []);
  await eve.leaves();
  await beatAll(world.app);
  await reader.waitFor('signed-out');
  await reader.ended();
  assert.equal((await eve.act('GET', '/live/changes')).status, 401);
});
