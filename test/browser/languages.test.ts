/** In each language: nothing is left in English, nothing is too wide, and the direction is right. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { directionOf, type Language, languages } from '../../core/languages.ts';
import { sql } from '../../server/infra/sql.ts';
import { listAreas, readCatalogue } from '../../web/i18n/catalogues.ts';
import { upright } from '../photos.ts';
import { openWorld, PASSWORD } from '../world.ts';
import { findViolations } from './axe.ts';
import { assertNoSidewaysScroll, isThere, openPage, takePicture } from './browser.ts';
import { settingsSections } from './screens.ts';

/** Whose handle looks like a key. */
const ADMIN = 'the.keeper';
const NARROW = { width: 320, height: 720 };

const world = await openWorld();
const [friend, fan] = await world.accounts('friend', 'fan');
const { id: postId } = await friend.posts('a quiet morning');
await world.settled();
const post = { id: postId };
await fan.likes(post);
await fan.comments(post, 'ooh');
await world.settled();

for (const language of languages) {
  test(`from sign-up to the settings in ${language}`, async () => {
    const { page, problems, close } = await openPage(world.base, NARROW, 'light', { locale: language });
    const say = await readAll(language);
    const leftovers = await englishBesides(language);
    const check = () => assertIn(page, language, leftovers);

    await page.goto('/');
    await page.getByRole('heading', { name: say('entrance.promise') }).waitFor();
    await check();
    await assertManifest(page, language, say);
    await page.getByRole('link', { name: say('common.signUp') }).click();
    const handle = `mara_${language.slice(0, 2)}`;
    await page.getByLabel(say('entrance.handle'), { exact: true }).fill('x');
    await page.getByLabel(say('entrance.email')).fill(`${handle}@example.org`);
    await page.getByLabel(say('entrance.password'), { exact: true }).fill(PASSWORD);
    await check();
    await page.getByLabel(say('entrance.handle'), { exact: true }).fill(handle);
    await page.getByRole('button', { name: say('common.signUp') }).click();
    await page.getByRole('heading', { name: say('entrance.photoTitle') }).waitFor();
    await check();
    for (const step of ['words', 'people']) {
      await page.goto(`/welcome?step=${step}`);
      await page.getByRole('heading', { name: say(`entrance.${step}Title`) }).waitFor();
      await check();
    }
    const mara = await world.signsIn(handle);
    await mara.follows(friend);
    await fan.follows(mara);
    await world.settled();

    await page.goto('/');
    await page.getByRole('article').first().waitFor();
    await check();
    await page.goto(`/p/${postId}`);
    await page.getByPlaceholder(say('post.addCommentHint')).waitFor();
    await page.getByText('ooh').waitFor();
    await check();
    await page.goto('/@friend');
    await page.getByRole('heading', { name: 'friend' }).waitFor();
    await page.getByRole('list', { name: say('feed.posts') }).waitFor();
    await check();
    await page.goto('/activity');
    await page.getByRole('heading', { name: say('activity.new'), exact: true }).waitFor();
    await check();
    for (const at of [`/@${handle}/tagged`, `/@${handle}/saved`, '/archive', '/explore']) {
      await page.goto(at);
      await isThere(page);
      await check();
    }
    await page.goto('/new');
    await page.getByRole('button', { name: say('composer.choose') }).waitFor();
    await check();
    await page.getByLabel(say('composer.photos'), { exact: true }).setInputFiles(upright);
    await page
      .getByRole('dialog')
      .getByRole('button', { name: say('composer.done') })
      .click();
    await page.getByLabel(say('composer.shareLater')).check();
    await page.getByText(say('composer.draftSaved')).waitFor();
    await check();
    await takePicture(page, `new-${language}`);
    await page.getByRole('button', { name: say('composer.tagPeople') }).click();
    await page.getByLabel(say('composer.whoIsIt')).waitFor();
    await check();
    await takePicture(page, `people-${language}`);
    await page.goto('/drafts');
    await page.getByText(say('composer.noCaption')).waitFor();
    await check();
    await takePicture(page, `drafts-${language}`);
    const own = await mara.posts('before');
    await page.goto(`/p/${own.id}/edit`);
    await page.getByRole('button', { name: say('composer.save') }).waitFor();
    await check();
    await takePicture(page, `edit-${language}`);
    await failsAll(own.id, mara.id);
    await page.goto(`/p/${own.id}`);
    await page.getByText(say('errors.image_lost')).first().waitFor();
    await check();
    await page.goto('/drafts');
    await page.getByText(say('errors.draft_photo_gone')).waitFor();
    await check();
    for (const section of settingsSections) {
      await page.goto(`/settings?section=${section}`);
      await isThere(page);
      await check();
    }
    assert.deepEqual(problems, []);
    await close();
  });
}

test('a language that was chosen stays, at the same place', async () => {
  const { page, problems, close } = await openPage(world.base, NARROW);
  const chooser = await world.account('chooser');
  await page.goto('/sign-in?next=%2Fsettings%3Fsection%3Dappearance');
  await page.getByLabel('Handle or e-mail address').fill('chooser');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByLabel('Language').selectOption({ label: 'العربية' });
  await page.locator('html[dir=rtl]').waitFor();
  assert.match(page.url(), /\/settings\?section=appearance$/);
  assert.equal((await chooser.get('/me')).language, 'ar', 'mails come in it, too');
  const say = await readAll('ar');
  await page.getByLabel(say('settings.language')).selectOption({ label: 'English' });
  await page.locator('html[dir=ltr]').waitFor();
  await page.getByLabel('Language').waitFor();
  assert.deepEqual(problems, []);
  await close();
});

test('what the server refuses is said in the language of the page', async () => {
  const { page, close } = await openPage(world.base, NARROW, 'light', { locale: 'de' });
  const say = await readAll('de');
  await page.goto('/sign-in');
  await page.getByLabel(say('entrance.login')).fill('friend');
  await page.getByLabel(say('entrance.password')).fill('not the password');
  await page.getByRole('button', { name: say('common.signIn') }).click();
  await page.getByText(say('errors.wrong_sign_in')).waitFor();
  await page.goto('/sign-up');
  await page.getByLabel(say('entrance.handle'), { exact: true }).fill('friend');
  await page.getByLabel(say('entrance.email')).fill('another@example.org');
  await page.getByLabel(say('entrance.password'), { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: say('common.signUp') }).click();
  await page.getByText(say('errors.field_handle_taken')).waitFor();
  await close();
});

test('the first page comes in the language of the cookie, else of the browser, with its messages beside it', async () => {
  const ask = async (headers: Record<string, string>) => {
    const reply = await fetch(world.base, { headers });
    assert.equal(reply.headers.get('vary'), 'cookie, accept-language');
    const html = await reply.text();
    return { tag: /<html[^>]*>/.exec(html)?.[0], preloads: html.match(/modulepreload/g)?.length ?? 0 };
  };
  const table: [Record<string, string>, string][] = [
    [{}, '<html lang="en" dir="ltr">'],
    [{ 'accept-language': 'de-AT,de;q=0.9,en;q=0.5' }, '<html lang="de" dir="ltr">'],
    [{ 'accept-language': 'en;q=0.3, pt-PT;q=0.8, fr' }, '<html lang="pt-BR" dir="ltr">'],
    [{ 'accept-language': 'de;q=0, *;q=0.1' }, '<html lang="en" dir="ltr">'],
    [{ 'accept-language': 'de', cookie: 'language=ar' }, '<html lang="ar" dir="rtl">'],
    [{ 'accept-language': 'de', cookie: 'language="><script>' }, '<html lang="de" dir="ltr">'],
  ];
  for (const [headers, tag] of table) assert.equal((await ask(headers)).tag, tag, JSON.stringify(headers));
  const preview = await (
    await fetch(`${world.base}/@friend`, { headers: { 'accept-language': 'de' } })
  ).text();
  assert.match(preview, /<title>friend \(@friend\) auf Pinhole<\/title>/);
  const visitor = await ask({});
  const member = await ask({ cookie: 'pinhole_session=whatever' });
  assert.equal(visitor.preloads - member.preloads, 1);
});

/** As the browser reads it that installs the app. */
async function assertManifest(page: Page, language: Language, say: Say): Promise<void> {
  const devtools = await page.context().newCDPSession(page);
  const { data, errors } = await devtools.send('Page.getAppManifest');
  const { lang, dir, description, shortcuts } = JSON.parse(data ?? '');
  assert.deepEqual(
    [errors, lang, dir, description, shortcuts[0].name],
    [[], language, directionOf(language), say('server.appText'), say('server.newPost')],
  );
}

/** The post's photo, and all drafts of the account, with a sentence that only other clients should show. */
async function failsAll(failedId: string, accountId: string): Promise<void> {
  await world.rows(sql`update posts set state = 'failed' where post_id = ${failedId}`);
  await world.rows(sql`
    update media set state = 'failed', failure_code = 'image_lost', failure_message = 'English', renditions = '[]'
    where media_id in (select media_id from post_media where post_id = ${failedId})`);
  await world.rows(sql`
    update drafts set failure = 'English', failure_code = 'draft_photo_gone' where account_id = ${accountId}`);
}

type Say = (key: string) => string;

async function readAll(language: Language): Promise<Say> {
  const texts = new Map<string, string>();
  for (const area of await listAreas())
    for (const [name, text] of Object.entries(await readCatalogue(language, area)))
      texts.set(`${area}.${name}`, text);
  return (key) => texts.get(key) ?? key;
}

/** English texts of more than one word that the language says otherwise. */
async function englishBesides(language: Language): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (const area of await listAreas()) {
    const [english, own] = [await readCatalogue('en', area), await readCatalogue(language, area)];
    for (const [name, text] of Object.entries(english))
      if (/\w \w/.test(text) && !text.includes('{') && own[name] !== text) found.add(text);
  }
  return found;
}

async function assertIn(page: Page, language: Language, english: ReadonlySet<string>): Promise<void> {
  const shown = await page.evaluate(() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const texts: string[] = [];
    while (walker.nextNode()) texts.push(walker.currentNode.textContent?.trim() ?? '');
    for (const element of document.querySelectorAll('[aria-label], [title], [placeholder]'))
      for (const name of ['aria-label', 'title', 'placeholder']) texts.push(element.getAttribute(name) ?? '');
    const { lang, dir } = document.documentElement;
    return { texts, lang, dir };
  });
  assert.equal(shown.lang, language);
  assert.equal(shown.dir, directionOf(language));
  const where = page.url();
  assert.deepEqual(
    shown.texts.filter((text) => english.has(text)),
    [],
    where,
  );
  // A key that has no text, or whose catalogue was not loaded.
  assert.deepEqual(
    shown.texts.filter((text) => /^[a-z]+\.[a-zA-Z_]+$/.test(text) && text !== ADMIN),
    [],
    where,
  );
  await assertNoSidewaysScroll(page);
  assert.deepEqual(await findViolations(page), [], where);
}
