/** Texts that are known to break web pages are typed in everywhere: they are shown as they are, and nothing of them runs. */
import assert from 'node:assert/strict';
import { rename } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import known from 'big-list-of-naughty-strings' with { type: 'json' };
import type { Page } from 'playwright-core';
import { openWorld, type Person, samplePhoto } from '../world.ts';
import { DESKTOP, openPage, signIn } from './browser.ts';
import { makePhoto } from './sharing.ts';

const AT_ONCE = 60;
const NAME_MAX = 50;
/** Those with control characters the server refuses everywhere. */
const TEXTS = known.filter((text) => !/[^\P{Cc}\n\t]/u.test(text) && text.trim() !== '');
const SCRIPTS = TEXTS.filter((text) => /[<>"'`]|javascript:|on\w+=/i.test(text));

const world = await openWorld();
const ann = await world.account('ann');
const mia = await world.account('mia');
await mia.follows(ann);

/** Says whether any of them ran: they alert, write into the page, or load something. */
async function mustBeCalm(page: Page, ran: string[], problems: string[]): Promise<void> {
  assert.deepEqual(ran, [], 'no text ran');
  assert.deepEqual(problems, []);
  const strange = await page.evaluate(() =>
    [...document.querySelectorAll('main *')]
      .filter((node) =>
        ['SCRIPT', 'IFRAME', 'OBJECT', 'EMBED', 'MARQUEE', 'LINK', 'META'].includes(node.tagName),
      )
      .map((node) => node.outerHTML),
  );
  assert.deepEqual(strange, []);
  const handlers = await page.evaluate(() =>
    [...document.querySelectorAll('*')]
      .flatMap((node) =>
        [...node.attributes]
          .filter(
            ({ name, value }) => name.startsWith('on') || /^\s*(javascript|data|vbscript):/i.test(value),
          )
          .map(({ name, value }) => `${name}=${value.slice(0, 80)}`),
      )
      .filter((each) => !/^(src|poster|style)=data:image\//.test(each)),
  );
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

function lot<Each>(all: Each[], size: number): Each[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, at) =>
    all.slice(at * size, (at + 1) * size),
  );
}

async function postsAll(person: Person): Promise<string[]> {
  const posts: string[] = [];
  for (const texts of lot(TEXTS, AT_ONCE)) {
    const photos = [];
    for (const text of texts.slice(0, 4))
      photos.push({
        uploadId: await person.uploads(samplePhoto),
        altText: text,
        edits: { look: { filter: 'none' } },
      });
    const body = {
      caption: texts.join('\n').slice(0, 2_000),
      photos,
      placeName: SCRIPTS[posts.length]?.slice(0, 60),
    };
    const reply = await person.must('POST', '/posts', { body });
    posts.push(reply.body.id);
  }
  await world.settled();
  return posts;
}

test('no text of a few hundred runs in a caption, an alt text, a place, a comment, a name or a bio', async () => {
  const posts = await postsAll(ann);
  const [first] = posts;
  assert.ok(first);
  const taken = await tryAll(TEXTS, (text) =>
    ann.act('POST', `/posts/${first}/comments`, { body: { text: text.slice(0, 1_000) } }),
  );
  assert.ok(taken > TEXTS.length * 0.95, `${taken} of ${TEXTS.length} were taken`);

  const { page, problems, close } = await openPage(world.base, DESKTOP);
  const ran: string[] = [];
  page.on('dialog', async (dialog) => {
    ran.push(dialog.message());
    await dialog.dismiss();
  });
  for (const postId of posts) {
    await page.goto(`/p/${postId}`);
    await page.getByRole('heading', { name: /^Post by/ }).waitFor({ state: 'attached' });
    await mustBeCalm(page, ran, problems);
  }
  await signIn(page, 'mia');
  await page.getByRole('article').first().waitFor();
  for (let at = 0; at < 8; at++) await page.mouse.wheel(0, 2_000);
  await mustBeCalm(page, ran, problems);
  await page.goto(`/p/${first}`);
  await page.getByRole('heading', { name: /^Post by/ }).waitFor({ state: 'attached' });
  await mustBeCalm(page, ran, problems);

  for (const texts of lot(SCRIPTS, 50)) {
    const bio = texts.join(' ').slice(0, 150);
    const name = texts[0]?.slice(0, NAME_MAX) ?? '';
    const taken = await tryAll([{ name, bio }], (body) => ann.act('PATCH', '/me', { body }));
    if (taken === 0) continue;
    for (const at of ['/@ann', '/@mia/following', '/explore?q=ann']) {
      await page.goto(at);
      await page
        .getByText('@ann')
        .or(page.getByText('ann', { exact: true }))
        .first()
        .waitFor();
      await mustBeCalm(page, ran, problems);
    }
  }
  await close();
});

test('no name of a file runs', async () => {
  const { page, problems, close } = await openPage(world.base, DESKTOP);
  const ran: string[] = [];
  page.on('dialog', async (dialog) => {
    ran.push(dialog.message());
    await dialog.dismiss();
  });
  await signIn(page, 'mia');
  const names = SCRIPTS.filter((text) => !/[/\0]/.test(text) && Buffer.byteLength(text) < 200).slice(0, 20);
  const files: string[] = [];
  for (const [at, name] of names.entries()) {
    const file = await makePhoto(`plain-${at}.jpg`, 64);
    const to = path.join(path.dirname(file), `${name}.jpg`);
    await rename(file, to);
    files.push(to);
  }
  await page.goto('/new');
  await page.getByLabel('Photos', { exact: true }).setInputFiles(files);
  await page.getByRole('dialog').getByRole('button', { name: 'Next' }).click();
  await page
    .getByRole('button', { name: new RegExp(`^Photo 1 of ${files.length}, received`) })
    .waitFor({ timeout: 60_000 });
  await mustBeCalm(page, ran, problems);
  await close();
});
