/**
 * The photo editor in a real browser without a graphics card: a 12-megapixel photo is chosen for a new post, every
 * filter is tried, a slider is moved. What is counted is what reaches the canvas.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import sharp from 'sharp';
import { findChromium } from '../server/main/admin/programs.ts';
import { root } from '../server/main/app.ts';
import { makeAdmin, step } from './people.ts';
import { type Bench, type Figures, median, type Scenario, startSystem, type Wish } from './system.ts';

/**
 * What the page notes; times are in ms of its own clock. `prepareMs` is as the page waits for the worker; browsers tell
 * of tasks from 50 ms on, so that `longestTaskMs` is 0 when none was as long.
 */
type Notes = { drawnAt: number[]; prepareMs: number[]; longestTaskMs: number };
type Noting = { notes: Notes };
type ManifestChunk = { file: string; css?: string[]; imports?: string[]; assets?: string[] };

const SECONDS = 4;
const QUALITIES = [88, 89, 90, 91, 92];
const PHONE = { width: 390, height: 844 };
const SIZE = { width: 4_032, height: 3_024 };
const DIST = path.join(root, 'dist/web');
const EDITOR = 'editor/Editor.tsx';
const WAIT_MS = 60_000;

export const editor: Scenario = {
  name: 'editor',
  about:
    'the photo editor in Chromium: first preview of a filter, frames of a slider, preparing 12 megapixels',
  measure,
};

async function measure(bench: Bench, wish: Wish): Promise<Figures> {
  const files = await step('photographs of the fixtures made large', makeLargePhotos(bench));
  const system = await startSystem(bench);
  await makeAdmin(system);
  const browser = await openBrowser(bench);
  const page = await openNewPost(browser, system.base);
  const openMs = await step('choosing photos', choosePhotos(page, files));
  const filterMs = await step('trying the filters', tryFilters(page));
  const seconds = wish.seconds ?? SECONDS;
  const sliderFps = await step('moving a slider', moveSlider(page, seconds));
  const { prepareMs, longestTaskMs } = await page.evaluate(() => (window as unknown as Noting).notes);
  return {
    editorOpenMs: openMs,
    editorPrepareMs: median(prepareMs),
    editorFilterMs: median(filterMs),
    editorFilterMaxMs: Math.max(...filterMs),
    editorSliderFps: sliderFps,
    editorLongestTaskMs: longestTaskMs,
    editorCodeBytes: await countCode(),
  };
}

/** With grain, as a camera's: without it they would be decoded too fast. Each is another file: none is known already. */
async function makeLargePhotos(bench: Bench): Promise<string[]> {
  const noise = { type: 'gaussian' as const, mean: 128, sigma: 12 };
  const grain = await sharp({ create: { ...SIZE, channels: 3, background: '#808080', noise } })
    .png()
    .toBuffer();
  const photo = sharp(path.join(root, 'test/fixtures/orientation/Landscape_1.jpg'))
    .autoOrient()
    .resize(SIZE.width, SIZE.height, { fit: 'cover' })
    .composite([{ input: grain, blend: 'soft-light' }]);
  const files = QUALITIES.map((quality) => path.join(bench.folder, `quality-${quality}.jpg`));
  for (const [at, file] of files.entries()) await photo.clone().jpeg({ quality: QUALITIES[at] }).toFile(file);
  return files;
}

async function openBrowser(bench: Bench): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: await findChromium(),
    args: ['--no-sandbox', '--disable-gpu'],
  });
  bench.closing.push(() => browser.close());
  return browser;
}

async function openNewPost(browser: Browser, base: string): Promise<Page> {
  const context = await browser.newContext({ viewport: PHONE, hasTouch: true, baseURL: base });
  context.setDefaultTimeout(WAIT_MS);
  const page = await context.newPage();
  await page.addInitScript(takeNotes);
  await page.goto('/sign-up');
  await page.getByLabel('Handle', { exact: true }).fill('member');
  await page.getByLabel('E-mail address').fill('member@example.org');
  await page.getByLabel('Password', { exact: true }).fill('a long password of the benchmark');
  await page.getByRole('button', { name: 'Sign up' }).click();
  await page.getByRole('navigation', { name: 'Main' }).waitFor();
  await page.goto('/new');
  return page;
}

/** Runs in the page, before its own code: listens at the canvas of the stage, and at the workers. */
function takeNotes(): void {
  const notes: Notes = { drawnAt: [], prepareMs: [], longestTaskMs: 0 };
  Object.assign(window, { notes });
  const { prototype } = ImageBitmapRenderingContext;
  const draw = prototype.transferFromImageBitmap;
  prototype.transferFromImageBitmap = function (this: ImageBitmapRenderingContext, bitmap) {
    draw.call(this, bitmap);
    if (this.canvas instanceof HTMLCanvasElement && this.canvas.classList.contains('editor-photo'))
      notes.drawnAt.push(performance.now());
  };
  const post = Worker.prototype.postMessage;
  Worker.prototype.postMessage = function (this: Worker, message: { kind?: string; callId?: number }) {
    if (message.kind === 'prepare') {
      const startMs = performance.now();
      this.addEventListener('message', ({ data }) => {
        if (data.callId === message.callId) notes.prepareMs.push(performance.now() - startMs);
      });
    }
    post.call(this, message);
  };
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries())
      notes.longestTaskMs = Math.max(notes.longestTaskMs, duration);
  }).observe({ type: 'longtask' });
}

/** One after the other, so that none waits for another; gives the median of the ms from a file to its picture in the editor. */
async function choosePhotos(page: Page, files: readonly string[]): Promise<number> {
  await page.getByLabel('Photos', { exact: true }).waitFor({ state: 'attached' });
  // What loading and signing in cost is not the editor's.
  await page.evaluate(() => {
    (window as unknown as Noting).notes.longestTaskMs = 0;
  });
  const opened: number[] = [];
  for (const [at, file] of files.entries()) {
    const startMs = performance.now();
    await page.getByLabel('Photos', { exact: true }).setInputFiles(file);
    await page.locator('.editor-photo[data-drawn="true"]').waitFor();
    opened.push(performance.now() - startMs);
    await page.locator('.strip-photo[aria-label*="received"]').nth(at).waitFor({ state: 'attached' });
    if (at < files.length - 1) await page.getByRole('button', { name: 'Next' }).click();
  }
  return median(opened);
}

/** The ms from each choice to its picture; the tiles are being drawn meanwhile. */
function tryFilters(page: Page): Promise<number[]> {
  return page.evaluate(async () => {
    const { notes } = window as unknown as Noting;
    const times: number[] = [];
    for (const filter of [...document.querySelectorAll<HTMLElement>('.editor-filter')].slice(1)) {
      const count = notes.drawnAt.length;
      const startMs = performance.now();
      filter.click();
      while (notes.drawnAt.length === count) await new Promise((resolve) => setTimeout(resolve, 1));
      times.push((notes.drawnAt.at(-1) ?? 0) - startMs);
    }
    return times;
  });
}

/** Frames per second, with a new value at every frame that the browser paints. */
function moveSlider(page: Page, seconds: number): Promise<number> {
  return page.evaluate(async (lasts) => {
    const { notes } = window as unknown as Noting;
    const slider = document.querySelector<HTMLInputElement>('.slider-range');
    const setValue = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set;
    if (!slider || !setValue) throw new Error('There is no slider.');
    const count = notes.drawnAt.length;
    const startMs = performance.now();
    for (let value = 0; performance.now() - startMs < lasts * 1_000; value = (value + 1) % 101) {
      setValue.call(slider, String(value));
      slider.dispatchEvent(new Event('input', { bubbles: true }));
      await new Promise(requestAnimationFrame);
    }
    const frames = notes.drawnAt.length - count;
    return (frames * 1_000) / (performance.now() - startMs);
  }, seconds);
}

/** What the browser fetches for the editor and not for the first screen, compressed: code, styles, worker, kernel. */
async function countCode(): Promise<number> {
  const manifest: Record<string, ManifestChunk> = JSON.parse(
    await readFile(path.join(DIST, '.vite/manifest.json'), 'utf8'),
  );
  const first = filesOf(manifest, 'index.html');
  // The kernel is the worker's, and the worker's files are not in the manifest.
  const kernels = (await readdir(path.join(DIST, 'assets'))).filter((name) => name.endsWith('.wasm'));
  const files = [...filesOf(manifest, EDITOR), ...kernels.map((name) => `assets/${name}`)];
  let bytes = 0;
  for (const file of files.filter((each) => !first.has(each))) {
    const compressed = await stat(path.join(DIST, `${file}.br`)).catch(() => stat(path.join(DIST, file)));
    bytes += compressed.size;
  }
  return bytes;
}

function filesOf(manifest: Record<string, ManifestChunk>, name: string): Set<string> {
  const files = new Set<string>();
  const seen = new Set<string>();
  const visit = (key: string): void => {
    const chunk = manifest[key];
    if (!chunk || seen.has(key)) return;
    seen.add(key);
    for (const file of [chunk.file, ...(chunk.css ?? []), ...(chunk.assets ?? [])]) files.add(file);
    for (const next of chunk.imports ?? []) visit(next);
  };
  visit(name);
  return files;
}
