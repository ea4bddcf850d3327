/** A post from its photos to its place on the profile, and what its author does to it afterwards; on a phone and on a desktop. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { publishDueDrafts } from '../../server/features/drafts/due.ts';
import { sql } from '../../server/infra/sql.ts';
import { upright } from '../photos.ts';
import { openWorld, PASSWORD, type Person, until } from '../world.ts';
import { findViolations } from './axe.ts';
import {
  assertNoSidewaysScroll,
  DESKTOP,
  openPage,
  PHONE,
  policyReports,
  signUp,
  takePicture,
} from './browser.ts';
import { makePhoto, published, received, share } from './sharing.ts';

const world = await openWorld();
const [bob, lena] = await world.accounts('bob', 'lena');
await lena.posts('the #harbour at night');
await world.settled();

async function look(page: Page, name: string): Promise<void> {
  await takePicture(page, name);
  await assertNoSidewaysScroll(page);
  assert.deepEqual(await findViolations(page), []);
}

const postOf = (person: Person, postId: string) => person.get(`/posts/${postId}`);

for (const [device, viewport, scheme] of [
  ['phone', PHONE, 'light'],
  ['desktop', DESKTOP, 'dark'],
] as const) {
  test(`on a ${device}: three photos with crop, filter, people and a place, for followers; then changed, pinned, archived and back`, async () => {
    const { page, problems, close } = await openPage(world.base, viewport, scheme);
    const handle = `mila_${device}`;
    await signUp(page, handle);
    const mila = await world.signsIn(handle);
    await bob.follows(mila);
    await world.settled();

    await page.goto('/new');
    const photos = [upright, await makePhoto('one.jpg', 1300, 80), await makePhoto('two.jpg', 1200, 80)];
    await page.getByLabel('Photos', { exact: true }).setInputFiles(photos);
    const editor = page.getByRole('dialog');
    await editor.getByText('Warm vintage', { exact: true }).click();
    await editor.getByRole('tab', { name: 'Crop' }).click();
    await editor.getByRole('button', { name: 'Rotate' }).click();
    await editor.getByRole('button', { name: 'Next' }).click();
    await received(page, 3, 3);
    await tagBob(page);
    await page.getByLabel('Place', { exact: true }).fill('Porto');
    await page.getByLabel('Followers', { exact: true }).check();
    await page.getByLabel('Turn off comments').check();
    await page.getByLabel('Caption').fill('by the water');
    await page.getByText('Saved as a draft').waitFor();
    await look(page, `new-${device}`);
    const { id } = await share(page, world, mila);
    const post = await postOf(mila, id);
    assert.equal(post.photos[0].filter, 'warm-vintage');
    assert.deepEqual(
      [post.placeName, post.audience, post.takesComments, post.photos.length],
      ['Porto', 'followers', false, 3],
    );
    const [tagged] = post.photos[0].people;
    assert.equal(tagged.account.handle, 'bob');
    assert.ok(
      Math.abs(tagged.x - 0.25) < 0.02 && Math.abs(tagged.y - 0.75) < 0.02,
      `${tagged.x} ${tagged.y}`,
    );
    assert.equal((await postOf(bob, id)).id, id);
    assert.equal((await lena.act('GET', `/posts/${id}`)).status, 404);
    assert.deepEqual((await mila.get('/drafts')).items, []);

    await editsAll(page, id, device);
    const after = await postOf(mila, id);
    assert.deepEqual(
      [after.caption, after.placeName, after.audience, after.takesComments, after.hidesLikeCount],
      ['by the river', 'Gaia', 'everyone', true, true],
    );
    assert.deepEqual(
      after.photos.map(({ mediaId, altText }: { mediaId: string; altText: string }) => [mediaId, altText]),
      [
        [post.photos[1].mediaId, ''],
        [post.photos[0].mediaId, 'a bridge'],
        [post.photos[2].mediaId, ''],
      ],
    );
    assert.deepEqual(after.photos[1].people, []);
    assert.equal((await postOf(lena, id)).caption, 'by the river');

    await pinsAndArchives(page, mila, id, device);
    // The one request that the test itself cut off.
    assert.deepEqual(problems, ['Failed to load resource: net::ERR_FAILED']);
    assert.deepEqual(await policyReports(world), [], 'the worker may run the kernel');
    await close();
  });
}

/** In the lower left quarter of the first photo. */
async function tagBob(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^Tag people/ }).click();
  const dialog = page.getByRole('dialog', { name: 'Tag people' });
  const photo = dialog.getByRole('button', { name: /^Photo 1: press where/ });
  const box = await photo.boundingBox();
  assert.ok(box);
  await photo.click({ position: { x: box.width * 0.25, y: box.height * 0.75 } });
  await dialog.getByRole('combobox', { name: 'Who is it?' }).fill('bo');
  await dialog.getByRole('option', { name: /^bob/ }).click();
  await dialog.getByRole('button', { name: 'Remove bob' }).waitFor();
  await look(page, `people-${page.viewportSize()?.width}`);
  await dialog.getByRole('button', { name: 'Done' }).click();
}

async function editsAll(page: Page, id: string, device: string): Promise<void> {
  await page.goto(`/p/${id}`);
  await page.getByRole('button', { name: 'More about this post' }).click();
  await look(page, `menu-${device}`);
  await page.getByRole('menuitem', { name: 'Edit', exact: true }).click();
  await page.waitForURL('**/edit');
  await page.getByLabel('Caption').fill('by the river');
  await page.getByLabel('Place', { exact: true }).fill('Gaia');
  await page.getByLabel('Description of photo 1').fill('a bridge');
  await page.getByRole('button', { name: /^Tag people/ }).click();
  await page.getByRole('button', { name: 'Remove bob' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Done' }).click();
  await page.getByRole('button', { name: 'Move later' }).click();
  await page.getByText('2 of 3').waitFor();
  await page.getByLabel('Everyone', { exact: true }).check();
  await page.getByLabel('Turn off comments').uncheck();
  await page.getByLabel('Hide like count').check();
  await look(page, `edit-${device}`);
  await page.route('**/api/v1/posts/*', (route) => route.abort());
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page
    .getByRole('alert')
    .filter({ hasText: /reached/ })
    .waitFor();
  assert.equal(await page.getByLabel('Caption').inputValue(), 'by the river');
  await page.unroute('**/api/v1/posts/*');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('Your changes are saved').waitFor();
  await page.waitForURL(`**/p/${id}`);
}

async function pinsAndArchives(page: Page, mila: Person, id: string, device: string): Promise<void> {
  const press = async (name: string) => {
    await page.getByRole('button', { name: 'More about this post' }).click();
    await page.getByRole('menuitem', { name, exact: true }).click();
  };
  await press('Pin to profile');
  await page.getByText('Pinned to your profile').waitFor();
  assert.equal((await postOf(mila, id)).isPinned, true);
  await press('Turn comments off');
  await until(async () => ((await postOf(mila, id)).takesComments ? null : true), 'comments are off');
  await press('Turn comments on');
  await until(async () => ((await postOf(mila, id)).takesComments ? true : null), 'comments are on');
  await press('Archive');
  await page.getByText('This post is archived').waitFor();
  assert.equal((await bob.act('GET', `/posts/${id}`)).status, 404);
  await look(page, `archived-${device}`);
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByRole('button', { name: 'Like', exact: true }).waitFor();
  assert.equal((await postOf(bob, id)).state, 'published');
  await bob.likes({ id });
  await bob.comments({ id }, 'still there');
  await world.settled();
  await press('Archive');
  await page.getByText('This post is archived').waitFor();
  await page.reload();
  await page.getByText('still there').waitFor();
  assert.equal(await page.getByRole('button', { name: /^(Like|Reply)/ }).count(), 0, 'only to be read');
  await page.getByRole('button', { name: '1 like' }).click();
  await page.getByRole('dialog').getByRole('link', { name: /bob/ }).first().waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Bring back' }).click();
  await page.getByRole('button', { name: 'Like', exact: true }).waitFor();
  assert.equal((await postOf(mila, id)).state, 'published');
}

async function signIn(page: Page, handle: string): Promise<void> {
  await page.goto('/sign-in?next=/drafts');
  await page.getByLabel('Handle or e-mail address').fill(handle);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Drafts' }).waitFor();
}

test('a draft that was begun on the phone is continued on the desktop, and neither writes over the other', async () => {
  const phone = await openPage(world.base, PHONE);
  await signUp(phone.page, 'nele');
  const nele = await world.signsIn('nele');
  await phone.page.goto('/new');
  await phone.page
    .getByLabel('Photos', { exact: true })
    .setInputFiles([await makePhoto('begun.jpg', 1200, 80)]);
  await phone.page.getByRole('dialog').getByText('Silver', { exact: true }).click();
  await phone.page.getByRole('dialog').getByRole('button', { name: 'Next' }).click();
  await received(phone.page, 1, 1);
  await phone.page.getByLabel('Caption').fill('begun on the phone');
  await phone.page.getByText('Saved as a draft').waitFor();
  const [draft] = (await nele.get('/drafts')).items;
  assert.equal(draft.content.caption, 'begun on the phone');

  const desktop = await openPage(world.base, DESKTOP);
  await signIn(desktop.page, 'nele');
  await desktop.page.getByText('begun on the phone').waitFor();
  await desktop.page.locator('.draft-picture img').waitFor();
  await look(desktop.page, 'drafts-desktop');
  await desktop.page.getByRole('link', { name: /begun on the phone/ }).click();
  await received(desktop.page, 1, 1);
  await desktop.page.getByLabel('Caption').fill('continued on the desktop');
  await until(
    async () => ((await nele.get(`/drafts/${draft.id}`)).version > draft.version ? true : null),
    'the draft is saved',
  );

  await phone.page.getByLabel('Caption').fill('and on the phone');
  await phone.page.getByText('changed on another device').waitFor();
  await look(phone.page, 'changed-phone');
  await phone.page.getByRole('button', { name: 'Use the newer one' }).click();
  await until(
    async () =>
      (await phone.page.getByLabel('Caption').inputValue()) === 'continued on the desktop' ? true : null,
    'the phone has the newer one',
  );
  const { id } = await share(desktop.page, world);
  const post = await published(world, id);
  assert.deepEqual([post.caption, post.photos[0]?.filter], ['continued on the desktop', 'silver']);
  await phone.page.reload();
  await phone.page.getByText('shared or deleted on another device').waitFor();
  await phone.page.getByRole('button', { name: 'Discard' }).last().click();
  await phone.page.getByText('Choose photos').waitFor();
  assert.equal((await nele.get(`/accounts/${nele.id}/posts`)).items.length, 1);
  assert.deepEqual((await nele.get('/drafts')).items, []);
  assert.deepEqual([phone.problems, desktop.problems], [[], []]);
  await phone.close();
  await desktop.close();
});

test('a post is scheduled, and published at its time', async () => {
  const { page, problems, close } = await openPage(world.base, PHONE, 'dark');
  await signUp(page, 'ida');
  const ida = await world.signsIn('ida');
  await ida.edits({ keepsOriginals: true });
  await page.goto('/new');
  await page.getByLabel('Photos', { exact: true }).setInputFiles([await makePhoto('later.jpg', 3000, 80)]);
  await page.getByRole('dialog').getByRole('button', { name: 'Next' }).click();
  await received(page, 1, 1);
  await page.getByLabel('Caption').fill('later');
  await page.getByLabel('Share later').check();
  const wall = await page.evaluate(() => {
    const at = new Date(Date.now() + 3 * 60_000);
    return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
  });
  await page.getByLabel('Date and time').fill(wall);
  await page.getByText(/^Will be published: /).waitFor();
  await look(page, 'schedule-phone');
  await page.getByRole('button', { name: 'Schedule', exact: true }).click();
  await page.waitForURL('**/drafts');
  await page.getByText('Your post is scheduled').waitFor();
  await page.getByRole('heading', { name: 'Scheduled' }).waitFor();
  await look(page, 'drafts-phone');
  const [draft] = (await ida.get('/drafts')).items;
  assert.ok(Date.parse(draft.publishAt) > Date.now());

  await page.getByRole('button', { name: 'More about this draft' }).click();
  await page.getByRole('menuitem', { name: 'Do not publish by itself' }).click();
  await page.getByRole('heading', { name: 'Not shared yet' }).waitFor();
  await page.getByRole('link', { name: /later/ }).click();
  await received(page, 1, 1);
  await page.getByLabel('Share later').check();
  await page.getByRole('button', { name: 'Schedule', exact: true }).click();
  await page.waitForURL('**/drafts');
  await page.getByRole('heading', { name: 'Scheduled' }).waitFor();

  const [upload] = draft.photos;
  const hasOriginal = async () => {
    const [row] = await world.rows<{ is_kept: boolean }>(
      sql`select kept_original is not null as is_kept from media where media_id = ${upload.uploadId}`,
    );
    return row?.is_kept ? true : null;
  };
  await until(hasOriginal, 'the original is kept, though nothing is published yet');
  const clock = { nowMs: () => Date.now() + 2 * 3_600_000 };
  assert.equal(await publishDueDrafts({ ...world.app, clock }), 1);
  assert.equal(await publishDueDrafts({ ...world.app, clock }), 0);
  await world.settled();
  assert.deepEqual(
    (await ida.get(`/accounts/${ida.id}/posts`)).items.map((post: { caption: string }) => post.caption),
    ['later'],
  );
  await page.reload();
  await page.getByText('No drafts').waitFor();
  assert.deepEqual(problems, []);
  await close();
});

test('handles and hashtags are completed by the keyboard alone', async () => {
  const { page, problems, close } = await openPage(world.base, DESKTOP);
  await signUp(page, 'olga');
  await page.goto('/new');
  await page.getByLabel('Photos', { exact: true }).setInputFiles([await makePhoto('keys.jpg', 1200, 80)]);
  await page.getByRole('dialog').getByRole('button', { name: 'Next' }).click();
  const caption = page.getByLabel('Caption');
  await caption.focus();
  await page.keyboard.type('with @le');
  await page.getByRole('option', { name: /^lena/ }).waitFor();
  assert.equal(await caption.getAttribute('aria-activedescendant').then(Boolean), true);
  await look(page, 'completion-desktop');
  await page.keyboard.press('Enter');
  await page.keyboard.type('at the #harb');
  await page.getByRole('option', { name: /^#harbour/ }).waitFor();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.keyboard.type('and @bo');
  await page.getByRole('option', { name: /^bob/ }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('option').waitFor({ state: 'detached' });
  assert.equal(await caption.inputValue(), 'with @lena at the #harbour and @bo');

  const post = await lena.posts('to be remarked on');
  await page.goto(`/p/${post.id}`);
  await page.getByLabel('Add a comment').focus();
  await page.keyboard.type('hello @bo');
  await page.getByRole('option', { name: /^bob/ }).waitFor();
  await look(page, 'comment-desktop');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  await until(
    async () => (await lena.get(`/posts/${post.id}/comments`)).items[0]?.text === 'hello @bob',
    'the comment is there',
  );
  assert.deepEqual(problems, []);
  await close();
});
