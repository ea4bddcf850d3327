/** One request for the first screen: what GET /me and GET /feed reply. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statementCount } from '../../../test/bad-input.ts';
import { openWorld } from '../../../test/world.ts';

const world = await openWorld();
const [ann, bob, carol] = await world.accounts('ann', 'bob', 'carol');
await ann.follows(bob);
for (const caption of ['one', 'two', 'three']) await carol.likes(await bob.posts(caption));
const own = await ann.posts('mine');
await bob.likes(own);
await carol.blocks(bob);
await bob.comments(own, 'for @ann');
await world.settled();

test('it gives the account and the first page of the feed, which goes on where GET /feed goes on', async () => {
  const home = await ann.get('/home?limit=2');
  assert.deepEqual(home.me, await ann.get('/me'));
  const page = await ann.get('/feed?limit=2');
  assert.deepEqual(home.feed, page);
  assert.equal(home.feed.items.length, 2);
  const next = await ann.get(`/feed?limit=2&cursor=${home.feed.nextCursor}`);
  assert.equal(next.items.length, 2);
  assert.equal((await ann.get('/home')).feed.items.length, 4);
});

test('it needs a session, and takes no cursor', async () => {
  assert.equal((await world.call('GET', '/home')).status, 401);
  assert.equal((await ann.act('GET', '/home?limit=0')).status, 400);
  const { nextCursor } = await ann.get('/feed?limit=1');
  assert.equal((await ann.act('GET', `/home?cursor=${nextCursor}`)).status, 400);
});

test('it costs no more statements than the two together, and looks the session up once', async () => {
  const cost = async (...ats: string[]) => {
    const reader = await world.signsIn('ann');
    const before = statementCount(world);
    for (const at of ats) await reader.get(at);
    return statementCount(world) - before;
  };
  const both = await cost('/me', '/feed');
  const home = await cost('/home');
  assert.ok(home <= both, `${home} instead of ${both}`);
  assert.equal(home, 9);
});
