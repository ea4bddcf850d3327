/** What a visitor who is not signed in is sent: whole pages, before any script runs, and nothing that a stranger may not see. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { openWorld, PASSWORD, samplePhoto } from '../world.ts';
import { DESKTOP, openPage, PHONE, signUp } from './browser.ts';

const world = await openWorld();
const [ann, bob, paul] = await world.accounts('ann', 'bob', 'paul');
const HOSTILE = `"</script><script>window.hurt = 1</script>'<img src=x onerror="window.hurt = 1">&amp;`;
await ann.edits({ name: 'Ann Author', bio: `Light and shade ${HOSTILE}` });
await paul.edits({ isPrivate: true, name: 'Paul Private' });
const post = await ann.posts(`Fog over the harbour #fog ${HOSTILE}`, [samplePhoto, samplePhoto]);
await bob.comments(post, `What a morning ${HOSTILE}`);
await paul.comments(post, 'A word of a private account');
const hidden = await paul.posts('A secret garden');
await world.settled();

test('without scripts: a post with its photos, words and comments; a profile with its squares; links lead on', async () => {
  const { page, problems, close } = await openPage(world.base, PHONE, 'light', { javaScriptEnabled: false });
  await page.goto(`/p/${post.id}`);
  await page.getByText('Fog over the harbour').waitFor();
  await page.getByText('What a morning').waitFor();
  const photo = page.getByAltText('a photo by ann').first();
  const box = await photo.boundingBox();
  assert.ok(box && box.width > 300, JSON.stringify(box));
  await page.getByRole('link', { name: 'ann', exact: true }).first().click();
  await page.waitForURL('**/@ann');
  await page.getByRole('heading', { name: 'ann' }).waitFor();
  await page.getByText('Light and shade').waitFor();
  await page.getByRole('list', { name: 'Posts' }).getByRole('link').first().click();
  await page.waitForURL('**/p/*');
  assert.deepEqual(problems, []);
  await close();
});

/** What the server drew at this address is still there when the scripts have come, and nothing has moved or run. */
async function assertTakenOver(page: Page, at: string): Promise<void> {
  await page.addInitScript(() => {
    const shifts: number[] = [];
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) shifts.push((entry as unknown as { value: number }).value);
    }).observe({ type: 'layout-shift', buffered: true });
    Object.assign(window, { shifts });
  });
  await page.goto(at);
  await page.locator('main').evaluate((main) => Object.assign(window, { drawnMain: main }));
  await page.waitForLoadState('networkidle');
  assert.ok(
    await page.evaluate(() => 'drawnMain' in window && document.querySelector('main') === window.drawnMain),
    'what the server drew is still there',
  );
  assert.equal(await page.evaluate(() => Reflect.get(window, 'hurt')), undefined);
  const shifts = await page.evaluate(() => Reflect.get(window, 'shifts') as number[]);
  assert.ok(shifts.reduce((sum, each) => sum + each, 0) <= 0.01, `${at}: ${shifts}`);
}

for (const [device, viewport] of [
  ['phone', PHONE],
  ['desktop', DESKTOP],
] as const) {
  test(`on a ${device}: the scripts take over what stands there, move nothing, and ask for nothing again`, async () => {
    const { page, problems, close } = await openPage(world.base, viewport);
    const asked: string[] = [];
    page.on('request', (request) => {
      const { pathname } = new URL(request.url());
      if (pathname.startsWith('/api/')) asked.push(pathname);
    });
    for (const at of [`/p/${post.id}`, '/@ann']) await assertTakenOver(page, at);
    assert.deepEqual(asked, []);
    await page.getByRole('list', { name: 'Posts' }).getByRole('link').first().click();
    await page.getByText('What a morning').waitFor();
    assert.deepEqual(problems, []);
    await close();
  });
}

test('what a stranger may not see is not in the page', async () => {
  for (const at of [`/p/${hidden.id}`, '/@paul']) {
    const text = await world.page(at);
    assert.doesNotMatch(text, /secret garden/);
    assert.doesNotMatch(text, new RegExp(`/media/[^"]*${hidden.photos[0]?.mediaId}`));
  }
  assert.match(await world.page('/@paul'), /This account is private/);
  assert.match(await world.page(`/p/${post.id}`), /A word of a private account/);
});

for (const [device, viewport] of [
  ['phone', PHONE],
  ['desktop', DESKTOP],
] as const) {
  test(`on a ${device}: a member's home page is there before scripts are, with what he may see, and is taken over`, async () => {
    const { page, problems, close } = await openPage(world.base, viewport, 'dark');
    const reader = `reader_${device}`;
    await signUp(page, reader);
    const member = await world.signsIn(reader);
    await member.follows(ann);
    await member.follows(paul);
    await world.settled();
    await paul.accepts(member);
    await world.settled();
    const asked: string[] = [];
    page.on('request', (each) => asked.push(new URL(each.url()).pathname));
    await assertTakenOver(page, '/');
    assert.ok(!asked.some((at) => /^\/api\/v1\/(me|home|feed)$/.test(at)), `${asked}`);
    const drawn = await page.request.get('/');
    assert.match(await drawn.text(), /A secret garden/);
    assert.equal(drawn.headers()['cache-control'], 'private, no-store');
    const like = page.getByRole('article').first().getByRole('button', { name: 'Like', exact: true });
    await like.click();
    await page.locator('article .like[aria-pressed=true]').waitFor();
    assert.deepEqual(problems, []);

    const passwords = { currentPassword: PASSWORD, newPassword: `new ${PASSWORD}` };
    await member.must('PUT', '/me/password', { body: passwords });
    const ended = await page.request.get('/');
    assert.equal(ended.status(), 200);
    assert.doesNotMatch(await ended.text(), /secret garden|Fog over/);
    await close();
  });
}

test('the theme that was chosen is there before the client is, also where the system has the other one', async () => {
  const { page, problems, close } = await openPage(world.base, PHONE, 'light');
  await signUp(page, 'nightowl');
  await page.goto('/settings?section=appearance');
  await page.getByText('Dark', { exact: true }).click();
  await page.evaluate(async () => {
    for (const each of await navigator.serviceWorker.getRegistrations()) await each.unregister();
  });
  await page.route('**/assets/first-*.js', () => undefined);
  await page.goto('/', { waitUntil: 'commit' });
  const colour = await page.waitForFunction(
    () => document.styleSheets.length > 0 && getComputedStyle(document.documentElement).backgroundColor,
  );
  assert.equal(await colour.jsonValue(), 'rgb(15, 15, 15)');
  assert.deepEqual(problems, []);
  await close();
});

test('members are sent other pages empty, which ask for them as who they are', async () => {
  const { page, close } = await openPage(world.base, PHONE);
  await page.context().addCookies([{ name: 'pinhole_session', value: 'x', url: world.base }]);
  const reply = await page.request.get(`/p/${post.id}`);
  assert.doesNotMatch(await reply.text(), /What a morning/);
  await close();
});
