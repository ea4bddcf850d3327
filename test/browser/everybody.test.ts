/** Every screen, for everybody: no rule of WCAG 2.2 AA that axe knows is broken, and nothing is wider than the window. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { openWorld } from '../world.ts';
import { findViolations } from './axe.ts';
import { assertNoSidewaysScroll, DESKTOP, openPage, PHONE, signIn, takePicture } from './browser.ts';
import { openScreens, type Screen, show } from './screens.ts';

const world = await openWorld();
const screens = await openScreens(world);

for (const [theme, size] of [
  ['dark', PHONE],
  ['light', DESKTOP],
] as const) {
  test(`no screen breaks a rule of accessibility, ${theme}, ${size.width} px wide`, async () => {
    const { page, problems, close } = await openPage(world.base, size, theme);
    const found = await violationsOn(page, screens.visitor);
    await signIn(page, 'mia');
    found.push(...(await violationsOn(page, screens.member)));
    assert.deepEqual(found, []);
    assert.deepEqual(problems, []);
    await close();
  });
}

async function violationsOn(page: Page, all: Screen[]): Promise<string[]> {
  const found: string[] = [];
  for (const screen of all) {
    await show(page, screen);
    await assertNoSidewaysScroll(page);
    await takePicture(page, `${screen.name}-${page.viewportSize()?.width}`);
    const violations = await findViolations(page);
    found.push(...violations.map((each) => `${screen.name}: ${each}`));
  }
  return found;
}
