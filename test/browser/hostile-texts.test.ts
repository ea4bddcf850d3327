/** Texts that are known to break web pages are typed in everywhere: they are shown as they are, and nothing of them runs. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import known from 'big-list-of-naughty-strings' with { type: 'json' };
import type { Page } from 'playwright-core';
import { openWorld, type Person, until } from '../world.ts';
import { DESKTOP, openPage, PHONE, policyReports, signIn } from './browser.ts';
import { goTo } from './faults.ts';
import { choose, makePhoto } from './sharing.ts';

/** Those with control characters the server refuses everywhere. */
const TEXTS = known.filter((text) => !/[^\P{Cc}\n\t]/u.test(text) && text.trim() !== '');
const PHOTOS_MAX = 20;
const STEP_PX = 1_500;
const STEP_MS = 60;
/** So long nothing may come, and there is still more. */
const QUIET_STEPS = 40;
const SCRIPTS = TEXTS.filter((text) => /[<>"'`]|javascript:|on\w+=/i.test(text));

const world = await openWorld();
const ann = await world.account('ann');
const mia = await world.account('mia');
const tiny = new Uint8Array(await readFile(await makePhoto('tiny.jpg', 32)));

/** Says whether any of them ran: they alert, write into the page, or load something. */
async function mustBeCalm(page: Page, ran: string[], problems: string[]): Promise<void> {
  assert.deepEqual(ran, [], 'no text ran');
  // Some texts nobody may look for.
  assert.deepEqual(
    problems.filter((problem) => !problem.includes('status of 400')),
    [],
  );
  const [strange, handlers] = await page.evaluate(() => {
    const strange = [
      ...document.querySelectorAll(
        ['script', 'iframe', 'object', 'embed', 'marquee', 'link', 'meta'].map((tag) => `main ${tag}`).join(),
      ),
    ].map((node) => node.outerHTML);
    const isText = /^(alt|title|value|placeholder|content|aria-.*)$/;
    const handlers = [...document.querySelectorAll('*')]
      .flatMap((node) =>
        [...node.attributes]
          .filter(
            ({ name, value }) =>
              name.startsWith('on') || (!isText.test(name) && /^\s*(javascript|data|vbscript):/i.test(value)),
          )
          .map(({ name, value }) => `${name}=${value.slice(0, 80)}`),
      )
      .filter((each) => !/^(src|poster|style)=data:image\//.test(each));
    return [strange, handlers];
  });
  assert.deepEqual(strange, []);
  assert.deepEqual(handlers, []);
}

/** Of those that the server refuses (empty once trimmed, characters that no text may hold) nothing is kept. */
async function tryAll<Each>(all: Each[], send: (each: Each) => Promise<{ status: number }>): Promise<number> {
  let taken = 0;
  for (const each of all) {
    const { status } = await send(each);
    assert.ok(status < 300 || status === 400, `${status} for ${JSON.stringify(each)}`);
    if (status < 300) taken++;
  }
  return taken;
}

/** Each text is a name, a bio, a caption, an alt text and a place: of an account and a post of its own. */
async function makeAuthors(follower: Person): Promise<string[]> {
  const handles: string[] = [];
  for (const [at, text] of SCRIPTS.entries()) {
    const author = await world.account(`author${at}`);
    const photos = [{ uploadId: await author.uploads(tiny), altText: text.slice(0, 1_000) }];
    const post = { caption: text.slice(0, 2_000), photos, placeName: text.slice(0, 60) };
    const sends = [
      () => author.act('PATCH', '/me', { body: { name: text.slice(0, 50) } }),
      () => author.act('PATCH', '/me', { body: { bio: text.slice(0, 150) } }),
      () => author.act('POST', '/posts', { body: post }),
    ];
    const taken = await tryAll(sends, (send) => send());
    if (taken === 0) continue;
    await follower.follows(author);
    handles.push(author.handle);
  }
  await world.settled(120_000);
  return handles;
}

async function openWatched(device: typeof PHONE) {
  const opened = await openPage(world.base, device);
  const ran: string[] = [];
  opened.page.on('dialog', async (dialog) => {
    ran.push(dialog.message());
    await dialog.dismiss();
  });
  const isCalm = () => mustBeCalm(opened.page, ran, opened.problems);
  const close = async () => {
    await isCalm();
    await opened.close();
    assert.deepEqual(await policyReports(world), [], 'no browser had to keep anything from running');
  };
  return { page: opened.page, isCalm, close };
}

/** Reads a list screen by screen, as only what is near the screen is drawn. Gives whose items were seen. */
async function readToTheEnd(page: Page, handles: string, isCalm: () => Promise<void>): Promise<Set<string>> {
  const seen = new Set<string>();
  await page.locator(handles).first().waitFor();
  for (let quiet = 0; quiet < QUIET_STEPS; quiet++) {
    const before = seen.size;
    for (const handle of await page.locator(handles).allTextContents()) seen.add(handle);
    if (seen.size > before) quiet = 0;
    await isCalm();
    await page.mouse.wheel(0, STEP_PX);
    await page.waitForTimeout(STEP_MS);
  }
  return seen;
}

test('no name, bio, caption, alt text or place runs: in feeds, lists, on profiles and posts', async () => {
  const handles = await makeAuthors(mia);
  assert.ok(handles.length > SCRIPTS.length * 0.95, `${handles.length} of ${SCRIPTS.length} were taken`);
  const { page, isCalm, close } = await openWatched(PHONE);
  await signIn(page, 'mia');
  await page.getByRole('article').first().waitFor();
  const authors = await readToTheEnd(page, '.feed-post .post-author a', isCalm);
  assert.ok(authors.size > handles.length * 0.95, `the posts of ${authors.size} were seen`);
  for (const handle of handles) {
    await goTo(page, `/@${handle}`);
    await page.getByRole('heading', { level: 1, name: handle, exact: true }).waitFor();
    await page.locator('.grid-cell').first().waitFor();
    await isCalm();
  }
  await page.goto('/@mia/following');
  const rows = await readToTheEnd(page, 'main .account-handle', isCalm);
  assert.ok(rows.size > handles.length * 0.95, `${rows.size} accounts were seen`);
  await close();
});

test('no comment of a few hundred runs, and nothing that is typed or looked for', async () => {
  const post = await ann.posts('say it');
  const taken = await tryAll(TEXTS, (text) =>
    ann.act('POST', `/posts/${post.id}/comments`, { body: { text: text.slice(0, 1_000) } }),
  );
  assert.ok(taken > TEXTS.length * 0.95, `${taken} of ${TEXTS.length} were taken`);
  const { page, isCalm, close } = await openWatched(DESKTOP);
  await signIn(page, 'mia');
  await page.goto(`/p/${post.id}`);
  const earlier = page.getByRole('button', { name: 'View earlier comments' });
  const comments = page.locator('.comments > li');
  await comments.first().waitFor();
  while (await earlier.isVisible()) {
    const before = await comments.count();
    await earlier.click();
    await comments.nth(before).waitFor();
  }
  assert.ok((await comments.count()) >= taken, `${await comments.count()} of ${taken}`);
  await isCalm();
  for (const text of SCRIPTS) await page.getByLabel('Add a comment').fill(text);
  await isCalm();

  await page.goto('/new');
  await choose(page, await makePhoto('typed.jpg', 64));
  for (const text of SCRIPTS)
    for (const label of ['Caption', 'Place', /^Description/]) await page.getByLabel(label).first().fill(text);
  await isCalm();
  for (const text of SCRIPTS.filter((_, at) => at % 10 === 0)) {
    await goTo(page, `/explore?q=${encodeURIComponent(text.slice(0, 100))}`);
    await page.getByText('Nothing begins with').or(page.getByRole('grid')).first().waitFor();
    await isCalm();
  }
  await close();
});

test('no name of a file runs', async () => {
  const { page, isCalm, close } = await openWatched(DESKTOP);
  await signIn(page, 'mia');
  const photos = await Promise.all(
    SCRIPTS.slice(0, PHOTOS_MAX).map(async (_, at) => readFile(await makePhoto(`plain-${at}.jpg`, 64))),
  );
  for (let at = 0; at < SCRIPTS.length; at += PHOTOS_MAX) {
    const files = photos.flatMap((buffer, nth) => {
      const name = SCRIPTS[at + nth];
      return name ? [{ name: `${name}.jpg`, mimeType: 'image/jpeg', buffer }] : [];
    });
    await page.goto('/new');
    await page.getByLabel('Photos', { exact: true }).setInputFiles(files);
    await page.getByRole('dialog').getByRole('button', { name: 'Next' }).click();
    const first = `Photo 1 of ${files.length}, received`;
    await page.getByRole('button', { name: new RegExp(`^${first}`) }).waitFor({ timeout: 60_000 });
    await isCalm();
    await page.getByRole('button', { name: 'Discard' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Discard' }).click();
    await page.getByText('Choose photos').waitFor();
  }
  await close();
});

test('the checks see what they look for: a script that did get in is kept from running, and reported', async () => {
  const { page, problems, close } = await openPage(world.base, PHONE);
  await page.goto('/sign-in');
  await page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'document.title = "ran"';
    document.body.append(script);
  });
  await until(
    async () => ((await policyReports(world)).length > 0 ? true : null),
    'the browser has reported it',
  );
  assert.deepEqual(await policyReports(world), ['pinhole_policy_reports_total{directive="script-src"} 1']);
  assert.notEqual(await page.title(), 'ran');
  assert.match(problems.join(), /Content Security Policy/);
  await close();
});
