/** A draft outlives reloads, crashes and wrong turns, in one tab at a time, for one account. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { openWorld, PASSWORD, until } from '../world.ts';
import { DESKTOP, openPage, PHONE, signUp } from './browser.ts';
import { changeKept, choose, keptCaption, makePhoto, received, share, watchBytes } from './sharing.ts';

const world = await openWorld();

test('a reload and a closed tab lose nothing of a draft: its photos, edits, words; and the photos are not sent again', async () => {
  const { page, problems, close } = await openPage(world.base, DESKTOP, 'dark');
  await signUp(page, 'dora');
  await page.goto('/new');
  const photos = [await makePhoto('first.jpg', 1600, 80), await makePhoto('second.jpg', 1400, 80)];
  await page.getByLabel('Photos', { exact: true }).setInputFiles(photos);
  await page.getByRole('dialog').getByText('Warm vintage', { exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Next' }).click();
  await page.getByLabel(/^Description/).fill('what it shows');
  await page.getByLabel('Caption').fill('kept over the night');
  await received(page, 2, 2);
  // The words are written down a moment after the last letter.
  await until(async () => ((await keptCaption(page)) === 'kept over the night' ? true : null), 'it is kept');

  const bytes = watchBytes(page);
  await page.reload();
  await page.getByText('Your draft was kept').waitFor();
  assert.equal(await page.getByLabel('Caption').inputValue(), 'kept over the night');
  await received(page, 2, 2);
  const next = await page.context().newPage();
  await page.close();
  watchBytes(next, bytes);
  await next.goto('/new');
  await next.getByText('Your draft was kept').waitFor();
  await next.getByRole('button', { name: /^Photo 1 of 2/ }).click();
  assert.equal(await next.getByLabel(/^Description/).inputValue(), 'what it shows');
  await received(next, 1, 2);
  await received(next, 2, 2);
  const post = await share(next, world);
  assert.deepEqual(
    post.photos.map(({ altText, filter }) => [altText, filter]),
    [
      ['what it shows', 'warm-vintage'],
      ['', 'none'],
    ],
  );
  assert.deepEqual(bytes, []);
  await next.goto('/new');
  await next.getByText('Choose photos').waitFor();
  assert.deepEqual(problems, []);
  await close();
});

test('a draft belongs to one tab, which another one can take it from; and to one account', async () => {
  const { page, problems, close } = await openPage(world.base, DESKTOP);
  await signUp(page, 'jana');
  await page.goto('/new');
  await choose(page, await makePhoto('tabs.jpg', 1200, 80));
  await page.getByLabel('Caption').fill('in two tabs');
  await received(page, 1, 1);
  await until(async () => ((await keptCaption(page)) === 'in two tabs' ? true : null), 'it is kept');
  const second = await page.context().newPage();
  await second.goto('/new');
  await second.getByText('open in another tab').waitFor();
  await second.getByRole('button', { name: 'Go on here' }).click();
  await second.getByText('Your draft was kept').waitFor();
  await page.getByText('open in another tab').waitFor();
  await second.close();
  await page.getByText('Your draft was kept').waitFor();
  assert.equal(await page.getByLabel('Caption').inputValue(), 'in two tabs');

  await page.goto('/settings');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('link', { name: 'Sign in' }).first().waitFor();
  await signUp(page, 'kaia');
  await page.goto('/new');
  await page.getByText('Choose photos').waitFor();
  assert.equal(await page.getByText('Your draft was kept').count(), 0);
  assert.equal(await page.getByRole('button', { name: 'Discard' }).count(), 0);
  await page.goto('/settings');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('link', { name: 'Sign in' }).first().waitFor();
  await page.goto('/sign-in?next=/new');
  await page.getByLabel('Handle or e-mail address').fill('jana');
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('Your draft was kept').waitFor();
  await received(page, 1, 1);
  await page.getByRole('button', { name: 'Discard' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Discard' }).click();
  await page.reload();
  await page.getByText('Choose photos').waitFor();
  assert.deepEqual(problems, []);
  await close();
});

test('a post that is scheduled is not in the way of a new one', async () => {
  const { page, problems, close } = await openPage(world.base, PHONE);
  await signUp(page, 'lena');
  await page.goto('/new');
  await choose(page, await makePhoto('later.jpg', 1200, 80));
  await received(page, 1, 1);
  await page.getByLabel('Caption').fill('for later');
  await page.getByLabel('Share later').check();
  await page.getByRole('button', { name: 'Schedule', exact: true }).click();
  await page.getByText('Your post is scheduled').waitFor();
  await page.getByRole('link', { name: /for later/ }).click();
  await received(page, 1, 1);
  assert.equal(await page.getByText('Your draft was kept').count(), 0, 'it was asked for');
  await page.getByRole('link', { name: 'Home', exact: true }).click();
  await page.getByRole('link', { name: 'New post' }).first().click();
  await page.getByText('Your draft was kept').waitFor();
  await page.getByRole('button', { name: 'Start a new post' }).click();
  await page.getByText('Choose photos').waitFor();
  assert.equal(await page.getByText('Your draft was kept').count(), 0);
  await page.getByRole('link', { name: 'Drafts' }).click();
  await page.getByText('Will be published').waitFor();
  await page.getByText('for later').waitFor();
  assert.deepEqual(problems, []);
  await close();
});

test('a tight crop is sent with the pixels that the file has', async () => {
  const { page, problems, close } = await openPage(world.base, PHONE);
  await signUp(page, 'mina');
  await page.goto('/new');
  await choose(page, await makePhoto('tight.jpg', 4000, 80));
  await received(page, 1, 1);
  await page.getByLabel('Caption').fill('from near');
  await until(async () => ((await keptCaption(page)) === 'from near' ? true : null), 'it is kept');
  await page.goto('/');
  await changeKept(page, { left: 0.3, top: 0.3, width: 0.4, height: 0.4 });
  await page.goto('/new');
  await received(page, 1, 1);
  const post = await share(page, world);
  const largest = post.photos[0]?.renditions.find(({ name }) => name === 'w1080');
  assert.deepEqual([largest?.width, largest?.height], [1080, 810]);
  const mina = await world.signsIn('mina');
  const source = await world.app.storage.open(
    `originals/${post.photos[0]?.mediaId.slice(-2)}/${post.photos[0]?.mediaId}`,
  );
  assert.ok(source && mina.id);
  const chunks: Buffer[] = [];
  for await (const chunk of source.stream) chunks.push(chunk as Buffer);
  assert.equal((await sharp(Buffer.concat(chunks)).metadata()).width, 2_700);
  assert.deepEqual(problems, []);
  await close();
});

test('on plain http, where the browser neither hashes nor locks, photos are shared all the same', async () => {
  const { page, problems, close } = await openPage(world.base, PHONE);
  await page.context().addInitScript(() => {
    Object.defineProperty(crypto, 'subtle', { value: undefined });
    Object.defineProperty(navigator, 'locks', { value: undefined });
  });
  await signUp(page, 'nora');
  await page.goto('/new');
  await choose(page, await makePhoto('plain.jpg', 1200, 80));
  await received(page, 1, 1);
  const bytes = watchBytes(page);
  const second = await page.context().newPage();
  watchBytes(second, bytes);
  await second.goto('/new');
  await page.getByText('open in another tab').waitFor();
  await page.getByRole('button', { name: 'Go on here' }).click();
  await received(page, 1, 1);
  assert.equal((await share(page, world)).photos.length, 1);
  // It was not recognised by its hash, but by the ticket that was kept.
  assert.deepEqual(bytes, []);
  assert.deepEqual(problems, []);
  await close();
});
