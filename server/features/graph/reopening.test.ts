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
  await dora.edits({ isPrivate: false });
  await dora.edits({ isPrivate: true });
  await world.settled();
  const accepted = (await dora.get('/me')).followerCount;
  await acceptWhilePublic(world.app, dora.id as AccountId, 100);
  await world.settled();
  assert.equal((await dora.get('/me')).followerCount, accepted);
  assert.equal((await dora.get('/follow-requests')).items.length, 2 - accepted);
});
