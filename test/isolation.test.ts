/** One server dead or cut off: only its own members notice. Packets really vanish where the machine allows it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endure, type Fault, mustBeWhole, openIsolationWorld } from './isolation-world.ts';
import { PASSWORD } from './world.ts';

const isolation = await openIsolationWorld({ link: 'network' });
const { main, pg2, world, scene } = isolation;

/** Longer than the map counts as confirmed without the directory. */
const UNCONFIRMED_MS = 4_000;

test('a server killed with -9 is missed by its own members alone', async () => {
  await endure(isolation, { dead: 'pg2', begin: pg2.kill, end: pg2.start });
});

test('a server that is cut off is missed by its own members alone', async () => {
  await endure(isolation, { dead: 'pg2', begin: pg2.cut, end: pg2.heal });
});

test('the first server is cut off, and the directory with it: nobody signs in, the members of others go on', async () => {
  const { pia, max } = scene.people;
  const signIn = () =>
    world.call('POST', '/sessions', { body: { login: 'pia', password: PASSWORD, kind: 'bearer' } });
  const version = world.app.shards.version;
  const fault: Fault = {
    dead: 'main',
    async begin() {
      await main.cut();
      const refused = await signIn();
      assert.deepEqual([refused.status, refused.body.error.code], [503, 'database_unavailable']);
      assert.equal((await pia.act('GET', '/search?q=an')).status, 503);
    },
    async end() {
      const post = await pia.posts('made without the directory');
      assert.equal((await max.get('/feed')).items[0].id, post.id);
      await main.heal();
    },
  };
  await endure(isolation, fault, { faultMs: UNCONFIRMED_MS });
  assert.equal(world.app.shards.version, version);
  assert.equal((await signIn()).status, 201);
});

test('after all that nothing is lost, and both sides agree', () => mustBeWhole(isolation));
