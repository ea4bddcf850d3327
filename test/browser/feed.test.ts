/** The home feed as it is read: long, steady, back at its place; photos whole; what is new is announced. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { openWorld, type Person, until } from '../world.ts';
import { DESKTOP, openPage, PHONE, signUp } from './browser.ts';

type Shifts = { value: number; moved: string[] };
type Noting = { shifts: Shifts };

const POSTS = 44;
const LONG = 'A caption that is longer than two lines on any screen. '.repeat(8);
const SHAPES = [
  [900, 600],
  [600, 750],
  [500, 1_000],
  [700, 700],
] as const;

/** The stream begins with what was posted in the last minutes. */
const LOOKED_BACK_MS = 1_000;

const world = await openWorld();
const ann = await world.account('ann');
const album = await ann.posts('twenty photos', await pictures(20));
await publishMany(ann, POSTS);
await ann.posts(`a middling caption ${'of some words '.repeat(6)}`);
await ann.posts('the newest so far', await pictures(2));

for (const [device, viewport] of [
  ['phone', PHONE],
  ['desktop', DESKTOP],
] as const) {
  test(`on a ${device}: a long feed stays small, moves nothing, and is found again after back and reload`, async () => {
    const { page, problems, close } = await openFeed(`reader_${device}`, viewport);
    await noteShifts(page);
    await page.goto('/');
    await page.getByText('the newest so far').waitFor();
    await scrollToEnd(page);
    await page.getByText('That is everything').waitFor();
    assert.equal(await page.locator('.feed-post').count(), POSTS + 3);
    const drawn = await page.locator('article').count();
    assert.ok(drawn < 18, `${drawn} posts are drawn at the end of the feed`);

    await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight / 2));
    const place = await settledPlace(page);
    const seen = await topPost(page);
    await page.locator('article').filter({ hasText: seen.caption }).getByLabel('Comment').click();
    await page.waitForURL('**/p/*');
    await page.getByLabel('Add a comment').waitFor();
    await scrollWhileLeft(page);
    await page.goBack();
    await page.locator('.feed-post article').first().waitFor();
    assert.deepEqual(await topPost(page), seen, 'the same post stands at the same place after back');
    assert.equal(await settledPlace(page), place);

    await page.reload();
    await page.locator('article').first().waitFor();
    assert.equal(await settledPlace(page), place);
    assert.deepEqual(await topPost(page), seen, 'and after a reload');
    const { shifts } = await page.evaluate(() => ({ shifts: (window as unknown as Noting).shifts }));
    assert.deepEqual(shifts, { value: 0, moved: [] });
    assert.deepEqual(problems, []);
    await close();
  });
}

test('a network that is lost in the middle keeps the list, and goes on when asked to', async () => {
  const { page, close } = await openFeed('lost', PHONE);
  await page.goto('/');
  await page.getByText('the newest so far').waitFor();
  await page.route('**/api/v1/feed?*', (route) => route.abort());
  await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight));
  const again = page.getByRole('button', { name: 'Try again' });
  await again.waitFor();
  const place = await page.evaluate(() => window.scrollY);
  assert.ok((await page.locator('article').count()) > 2);
  await page.unroute('**/api/v1/feed?*');
  await again.click();
  await until(
    async () => ((await page.locator('.feed-post').count()) > 10 ? true : null),
    'more posts are there',
  );
  assert.ok(Math.abs((await page.evaluate(() => window.scrollY)) - place) < 2, 'nothing moved');
  await close();
});

test('what has the focus stays on the page, however far it is', async () => {
  const { page, close } = await openFeed('tabber', DESKTOP);
  await page.goto('/');
  await page.getByText('the newest so far').waitFor();
  const like = page.locator('article').first().getByRole('button', { name: 'Like', exact: true });
  await like.focus();
  await scrollToEnd(page);
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('aria-label')), 'Like');
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  await until(
    async () => ((await page.getByText('the newest so far').count()) === 0 ? true : null),
    'the first post is emptied once the focus has left it',
  );
  await close();
});

test('a photo opens whole by a tap and by Enter; keys, zoom, description; Escape and back close it', async () => {
  const { page, problems, close } = await openFeed('viewer', PHONE);
  await page.goto('/');
  const post = page.locator('article').filter({ hasText: 'the newest so far' });
  await post.locator('img').first().click();
  const viewer = page.getByRole('dialog', { name: 'Photos of ann' });
  await viewer.waitFor();
  await viewer.getByText('1/2').waitFor();
  await page.keyboard.press('ArrowRight');
  await viewer.getByText('2/2').waitFor();
  assert.equal(await viewer.getByText('a photo by ann').count(), 0);
  await viewer.getByRole('button', { name: 'Description' }).click();
  await viewer.getByText('a photo by ann').waitFor();
  await page.keyboard.press('+');
  assert.match(await seenPhoto(page), /scale\(1\.5\)/);
  await page.keyboard.press('0');
  assert.match(await seenPhoto(page), /scale\(1\)/);
  await page.mouse.dblclick(PHONE.width / 2, PHONE.height / 2);
  assert.match(await seenPhoto(page), /scale\(2\.5\)/);
  await page.keyboard.press('Escape');
  await viewer.waitFor({ state: 'detached' });
  await post.getByText('2/2').waitFor();
  assert.equal(new URL(page.url()).pathname, '/');

  const open = post.getByRole('button', { name: 'View full screen' });
  await open.focus();
  await page.keyboard.press('Enter');
  await viewer.waitFor();
  await page.goBack();
  await viewer.waitFor({ state: 'detached' });
  assert.equal(
    await page.evaluate(() => document.activeElement?.getAttribute('aria-label')),
    'View full screen',
  );
  assert.equal(new URL(page.url()).pathname, '/');
  assert.deepEqual(problems, []);
  await close();
});

test('two taps like the post, and open nothing', async () => {
  const { page, close } = await openFeed('liker', PHONE);
  await page.goto('/');
  const post = page.locator('article').filter({ hasText: 'the newest so far' });
  await post.locator('img').first().dblclick();
  await post.getByRole('button', { name: 'Like', pressed: true }).waitFor();
  assert.equal(await page.getByRole('dialog').count(), 0);
  await close();
});

test('twenty photos: five dots, each photo by key, the next one fetched ahead, nothing moves', async () => {
  const { page, problems, close } = await openFeed('carousel', DESKTOP);
  await page.goto('/');
  await page.getByText('the newest so far').waitFor();
  await noteShifts(page);
  await page.goto(`/@ann`);
  await page.goto(`/p/${album.id}`);
  const figure = page.locator('figure.carousel');
  await figure.locator('li img').nth(1).waitFor({ state: 'attached' });
  const dots = figure.locator('.carousel-dots > div');
  assert.equal((await dots.boundingBox())?.width, 55, 'as wide as five dots');
  await figure.locator('ul').focus();
  for (let at = 2; at <= 20; at++) {
    await page.keyboard.press('ArrowRight');
    await figure.getByText(`${at}/20`).waitFor();
    if (at < 20)
      await until(
        () =>
          figure
            .locator('li')
            .nth(at)
            .locator('img')
            .evaluate((img: HTMLImageElement) => img.complete || null),
        `photo ${at + 1} is there before it is asked for`,
      );
  }
  assert.equal(await figure.locator('[data-here="true"]').count(), 1);
  assert.deepEqual(await page.evaluate(() => (window as unknown as Noting).shifts), { value: 0, moved: [] });
  assert.deepEqual(problems, []);
  await close();
});

test('a photo taller than 4:5 is whole in a frame of 4:5', async () => {
  const { page, close } = await openFeed('shapes', DESKTOP);
  await page.goto('/');
  const slide = page.locator('figure[aria-label="Photo"] .carousel-slide:has([data-fills="height"])').first();
  await goOn(page);
  await slide.scrollIntoViewIfNeeded();
  const [box, frame] = await Promise.all([slide.locator('.photo-box').boundingBox(), slide.boundingBox()]);
  assert.ok(box && frame);
  assert.ok(Math.abs(frame.width / frame.height - 0.8) < 0.01, `${frame.width} × ${frame.height}`);
  assert.ok(Math.abs(box.width / box.height - 0.5) < 0.01, `${box.width} × ${box.height}`);
  await close();
});

test('new posts are announced, and come to the top when asked for; what was seen before is marked', async () => {
  const { page, problems, close } = await openFeed('waiter', PHONE);
  const isListening = page.waitForResponse(/\/api\/v1\/live\b/);
  await page.goto('/');
  await page.getByText('the newest so far').waitFor();
  await isListening;
  await page.waitForTimeout(LOOKED_BACK_MS);
  assert.equal(await page.locator('.new-posts button').count(), 0, 'what is there is not announced');
  assert.equal(
    await page.getByText('You have seen the posts below before.').count(),
    0,
    'at the first visit',
  );
  await page.evaluate(() => window.scrollTo(0, 3_000));
  const place = await settledPlace(page);
  const seen = await topPost(page);
  const fresh = await ann.posts('fresh from the darkroom', await pictures(1));
  await world.settled();
  await page.clock.install({ time: Date.now() + 60_000 });
  await page.evaluate(() => window.dispatchEvent(new Event('focus')));
  const pill = page.getByRole('status').getByRole('button', { name: 'New post' });
  await pill.waitFor();
  assert.equal(await settledPlace(page), place, 'nothing moved');
  assert.deepEqual(await topPost(page), seen);
  await pill.click();
  await page.getByText('fresh from the darkroom').waitFor();
  await until(
    async () => ((await page.evaluate(() => window.scrollY)) === 0 ? true : null),
    'it is at the top',
  );
  assert.equal(await pill.count(), 0);
  await page.getByText('the newest so far').waitFor();
  const texts = (await page.locator('.feed').textContent()) ?? '';
  const [at, divider, before] = ['fresh from', 'You have seen the posts below', 'the newest so far'].map(
    (text) => texts.indexOf(text),
  );
  assert.ok(at !== undefined && divider !== undefined && before !== undefined);
  assert.ok(at > 0 && at < divider && divider < before, 'the mark is between new and old');
  await page.reload();
  await page.getByText('You have seen the posts below').waitFor();
  await ann.deletes(fresh);
  assert.deepEqual(problems, []);
  await close();
});

test('a caption is folded after two lines, also when the window becomes narrower', async () => {
  const { page, close } = await openFeed('folder', DESKTOP);
  await page.goto('/');
  const folded = page.locator('.folded').filter({ hasText: 'longer than two lines' }).first();
  await goOn(page);
  await folded.scrollIntoViewIfNeeded();
  const more = page.locator('.caption').filter({ has: folded }).getByRole('button').last();
  await more.waitFor();
  const lines = () =>
    folded.evaluate(
      (caption) => caption.clientHeight / Number.parseFloat(getComputedStyle(caption).lineHeight),
    );
  assert.equal(Math.round(await lines()), 2);
  const short = page.locator('.caption').filter({ hasText: 'a middling caption' });
  assert.equal(await short.getByRole('button').count(), 0, 'on a wide screen it is shown whole');
  await page.setViewportSize({ width: 320, height: 700 });
  await short.getByRole('button', { name: 'Show more of the caption' }).waitFor();
  await short.getByRole('button', { name: 'Show more of the caption' }).click();
  assert.equal(await short.getByRole('button').count(), 0);
  await close();
});

/** The server draws a few posts; more come when somebody scrolls. */
async function goOn(page: Page): Promise<void> {
  const few = await page.locator('article').count();
  await page.mouse.move(100, 100);
  await page.mouse.wheel(0, 2_000);
  await page.locator('article').nth(few).waitFor();
}

async function openFeed(handle: string, viewport: typeof PHONE) {
  const opened = await openPage(world.base, viewport);
  await signUp(opened.page, handle);
  const reader = await world.signsIn(handle);
  await reader.follows(ann);
  await world.settled();
  return opened;
}

/** Small, each another file. */
async function pictures(count: number, seed = 0): Promise<Uint8Array<ArrayBuffer>[]> {
  return await Promise.all(
    Array.from({ length: count }, async (_, at) => {
      const [width, height] = SHAPES[(seed + at) % SHAPES.length] ?? [600, 600];
      const background = { r: (seed * 37 + at * 11) % 256, g: (seed * 91) % 256, b: (at * 53 + 80) % 256 };
      const bytes = await sharp({ create: { width, height, channels: 3, background } })
        .jpeg()
        .toBuffer();
      return new Uint8Array(bytes);
    }),
  );
}

async function publishMany(person: Person, count: number): Promise<void> {
  for (let at = 0; at < count; at++) {
    const [picture] = await pictures(1, at + 1);
    if (!picture) return;
    await person.publishes(`post ${at} ${at % 3 === 0 ? LONG : ''}`, [await person.uploads(picture)]);
  }
  await world.settled(120_000);
}

/** From now on, in each page that is opened: what moves without being asked to. */
function noteShifts(page: Page): Promise<unknown> {
  return page.addInitScript(() => {
    const shifts: Shifts = { value: 0, moved: [] };
    Object.assign(window, { shifts });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & {
        value: number;
        hadRecentInput: boolean;
        sources: { node?: Element }[];
      })[]) {
        if (entry.hadRecentInput) continue;
        shifts.value += entry.value;
        shifts.moved.push(...entry.sources.map(({ node }) => `${node?.nodeName}.${node?.className}`));
      }
    }).observe({ type: 'layout-shift', buffered: true });
  });
}

/** As a reader does: a screen at a time, until nothing more comes. */
async function scrollToEnd(page: Page): Promise<void> {
  const isAtEnd = () =>
    page.evaluate(() => {
      window.scrollBy(0, window.innerHeight * 2);
      return (
        document.querySelector('.feed-end') !== null &&
        window.innerHeight + window.scrollY + 2 >= document.body.scrollHeight
      );
    });
  await until(async () => ((await isAtEnd()) ? true : null), 'the end of the feed is there');
}

/** Where the page stands once it stands still. */
function settledPlace(page: Page): Promise<number> {
  return page.evaluate(async () => {
    for (let before = -1; before !== window.scrollY; ) {
      before = window.scrollY;
      for (let frames = 0; frames < 6; frames++) await new Promise(requestAnimationFrame);
    }
    return Math.round(window.scrollY);
  });
}

/** A page that is left may still move before the next one is drawn: that is not the place of the next one. */
async function scrollWhileLeft(page: Page): Promise<void> {
  await page.evaluate(() => {
    const scroll = () => window.dispatchEvent(new Event('scroll'));
    window.addEventListener('popstate', scroll, { once: true });
  });
}

/** The post in the middle of the screen: its caption, and where it begins. */
function topPost(page: Page): Promise<{ caption: string; top: number }> {
  return page.evaluate(() => {
    const article = document
      .elementFromPoint(window.innerWidth / 2, window.innerHeight / 2)
      ?.closest('article');
    const found = /post \d+/.exec(article?.textContent ?? '')?.[0] ?? '';
    return { caption: `${found} `, top: Math.round(article?.getBoundingClientRect().top ?? -1) };
  });
}

function seenPhoto(page: Page): Promise<string> {
  return page.evaluate(
    () =>
      document.querySelector<HTMLElement>('.viewer-slide:not([aria-hidden="true"]) .viewer-photo')?.style
        .transform ?? '',
  );
}
