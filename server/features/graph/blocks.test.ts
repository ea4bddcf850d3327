import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openWorld, type Person } from '../../../test/world.ts';

const world = await openWorld();

const handlesOf = (page: { items: { handle: string }[] }) => page.items.map(({ handle }) => handle);
const statusOf = async (person: Person, at: string) => (await person.act('GET', at)).status;
const countsOf = async (person: Person) => {
  const { followingCount, followerCount } = await person.get('/me');
  return [followingCount, followerCount];
};

test('a block ends the ties both ways and hides both from each other by every path', async () => {
  const [ann, bob, hub] = await world.accounts('ann', 'bob', 'hub');
  const [annPost, bobPost, hubPost] = [
    await ann.posts('#tied @bob'),
    await bob.posts('#tied @ann'),
    await hub.posts(),
  ];
  for (const [one, other] of [
    [ann, bob],
    [bob, ann],
    [ann, hub],
    [bob, hub],
    [hub, ann],
    [hub, bob],
  ] as const)
    await one.follows(other);
  for (const person of [ann, bob]) {
    await person.likes(hubPost);
    await person.comments(hubPost, `a word of ${person.handle}`);
  }
  await bob.likes(annPost);
  await ann.likes(bobPost);
  await world.settled();
  assert.deepEqual(
    [await countsOf(ann), await countsOf(bob)],
    [
      [2, 2],
      [2, 2],
    ],
  );

  await ann.blocks(bob);
  for (const [viewer, other, post] of [
    [ann, bob, bobPost],
    [bob, ann, annPost],
  ] as const) {
    const hidden = async (at: string, pick: (body: Record<string, never[]>) => unknown[]) =>
      assert.ok(
        !JSON.stringify(pick(await viewer.get(at))).includes(`"${other.handle}"`),
        `${viewer.handle} ${at}`,
      );
    for (const at of [
      `/accounts/${other.id}/posts`,
      `/accounts/${other.id}/followers`,
      `/accounts/${other.id}/following`,
      `/posts/${post.id}`,
      `/posts/${post.id}/comments`,
      `/posts/${post.id}/likes`,
    ])
      assert.equal(await statusOf(viewer, at), 404, at);
    await hidden('/feed', ({ items }) => items ?? []);
    await hidden('/activity', ({ items }) => items ?? []);
    await hidden('/hashtags/tied', ({ items }) => items ?? []);
    await hidden('/suggestions', ({ items }) => items ?? []);
    await hidden(`/search?q=${other.handle}`, ({ accounts }) => accounts ?? []);
    await hidden(`/posts/${hubPost.id}/likes`, ({ items }) => items ?? []);
    await hidden(`/posts/${hubPost.id}/comments`, ({ items }) => items ?? []);
    await hidden(`/accounts/${hub.id}/followers`, ({ items }) => items ?? []);
    await hidden(`/accounts/${hub.id}/following`, ({ items }) => items ?? []);
    for (const [method, at, body] of [
      ['PUT', `/accounts/${other.id}/follow`],
      ['PUT', `/posts/${post.id}/like`],
      ['POST', `/posts/${post.id}/comments`, { text: 'let me in' }],
    ] as const)
      assert.equal((await viewer.act(method, at, body ? { body } : {})).status, 404, at);
  }
  assert.equal(await statusOf(bob, '/handles/ann'), 404);
  const header = await ann.get('/handles/bob');
  assert.deepEqual(
    [header.relationship.blocked, header.canSeePosts, header.followerCount, header.bio],
    [true, false, 0, ''],
    'who blocks sees only enough to unblock',
  );
  assert.deepEqual(handlesOf(await ann.get('/blocks')), ['bob']);
  assert.deepEqual(handlesOf(await bob.get('/blocks')), []);
  await world.settled();
  assert.deepEqual(
    [await countsOf(ann), await countsOf(bob)],
    [
      [1, 1],
      [1, 1],
    ],
  );

  await ann.unblocks(bob);
  assert.equal(await statusOf(bob, `/posts/${annPost.id}`), 200);
  const { relationship } = await ann.get('/handles/bob');
  assert.deepEqual(relationship, { isSelf: false, following: 'no', followsYou: false, blocked: false });
});

test('blocking twice is blocking once; nobody blocks himself, or one who does not exist', async () => {
  const [cleo, dan] = await world.accounts('cleo', 'dan');
  for (const person of [dan, dan]) assert.equal((await cleo.blocks(person)).body.blocked, true);
  assert.deepEqual(handlesOf(await cleo.get('/blocks')), ['dan']);
  assert.equal((await cleo.act('PUT', `/accounts/${cleo.id}/block`)).body.error.code, 'block_self');
  assert.equal((await cleo.act('PUT', '/accounts/4467570830351532032/block')).status, 404);
  for (const person of [dan, dan]) await cleo.unblocks(person);
  assert.deepEqual(handlesOf(await cleo.get('/blocks')), []);
});

test('who is blocked can block back, and neither sees the other until both have unblocked', async () => {
  const [erin, fay] = await world.accounts('erin', 'fay');
  await erin.blocks(fay);
  await fay.blocks(erin);
  await erin.unblocks(fay);
  assert.equal(await statusOf(erin, `/accounts/${fay.id}`), 404);
  assert.equal(await statusOf(fay, `/accounts/${erin.id}/posts`), 404);
  await fay.unblocks(erin);
  assert.equal(await statusOf(erin, `/accounts/${fay.id}`), 200);
  assert.equal(await statusOf(fay, `/accounts/${erin.id}/posts`), 200);
});

test('a request to follow dies with a block, and does not come back with the unblocking', async () => {
  const gus = await world.account('gus', { isPrivate: true });
  const hal = await world.account('hal');
  await hal.follows(gus);
  await world.settled();
  await gus.blocks(hal);
  await world.settled();
  await gus.unblocks(hal);
  assert.deepEqual(handlesOf(await gus.get('/follow-requests')), []);
  assert.equal((await hal.get(`/accounts/${gus.id}`)).relationship.following, 'no');
  assert.equal((await gus.act('PUT', `/follow-requests/${hal.id}`)).status, 404);
});
