import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccountId } from '../../../core/ids.ts';
import { openWorld } from '../../../test/world.ts';
import { acceptWhilePublic } from './graph.ts';

const world = await openWorld();

test('an account that is private again accepts nobody who waits', async () => {
  const dora = await world.account('dora', { isPrivate: true });
  const [eve, finn] = await world.accounts('eve', 'finn');
  await eve.follows(dora);
  await finn.follows(dora);
  await world.settled();
  // The job that was asked for while the account was public comes late.
  assert.equal(await acceptWhilePublic(world.app, dora.id as AccountId, 100), false);
  await world.settled();
  assert.equal((await dora.get('/me')).followerCount, 0);
  assert.equal((await dora.get('/follow-requests')).items.length, 2);
});
