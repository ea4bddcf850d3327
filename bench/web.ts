/**
 * The web client in Chromium. The first visit, a session of a minute and the second visit on a middling phone: CPU slowed 4×,
 * network as DevTools' "Fast 4G". The scrolling of 200 posts on a desktop, without brakes.
 */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Browser, type BrowserContext, type CDPSession, chromium, type Page } from 'playwright-core';
import { findChromium } from '../server/main/admin/programs.ts';
import { root } from '../server/main/app.ts';
import { makeAdmin, makeMembers, makePhoto, makePosts, step } from './people.ts';
import { type Bench, type Figures, type Scenario, type System, startSystem, type Wish } from './system.ts';
import { blockingMs, interactionMs, type Noting, takeWebNotes, type WebNotes } from './web-notes.ts';

type State = Awaited<ReturnType<BrowserContext['storageState']>>;
type Visit = { context: BrowserContext; page: Page; devtools: CDPSession; requests: string[] };

const AUTHORS = 10;
const POSTS_EACH = 22;
const SECONDS = 60;
const PHONE = {
  viewport: { width: 412, height: 823 },
  deviceScaleFactor: 2.625,
  isMobile: true,
  hasTouch: true,
};
const DESKTOP = { viewport: { width: 1_440, height: 900 } };
const CPU_SLOWED = 4;
/** DevTools' preset "Fast 4G": 9 Mbit/s down and 1.5 up, of which nine tenths; 60 ms × 2.75. */
const FAST_4G = {
  offline: false,
  latency: 165,
  downloadThroughput: ((9 * 1_000_000) / 8) * 0.9,
  uploadThroughput: ((1.5 * 1_000_000) / 8) * 0.9,
};
const SETTLED_MS = 3_000;
const WAIT_MS = 60_000;
/** The stream of what happens, which stays open. */
const LIVE = '/api/v1/live';
const DIST = path.join(root, 'dist/web');
/** Frames are counted while so many px are scrolled in each: about 2,400 px in a second. */
const PX_PER_FRAME = 40;

export const web: Scenario = {
  name: 'web',
  about:
    'the web client in Chromium: first and second visit and a session on a slow phone, 200 posts scrolled',
  measure,
};

async function measure(bench: Bench, wish: Wish): Promise<Figures> {
  const system = await startSystem(bench);
  await makeAdmin(system);
  const authors = await makeMembers(system, 'author', AUTHORS);
  const photo = await makePhoto(1_440, 1_080);
  await step(`${AUTHORS * POSTS_EACH} posts`, makePosts(system, authors, POSTS_EACH, photo));
  const browser = await openBrowser(bench);
  const authorIds = authors.map(({ accountId }) => accountId);
  const state = await step('a member who follows all of them', makeReader(browser, system, authorIds));

  const visit = await openVisit(browser, system, state, PHONE);
  await brake(visit);
  const first = await step('first visit', visitFirst(visit));
  const session = await step('session', spendTime(visit, wish.seconds ?? SECONDS));
  const second = await step('second visit', visitAgain(visit));
  await visit.context.close();
  const desktop = await openVisit(browser, system, state, DESKTOP);
  const scrolled = await step('scrolling 200 posts', scrollFar(desktop));
  return { ...first, ...session, ...second, ...scrolled };
}

async function openBrowser(bench: Bench): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: await findChromium(),
    args: ['--no-sandbox', '--disable-gpu', '--enable-precise-memory-info'],
  });
  bench.closing.push(() => browser.close());
  return browser;
}

async function makeReader(browser: Browser, { base }: System, authorIds: string[]): Promise<State> {
  const context = await browser.newContext({ baseURL: base });
  context.setDefaultTimeout(WAIT_MS);
  const page = await context.newPage();
  await page.goto('/sign-up');
  await page.getByLabel('Handle', { exact: true }).fill('reader');
  await page.getByLabel('E-mail address').fill('reader@example.org');
  await page.getByLabel('Password', { exact: true }).fill('a long password of the benchmark');
  await page.getByRole('button', { name: 'Sign up' }).click();
  await page.getByRole('navigation', { name: 'Main' }).waitFor();
  await page.evaluate(async (ids) => {
    const sent = { method: 'PUT', headers: { 'content-type': 'application/json' }, body: '{}' };
    for (const id of ids) await fetch(`/api/v1/accounts/${id}/follow`, sent);
  }, authorIds);
  const state = await context.storageState();
  await context.close();
  return state;
}

/** In a profile with an empty cache; `requests` are the addresses that went over the network. */
async function openVisit(
  browser: Browser,
  { base }: System,
  storageState: State,
  device: object,
): Promise<Visit> {
  const context = await browser.newContext({ ...device, baseURL: base, storageState });
  context.setDefaultTimeout(WAIT_MS);
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  await devtools.send('Network.enable');
  await page.addInitScript(takeWebNotes);
  const requests: string[] = [];
  devtools.on('Network.responseReceived', ({ response }) => {
    if (!response.fromDiskCache && !response.fromServiceWorker) requests.push(new URL(response.url).pathname);
  });
  return { context, page, devtools, requests };
}

async function brake({ devtools }: Visit): Promise<void> {
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: CPU_SLOWED });
  await devtools.send('Network.emulateNetworkConditions', FAST_4G);
}

async function visitFirst({ page, requests }: Visit): Promise<Figures> {
  await openFeed(page);
  const notes = await notesOf(page);
  return {
    lcpMs: notes.lcpMs,
    firstPaintMs: notes.firstPaintMs,
    tbtMs: blockingMs(notes),
    visitCls: notes.cls,
    firstScreenJsBytes: await countFirstCode(page),
    firstVisitRequests: requests.length,
    ...(await countPixels(page)),
  };
}

async function openFeed(page: Page): Promise<void> {
  await page.goto('/');
  await page.locator('article img').first().waitFor();
  await page.waitForLoadState('networkidle');
  await delay(SETTLED_MS);
}

/** What a member does, with touches and keys as the browser gets them from outside, until the time is over. */
async function spendTime({ page }: Visit, seconds: number): Promise<Figures> {
  const endMs = performance.now() + seconds * 1_000;
  const acts = [readOn, likeSome, openMenu, openAndComment, searchSome];
  for (let at = 0; performance.now() < endMs; at++) await acts[at % acts.length]?.(page);
  const notes = await notesOf(page);
  const count = await page.evaluate(
    () => (performance as Performance & { interactionCount?: number }).interactionCount ?? 0,
  );
  return { inpMs: interactionMs(notes, count), interactions: count, cls: notes.cls };
}

async function readOn(page: Page): Promise<void> {
  for (let screens = 0; screens < 5; screens++) {
    await page.mouse.wheel(0, 600);
    await delay(200);
  }
}

/** The first of those that are on the screen. */
async function onScreen(page: Page, selector: string): Promise<void> {
  const place = await page.evaluate((wanted) => {
    const found = [...document.querySelectorAll(wanted)].map((element) => element.getBoundingClientRect());
    const box = found.find(({ top, bottom }) => top > 80 && bottom < innerHeight - 80);
    return box ? { x: box.left + box.width / 2, y: box.top + box.height / 2 } : null;
  }, selector);
  if (place) await page.touchscreen.tap(place.x, place.y);
  await delay(250);
}

async function likeSome(page: Page): Promise<void> {
  await onScreen(page, 'article .like');
  await page.mouse.wheel(0, 500);
  await delay(200);
  await onScreen(page, 'article .like');
}

async function openMenu(page: Page): Promise<void> {
  await onScreen(page, 'article .menu > button');
  await page.keyboard.press('Escape');
  await delay(200);
}

async function openAndComment(page: Page): Promise<void> {
  await onScreen(page, 'article .post-actions > a');
  const field = page.getByLabel('Add a comment');
  if (
    !(await field.waitFor({ timeout: 3_000 }).then(
      () => true,
      () => false,
    ))
  )
    return;
  await field.tap();
  await page.keyboard.type('What a light', { delay: 60 });
  await page.keyboard.press('Enter');
  await delay(400);
  await page.goBack();
  await page.locator('article.post').first().waitFor();
}

async function searchSome(page: Page): Promise<void> {
  await page.locator('.nav a[href="/explore"]').tap();
  const field = page.getByRole('combobox');
  await field.tap();
  await page.keyboard.type('author', { delay: 60 });
  await delay(600);
  await page.goBack();
  await page.locator('article.post').first().waitFor();
}

/** In the same profile, with its cache, as another tab of the same browser. */
async function visitAgain({ context }: Visit): Promise<Figures> {
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  await devtools.send('Network.enable');
  const requests: string[] = [];
  devtools.on('Network.responseReceived', ({ response }) => {
    if (!response.fromDiskCache && !response.fromServiceWorker) requests.push(new URL(response.url).pathname);
  });
  await openFeed(page);
  const live = requests.filter((at) => at === LIVE).length;
  const apiCalls = requests.filter((at) => at.startsWith('/api/')).length - live;
  const photos = requests.filter((at) => at.startsWith('/media/')).length;
  const shell = requests.length - apiCalls - live - photos;
  return { secondVisitApiCalls: apiCalls, secondVisitStreams: live, secondVisitShellRequests: shell };
}

async function scrollFar({ page, devtools }: Visit): Promise<Figures> {
  await openFeed(page);
  const early = await scrollTo(page, 50);
  const before = await weigh(page, devtools);
  const late = await scrollTo(page, 200);
  const after = await weigh(page, devtools);
  return {
    framesPerSecond: (early.frames + late.frames) / (early.seconds + late.seconds),
    nodesAt50: before.nodes,
    nodesAt200: after.nodes,
    heapBytesAt50: before.heapBytes,
    heapBytesAt200: after.heapBytes,
  };
}

/** Until so many posts are above the end of the screen; waiting for a page of the list is not scrolling. */
function scrollTo(page: Page, posts: number): Promise<{ frames: number; seconds: number }> {
  return page.evaluate(
    async ([wanted, px]) => {
      let frames = 0;
      let ms = 0;
      const isThere = () => {
        const last = document.querySelectorAll('.feed-post').item(wanted - 1);
        return last !== null && last.getBoundingClientRect().top < innerHeight;
      };
      let lastMs = await new Promise(requestAnimationFrame);
      while (!isThere()) {
        const place = scrollY;
        scrollBy(0, px);
        const nowMs = await new Promise(requestAnimationFrame);
        if (scrollY !== place) {
          frames++;
          ms += nowMs - lastMs;
        }
        lastMs = nowMs;
      }
      return { frames, seconds: ms / 1_000 };
    },
    [posts, PX_PER_FRAME] as const,
  );
}

async function weigh(page: Page, devtools: CDPSession): Promise<{ nodes: number; heapBytes: number }> {
  await delay(1_000);
  await devtools.send('HeapProfiler.collectGarbage');
  await devtools.send('Performance.enable');
  const { metrics } = await devtools.send('Performance.getMetrics');
  const heapBytes = metrics.find(({ name }) => name === 'JSHeapUsedSize')?.value ?? 0;
  return { nodes: await page.evaluate(() => document.querySelectorAll('*').length), heapBytes };
}

/** Of the photos that are there: pixels fetched to pixels shown, at this density of the screen. */
async function countPixels(page: Page): Promise<Figures> {
  const overs = await page.evaluate(() =>
    [...document.querySelectorAll<HTMLImageElement>('article .photo-box img')]
      .filter((image) => image.complete && image.currentSrc)
      .map((image) => {
        const { pathname } = new URL(image.currentSrc);
        const taken = image.srcset.split(', ').find((each) => each.startsWith(pathname));
        const width = Number(/ (\d+)w$/.exec(taken ?? '')?.[1]);
        return (width / (image.getBoundingClientRect().width * devicePixelRatio)) ** 2;
      }),
  );
  return { fetchedToShownMax: Math.max(0, ...overs) };
}

/** Compressed, as it is sent: the scripts and catalogues of text that the page itself names. */
async function countFirstCode(page: Page): Promise<number> {
  const html = await (await page.request.get('/')).text();
  const files = new Set([...html.matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map(([, file]) => file));
  let bytes = 0;
  for (const file of files) bytes += (await stat(path.join(DIST, `${file}.br`))).size;
  return bytes;
}

async function notesOf(page: Page): Promise<WebNotes> {
  return await page.evaluate(() => (window as unknown as Noting).webNotes);
}
