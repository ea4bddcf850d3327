import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openWorld, until } from '../../../test/world.ts';

const world = await openWorld();
const [ann, bob, carol] = await world.accounts('ann', 'bob', 'carol');

test('a like is counted once, told to the owner, and taken back whole', async () => {
  const post = await ann.posts('a pier');
  const first = await bob.likes(post);
  assert.deepEqual(first.body, { liked: true, likeCount: 1 });
  await bob.likes(post);
  await carol.likes(post);
  await world.settled();
  assert.equal((await ann.get(`/posts/${post.id}`)).likeCount, 2);
  assert.equal((await bob.get(`/posts/${post.id}`)).liked, true);
  assert.equal((await ann.get(`/posts/${post.id}`)).liked, false);
  const likers = await ann.get(`/posts/${post.id}/likes`);
  assert.deepEqual(
    likers.items.map((item: { handle: string }) => item.handle),
    ['carol', 'bob'],
  );
  const told = await ann.get('/activity');
  assert.deepEqual(
    told.items.map((item: { kind: string; account: { handle: string }; others: { handle: string }[] }) => [
      item.kind,
      item.account.handle,
      item.others.map(({ handle }) => handle),
    ]),
    [['liked', 'carol', ['bob']]],
  );

  await bob.unlikes(post);
  await bob.unlikes(post);
  await world.settled();
  assert.equal((await ann.get(`/posts/${post.id}`)).likeCount, 1);
  assert.equal((await ann.get('/activity')).items.length, 1);
});

test('liking what one may not see answers like what does not exist', async () => {
  const dora = await world.account('dora', { isPrivate: true });
  const post = await dora.posts('only for friends');
  const hidden = await bob.act('PUT', `/posts/${post.id}/like`);
  const absent = await bob.act('PUT', '/posts/4467570830351532032/like');
  assert.equal(hidden.status, 404);
  assert.deepEqual({ ...hidden.body.error, requestId: '' }, { ...absent.body.error, requestId: '' });
  assert.equal((await dora.get(`/posts/${post.id}`)).likeCount, 0);
});

test('many likes and unlikes in any order end with the count that stands in the rows', async () => {
  const post = await ann.posts('a crowd');
  const fans = [];
  for (let each = 0; each < 8; each++) fans.push(await world.account(`fan_${each}x`));
  await Promise.all(fans.flatMap((fan) => [fan.likes(post), fan.unlikes(post), fan.likes(post)]));
  const liking = (await Promise.all(fans.map((fan) => fan.get(`/posts/${post.id}`)))).filter(
    (seen) => seen.liked,
  ).length;
  await until(
    async () => ((await ann.get(`/posts/${post.id}`)).likeCount === liking ? true : null),
    'the counter equals the likes',
  );
  await world.settled();
  assert.equal((await ann.get(`/posts/${post.id}`)).likeCount, liking);
});
