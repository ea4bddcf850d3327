/** The server is gone or answers wrongly while a post is made: see wrong-answers.test.ts. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { openWorld, until } from '../world.ts';
import { openPage, PHONE, signIn } from './browser.ts';
import {
  ANSWERS,
  type Answer,
  type Call,
  type Faults,
  faultsOf,
  hurry,
  isTold,
  leadsToSignIn,
  openFaults,
  SIGNED_OUT,
} from './faults.ts';
import { choose, DEVELOP_MS, makePhoto, postsOf, received } from './sharing.ts';

type Composer = { page: Page; faults: Faults };

const world = await openWorld();
const CAPTION = 'typed with care';
const REFUSED: Answer = { status: 403, says: /This is not allowed/ };
/** After these, a photo is sent again by itself. */
const PASSING = new Set([0, 409, 429, 500]);
/** Those to HEAD have no body that could say more. */
const BARE = [
  { status: 0, says: /The server cannot be reached/ },
  REFUSED,
  { status: 404, says: /This is not here/ },
  { status: 409, says: /The server could not do this just now/ },
  { status: 413, says: /This is too large to be sent/ },
  { status: 422, says: /The server could not do this just now/ },
  { status: 429, says: /That was a little too fast/ },
  { status: 500, says: /The server could not do this just now/ },
] satisfies Answer[];

async function openComposer(handle: string) {
  await world.account(handle);
  const opened = await openPage(world.base, PHONE);
  const { page } = opened;
  await hurry(page);
  await signIn(page, handle);
  const faults = await openFaults(page);
  await page.goto('/new');
  await page.getByText('Choose photos').waitFor();
  return { ...opened, faults };
}

const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name }).first();

/** Each answer to a call that carries a photo: it goes on by itself, or the photo says why it cannot be sent. */
async function sends(
  { page, faults }: Composer,
  call: Call,
  answers: readonly Answer[],
  again: () => Promise<unknown>,
): Promise<void> {
  for (const answer of answers) {
    faults.set(call, answer);
    await again();
    await faults.isMet();
    await isTold(page, answer.says);
    if (PASSING.has(answer.status)) {
      await page.getByText('Sending goes on by itself').waitFor();
      faults.set(call, REFUSED);
      await page.evaluate(() => dispatchEvent(new Event('online')));
      await isTold(page, REFUSED.says);
    }
    await button(page, 'Try again to send photo 1').waitFor();
    await button(page, 'Remove photo 1').waitFor();
  }
  faults.set(call, SIGNED_OUT);
  await again();
  await comesBack({ page, faults }, call);
  await button(page, 'Try again to send photo 1').waitFor();
}

/** Away to sign in; and then the draft is there again. */
async function comesBack({ page, faults }: Composer, call: Call): Promise<void> {
  await faults.isMet();
  await leadsToSignIn(page);
  faults.set(call, REFUSED);
  await page.goto('/new');
  await page.getByText('Your draft was kept').waitFor();
}

/** The whole photo in one request: what comes after it goes on with what the server has. */
async function sendsWhole({ page, faults }: Composer, file: string): Promise<void> {
  for (const answer of ANSWERS) {
    faults.set('PUT /uploads/:', answer);
    await choose(page, file);
    await faults.isMet();
    if (PASSING.has(answer.status)) {
      await received(page, 1, 1);
      await button(page, 'Remove photo').click();
    } else {
      await isTold(page, answer.says);
      await button(page, 'Remove photo 1').click();
    }
    await page.getByText('Choose photos').waitFor();
  }
  // It comes while the photo is still being edited.
  faults.set('PUT /uploads/:', SIGNED_OUT);
  await page.getByLabel('Photos', { exact: true }).setInputFiles(file);
  await comesBack({ page, faults }, 'PUT /uploads/:');
  await received(page, 1, 1);
  await button(page, 'Remove photo').click();
  await page.getByText('Choose photos').waitFor();
}

/** Saved a moment after each change: the line says why it is not, and the words stay. */
async function saves({ page, faults }: Composer, call: Call): Promise<void> {
  const caption = page.getByLabel('Caption');
  for (const [turn, answer] of ANSWERS.entries()) {
    faults.set(call, answer);
    await caption.fill(`${CAPTION} ${turn}`);
    await faults.isMet();
    if (answer.status === 404) {
      await isTold(page, /was shared or deleted on another device/);
      faults.none();
      await button(page, 'Keep it here').click();
    } else await isTold(page, answer.says);
    assert.equal(await caption.inputValue(), `${CAPTION} ${turn}`);
  }
  await page.getByText('Saved as a draft').waitFor();
  faults.set('PUT /drafts/:', SIGNED_OUT);
  await caption.fill(`${CAPTION} and more`);
  await comesBack({ page, faults }, 'PUT /drafts/:');
  assert.equal(await caption.inputValue(), `${CAPTION} and more`);
  faults.none();
  await caption.fill(CAPTION);
  await page.getByText('Saved as a draft').waitFor();
}

/** Tried again by itself until the member takes it back, or refused: then the button is there again. */
async function shares({ page, faults }: Composer, call: Call, name: string): Promise<void> {
  const share = page.getByRole('button', { name, exact: true });
  for (const answer of ANSWERS) {
    faults.set(call, answer);
    await share.click();
    await faults.isMet();
    if ([0, 429].includes(answer.status)) {
      await isTold(page, answer.says);
      await page.getByText('It is tried again by itself').waitFor();
      await button(page, 'Do not share yet').click();
    } else if (answer.status === 404) {
      await isTold(page, /was shared or deleted on another device/);
      faults.none();
      await button(page, 'Keep it here').click();
      // What was published elsewhere is not scheduled a second time by itself.
      if (name === 'Schedule') await page.getByRole('switch', { name: 'Share later' }).click();
    } else await isTold(page, answer.says);
    await share.waitFor();
    assert.equal(await page.getByLabel('Caption').inputValue(), CAPTION);
  }
  await page.getByText('Saved as a draft').waitFor();
  faults.set(call, SIGNED_OUT);
  await share.click();
  await faults.isMet();
  await leadsToSignIn(page);
  faults.none();
  await page.goto('/new');
}

describe('while a post is made', { concurrency: 2 }, () => {
  test('a photo goes on by itself, or says why not; who was signed out finds it again', async () => {
    const composer = await openComposer('eve');
    const { page, problems, close, faults } = composer;
    const file = await makePhoto('refused.jpg', 800, 80);
    const retry = () => button(page, 'Try again to send photo 1').click();
    faults.set('POST /uploads', REFUSED);
    await choose(page, file);
    await sends(composer, 'POST /uploads', ANSWERS, retry);
    await button(page, 'Remove photo 1').click();
    await sendsWhole(composer, file);
    // A ticket is there: what the server has is asked for, and then the rest is sent.
    faults.set('PUT /uploads/:', REFUSED);
    await choose(page, file);
    await button(page, 'Try again to send photo 1').waitFor();
    const there = ANSWERS.filter(({ status }) => status !== 404);
    await sends(composer, 'GET /uploads/:', there, retry);
    await sends(composer, 'POST /uploads/:/complete', ANSWERS, retry);
    await sends(composer, 'HEAD /uploads/:', BARE, retry);
    await sends(composer, 'PATCH /uploads/:', ANSWERS, retry);
    faults.none();
    await retry();
    await received(page, 1, 1);
    assert.deepEqual(faultsOf(problems), []);
    await close();
  });

  test('a draft, its time and its sharing: what is typed stays, and it is shared once in the end', async () => {
    const composer = await openComposer('flo');
    const { page, problems, close, faults } = composer;
    faults.set('POST /drafts', REFUSED);
    await choose(page, await makePhoto('shared.jpg', 800, 80));
    await received(page, 1, 1);
    await isTold(page, REFUSED.says);
    await saves(composer, 'POST /drafts');
    await saves(composer, 'PUT /drafts/:');

    await page.getByRole('switch', { name: 'Share later' }).click();
    await shares(composer, 'PUT /drafts/:/schedule', 'Schedule');
    await page.getByText('Your post is scheduled').waitFor();
    await page.getByRole('link', { name: /Will be published/ }).click();
    await received(page, 1, 1);
    await page.getByRole('switch', { name: 'Share later' }).click();
    await shares(composer, 'POST /posts', 'Share');
    await page.waitForURL('**/p/*', { timeout: DEVELOP_MS });
    const posts = await until(async () => {
      const all = await postsOf(world, 'flo');
      return all.length > 0 ? all : null;
    }, 'it is shared');
    assert.deepEqual(
      posts.map(({ caption }) => caption),
      [CAPTION],
    );
    assert.deepEqual(faultsOf(problems), []);
    await close();
  });
});
