/** Text at twice its size, as a reader sets it in the browser: all of it can be read, and all can be used. */
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { openWorld } from '../world.ts';
import { assertNoSidewaysScroll, openPage, signIn, testOnBoth } from './browser.ts';
import { makePhoto } from './sharing.ts';

const world = await openWorld();
const people = await world.accounts('jonathan.lindqvist', 'esther_morgenstern', 'noah.berg');
for (const person of people) await person.posts(`Morning of ${person.handle} #calm`);

/** Who looks: followed by all, with a post that all have talked about. */
async function makeViewer(handle: string) {
  const viewer = await world.account(handle);
  for (const person of people) await person.follows(viewer);
  const own = await viewer.posts('Her own');
  for (const person of people) await person.comments(own, 'What a light');
  await viewer.follows(people[0]);
  await world.settled();
  return own;
}

const NAMED = '.account-handle, .handle-link, .button, .profile-tab, .segment, h1, h2';

/** Names, tabs and buttons of which a part is cut off. */
async function cutOff(page: Page): Promise<string[]> {
  return await page.evaluate(
    (named) =>
      [...document.querySelectorAll(named)]
        .filter(
          (each) =>
            each.checkVisibility() &&
            !each.matches('.hidden-visually') &&
            each.scrollWidth > each.clientWidth + 1,
        )
        .filter((each) => getComputedStyle(each).display !== 'inline')
        .map((each) => each.outerHTML.slice(0, 120)),
    NAMED,
  );
}

/** What stands within the dialog and the screen, and yet is beneath something else. */
async function covered(page: Page): Promise<string[]> {
  return await page.getByRole('dialog').evaluate((dialog) =>
    [...dialog.querySelectorAll('button, label, input[type=range]')]
      .filter((each) => {
        const { left, top, width, height } = each.getBoundingClientRect();
        const [x, y] = [left + width / 2, top + height / 2];
        if (!each.checkVisibility() || width < 2 || x < 0 || x > innerWidth || y > innerHeight) return false;
        const there = document.elementFromPoint(x, y);
        return !each.contains(there) && !there?.contains(each) && there?.closest('label') !== each;
      })
      .map((each) => `${each.textContent} ${each.getAttribute('aria-label')}`),
  );
}

testOnBoth(
  'with text twice as large nothing is cut off, and nothing lies over anything',
  async (size, device) => {
    const own = await makeViewer(`mia_${device}`);
    const { page, close } = await openPage(world.base, size);
    await page.addInitScript(() => {
      const enlarge = () => document.documentElement?.style.setProperty('font-size', '200%');
      enlarge();
      document.addEventListener('DOMContentLoaded', enlarge);
    });
    await signIn(page, `mia_${device}`);
    for (const [at, text] of [
      ['/', 'Her own'],
      ['/explore', 'noah.berg'],
      [`/@mia_${device}`, 'Edit profile'],
      [`/@mia_${device}/followers`, 'noah.berg'],
      ['/activity', 'noah.berg'],
      [`/p/${own.id}`, 'What a light'],
      ['/settings?section=profile', 'Bio'],
      ['/settings?section=sessions', 'This session'],
      ['/drafts', 'No drafts'],
    ] as const) {
      await page.goto(at);
      await page.getByRole('main').getByText(text).first().waitFor();
      await assertNoSidewaysScroll(page);
      assert.deepEqual(await cutOff(page), [], at);
    }
    await page.goto('/new');
    await page.getByLabel('Photos', { exact: true }).setInputFiles(await makePhoto('large-text.jpg', 900));
    for (const tab of ['Adjust', 'Crop', 'Filter']) {
      await page.getByRole('tab', { name: tab }).click();
      assert.deepEqual(await covered(page), [], tab);
    }
    await page.getByRole('dialog').getByRole('button', { name: 'Next' }).click();
    await page.getByLabel('Caption').waitFor();
    await assertNoSidewaysScroll(page);
    assert.deepEqual(await cutOff(page), [], 'the composer');
    await close();
  },
);
