/** What members see while one of two database servers is dead. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openFleetWorld } from '../fleet-world.ts';
import { until } from '../world.ts';
import { DESKTOP, openPage, PHONE, signUp } from './browser.ts';

const { fleet, world, accountOn } = await openFleetWorld({ servers: 2 });
const [, pg2] = fleet.servers;
assert.ok(pg2);
const near = await accountOn('main', 'near');
const far = await accountOn('pg2', 'far');
await near.posts('the harbour');
await far.posts('the hills');

for (const [device, viewport, scheme] of [
  ['phone', PHONE, 'light'],
  ['desktop', DESKTOP, 'dark'],
] as const)
  test(`on a ${device}: the feed shows what is there, says that something is missing, and is whole again afterwards`, async () => {
    const { page, close } = await openPage(world.base, viewport, scheme);
    for (const server of world.app.shards.servers) server.isOpen = server.name === 'main';
    const handle = `mara_${device}`;
    await signUp(page, handle);
    const mara = await world.signsIn(handle);
    for (const other of [near, far]) await mara.follows(other);
    await world.settled();
    await page.goto('/');
    await page.getByText('the hills').waitFor();
    assert.equal(await page.getByText('Something is missing here').count(), 0);

    await pg2.kill();
    await page.goto('/');
    await page.getByText('the harbour').waitFor();
    const notice = page.getByRole('status').filter({ hasText: 'Something is missing here' });
    await notice.waitFor();
    assert.equal(await notice.count(), 1, 'it is said once');
    assert.equal(await page.getByText('the hills').count(), 0);
    assert.equal(await page.getByText("You're all caught up").count(), 0);
    await page.goto('/@far');
    await page.getByText('A part of the network is not reachable just now').waitFor();

    await pg2.start();
    await page.goto('/');
    await until(async () => {
      const again = page.getByRole('button', { name: 'Load again' });
      await again.click({ timeout: 500 }).catch(() => undefined);
      return (await page.getByText('the hills').count()) > 0 ? true : null;
    }, 'the feed is whole');
    await page.getByText("You're all caught up").waitFor();
    await close();
  });
