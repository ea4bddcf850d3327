/**
 * Every screen, for everybody: no rule of WCAG 2.2 AA that axe knows is broken, nothing is wider than the window, and it looks,
 * and is told to a screen reader, as it was approved.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { LANGUAGE_COOKIE } from '../../core/languages.ts';
import { openWorld, until } from '../world.ts';
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
import { openWalks, type Screen, setup, show, type Walk } from './screens.ts';
import { takeStill, takeWaiting, watchRequests } from './still.ts';

const world = await openWorld();
const nobodys = await openWorld({ hasAdmin: false });
const walks: (Walk & { base: string })[] = [
  { base: nobodys.base, as: null, screens: [setup] },
  ...(await openWalks(world)).map((walk) => ({ base: world.base, ...walk })),
];
const DEVICES = [
  ['phone', 'dark', PHONE],
  ['desktop', 'light', DESKTOP],
] as const;

for (const [device, theme, size] of DEVICES) {
  test(`no screen breaks a rule of accessibility or looks otherwise than approved, ${theme}, ${size.width} px wide`, async () => {
    const found: string[] = [];
    for (const { base, as, language, screens } of walks) {
      const { page, problems, close } = await openPage(base, size, theme);
      if (as) await signIn(page, as);
      if (language) await page.context().addCookies([{ name: LANGUAGE_COOKIE, value: language, url: base }]);
      found.push(...(await walk(page, screens, device)));
      assert.deepEqual(problems, []);
      await close();
    }
    assert.deepEqual(found, []);
    for (const each of [world, nobodys]) assert.deepEqual(await policyReports(each), []);
  });
}

test('nothing is approved of a screen that is not looked at', async () => {
  const all = walks.flatMap(({ screens }) => screens);
  const names = DEVICES.flatMap(([device]) =>
    all.flatMap(({ name, tree }) => [`${device}/${name}.webp`, ...(tree ? [`${device}/${name}.yaml`] : [])]),
  );
  assert.deepEqual(await findLeftOver(new Set(names)), []);
});

/** First each page as it is; the picture needs it changed. */
async function walk(page: Page, screens: Screen[], device: string): Promise<string[]> {
  const found: string[] = [];
  const isAsking = watchRequests(page);
  for (const screen of screens) {
    const name = `${device}/${screen.name}`;
    await show(page, screen);
    await assertNoSidewaysScroll(page);
    await takePicture(page, `${screen.name}-${page.viewportSize()?.width}`);
    const violations = await findViolations(page);
    found.push(...violations.map((each) => `${name}: ${each}`));
    const still = () => (screen.isWaiting ? takeWaiting(page) : takeStill(page, isAsking));
    found.push(...(await findChangedPicture(name, still)));
    if (screen.tree) found.push(...(await findChangedTree(name, page.locator(screen.tree))));
    await screen.leave?.(page);
    // What is discarded before the server has said that it has it is removed there afterwards.
    if (!screen.isWaiting) await until(async () => (isAsking() ? null : true), 'nothing is under way');
  }
  return found;
}
