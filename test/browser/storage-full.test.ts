/** A browser that has no room: the member is told where something is not kept. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { openWorld, PASSWORD, type Person, until } from '../world.ts';
import { openPage, PHONE, signIn } from './browser.ts';
import { faultsOf, isTold } from './faults.ts';

const world = await openWorld();
const [ann, finn] = await world.accounts('ann', 'finn', 'other');
await finn.follows(ann);
const post = await ann.posts('The only one');
await world.settled();
const NO_ROOM = /This browser has no room/;

/** Every place in which a page can keep something. */
async function fill(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const full = () => {
      throw new DOMException('The quota has been exceeded.', 'QuotaExceededError');
    };
    Object.assign(Storage.prototype, { setItem: full });
    Object.assign(IDBObjectStore.prototype, { put: full, add: full });
    const fullLater = async () => full();
    Object.assign(Cache.prototype, { put: fullLater, add: fullLater, addAll: fullLater });
  });
}

function likes(page: Page): Promise<void> {
  return page.getByRole('button', { name: 'Like', exact: true }).first().click();
}

async function isLiked(person: Person, liked: boolean): Promise<void> {
  await until(
    async () => ((await person.get(`/posts/${post.id}`)).liked === liked ? true : null),
    `${person.handle} likes it: ${liked}`,
  );
}

async function isSaid(text: string): Promise<void> {
  await until(async () => {
    const { items } = await ann.get(`/posts/${post.id}/comments`);
    return items.filter((item: { text: string }) => item.text === text).length === 1 ? true : null;
  }, `"${text}" is said once`);
}

test('without a network what cannot be kept is told of, and is sent if the tab stays; also after signing in again', async () => {
  const { page, problems, close } = await openPage(world.base, PHONE);
  await fill(page);
  await signIn(page, 'finn');
  await page.goto(`/p/${post.id}`);
  await page.getByLabel('Add a comment').waitFor();
  await page.context().setOffline(true);
  await likes(page);
  await isTold(page, NO_ROOM);
  await page.context().setOffline(false);
  await isLiked(finn, true);

  await page.context().setOffline(true);
  await page.getByLabel('Add a comment').fill('said by one who was signed out');
  await page.keyboard.press('Enter');
  await isTold(page, NO_ROOM);
  const { items } = await finn.get('/sessions');
  for (const { id, isCurrent } of items) if (!isCurrent) await finn.must('DELETE', `/sessions/${id}`);
  await page.context().setOffline(false);
  await page.getByRole('link', { name: 'Sign in' }).first().click();
  await page.getByLabel('Handle or e-mail address').fill('finn');
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await isSaid('said by one who was signed out');
  assert.deepEqual(faultsOf(problems), []);
  await close();
});
