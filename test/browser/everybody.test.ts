/**
 * Every screen, for everybody: no rule of WCAG 2.2 AA that axe knows is broken, nothing is wider than the window, and it looks,
 * and is told to a screen reader, as it was approved.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { openWorld } from '../world.ts';
import { findChangedPicture, findChangedTree, findLeftOver } from './approved.ts';
import { findViolations } from './axe.ts';
import {
  assertNoSidewaysScroll,
  DESKTOP,
  openPage,
  PHONE,
  policyReports,
  signIn,
  takePicture,
} from './browser.ts';
import { openScreens, type Screen, show } from './screens.ts';
import { takeStill, watchRequests } from './still.ts';

const world = await openWorld();
const screens = await openScreens(world);
const DEVICES = [
  ['phone', 'dark', PHONE],
  ['desktop', 'light', DESKTOP],
] as const;

for (const [device, theme, size] of DEVICES) {
  test(`no screen breaks a rule of accessibility or looks otherwise than approved, ${theme}, ${size.width} px wide`, async () => {
    const { page, problems, close } = await openPage(world.base, size, theme);
    const isAsking = watchRequests(page);
    const found = await walk(page, screens.visitor, device, isAsking);
    await signIn(page, 'mia');
    found.push(...(await walk(page, screens.member, device, isAsking)));
    assert.deepEqual(found, []);
    assert.deepEqual(problems, []);
    assert.deepEqual(await policyReports(world), []);
    await close();
  });
}

test('nothing is approved of a screen that is not looked at', async () => {
  const all = [...screens.visitor, ...screens.member];
  const names = DEVICES.flatMap(([device]) =>
    all.flatMap(({ name, tree }) => [`${device}/${name}.webp`, ...(tree ? [`${device}/${name}.yaml`] : [])]),
  );
  assert.deepEqual(await findLeftOver(new Set(names)), []);
});

/** First the page as it is; the picture needs it changed. */
async function walk(page: Page, all: Screen[], device: string, isAsking: () => boolean): Promise<string[]> {
  const found: string[] = [];
  for (const screen of all) {
    const name = `${device}/${screen.name}`;
    await show(page, screen);
    await assertNoSidewaysScroll(page);
    await takePicture(page, `${screen.name}-${page.viewportSize()?.width}`);
    const violations = await findViolations(page);
    found.push(...violations.map((each) => `${name}: ${each}`));
    found.push(...(await findChangedPicture(name, () => takeStill(page, isAsking))));
    if (screen.tree) found.push(...(await findChangedTree(name, page.locator(screen.tree))));
    await screen.leave?.(page);
  }
  return found;
}
