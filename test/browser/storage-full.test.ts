/** A browser that has no room: everything works that needs none, and the member is told where something is not kept. */
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { openWorld, PASSWORD, type Person, until } from '../world.ts';
import { openPage, signIn, testOnBoth } from './browser.ts';
import { faultsOf, isTold } from './faults.ts';
import { choose, makePhoto, received, share } from './sharing.ts';

const world = await openWorld();
const ann = await world.account('ann');
const post = await ann.posts('The only one');
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

async function newFollower(handle: string): Promise<Person> {
  const person = await world.account(handle);
  await person.follows(ann);
  await world.settled();
  return person;
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

async function toldCount(page: Page): Promise<number> {
  return await page.getByText(NO_ROOM).count();
}

testOnBoth(
  'what needs no room goes on: home, a like, a comment, and a post of two photos, which is saved as a draft',
  async (size, device) => {
    const { page, problems, close } = await openPage(world.base, size);
    await fill(page);
    const fay = await newFollower(`fay_${device}`);
    await signIn(page, fay.handle);
    await page.goto('/');
    await page.getByText('The only one').waitFor();
    await likes(page);
    await isLiked(fay, true);
    await page.goto(`/p/${post.id}`);
    await page.getByLabel('Add a comment').fill(`said without room on a ${device}`);
    await page.keyboard.press('Enter');
    await isSaid(`said without room on a ${device}`);
    assert.equal(await toldCount(page), 0);

    await page.goto('/settings?section=appearance');
    await page.getByText('Dark', { exact: true }).click();
    await isTold(page, NO_ROOM);
    assert.equal(await page.locator('html').getAttribute('data-theme'), 'dark');

    await page.goto('/new');
    await page.route('**/api/v1/drafts', (route) => route.abort());
    await choose(page, [await makePhoto('one.jpg', 900, 80), await makePhoto('two.jpg', 910, 80)]);
    await received(page, 2, 2);
    await isTold(page, NO_ROOM);
    await page.getByRole('link', { name: 'Activity' }).click();
    await page.getByRole('dialog').getByText('If you leave now').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Keep editing' }).click();
    await page.unroute('**/api/v1/drafts');
    await page.getByLabel('Caption').fill('made without room');
    await page.getByText('Saved as a draft').waitFor();
    await until(async () => ((await toldCount(page)) === 0 ? true : null), 'it is told no more');
    assert.equal((await share(page, world)).caption, 'made without room');
    assert.deepEqual(faultsOf(problems), []);
    await close();
  },
);

testOnBoth(
  'without a network, too: what cannot be kept is told of, and is sent if the tab stays; also after signing in again',
  async (size, device) => {
    const { page, problems, close } = await openPage(world.base, size);
    await fill(page);
    const finn = await newFollower(`finn_${device}`);
    await signIn(page, finn.handle);
    await page.goto(`/p/${post.id}`);
    await page.getByLabel('Add a comment').waitFor();
    await page.context().setOffline(true);
    await likes(page);
    await isTold(page, NO_ROOM);
    await page.context().setOffline(false);
    await isLiked(finn, true);

    await page.context().setOffline(true);
    await page.getByLabel('Add a comment').fill(`said on a ${device} by one who was signed out`);
    await page.keyboard.press('Enter');
    await isTold(page, NO_ROOM);
    const { items } = await finn.get('/sessions');
    for (const { id, isCurrent } of items) if (!isCurrent) await finn.must('DELETE', `/sessions/${id}`);
    await page.context().setOffline(false);
    await page.getByRole('link', { name: 'Sign in' }).first().click();
    await page.getByLabel('Handle or e-mail address').fill(finn.handle);
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await isSaid(`said on a ${device} by one who was signed out`);
    assert.deepEqual(faultsOf(problems), []);
    await close();
  },
);
