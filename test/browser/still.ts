/** A page of which two pictures, taken on two machines, are alike: at rest, in one font, and without what changes by itself. */
import { readFile } from 'node:fs/promises';
import type { Page, Request } from 'playwright-core';
import { until } from '../world.ts';
import { type Picture, shrink } from './pictures.ts';

/** Machines have other fonts. These are for the tests alone (OFL-1.1): nothing of them is shipped. */
const FONTS = [
  [
    import.meta.resolve('@fontsource-variable/inter/files/inter-latin-wght-normal.woff2'),
    'U+0000-05FF, U+2000-FAFF',
  ],
  [
    import.meta.resolve(
      '@fontsource-variable/noto-sans-arabic/files/noto-sans-arabic-arabic-wght-normal.woff2',
    ),
    'U+0600-08FF, U+FB50-FDFF, U+FE70-FEFC',
  ],
] as const;
const fonts = await Promise.all(
  FONTS.map(async ([file, unicodeRange]) => ({
    bytes: await readFile(new URL(file), 'base64'),
    unicodeRange,
  })),
);

/** Tells whether the page asks the server for something now. The stream of live events, which never ends, does not count. */
export function watchRequests(page: Page): () => boolean {
  const pending = new Set<Request>();
  page.on('request', (request) => request.resourceType() !== 'eventsource' && pending.add(request));
  page.on('requestfinished', (request) => pending.delete(request));
  page.on('requestfailed', (request) => pending.delete(request));
  return () => pending.size > 0;
}

/** A picture of the whole page, or of what covers the window, when all of it is drawn. The page is for nothing but looks afterwards. */
export async function takeStill(page: Page, isAsking: () => boolean): Promise<Picture> {
  await until(async () => (isAsking() ? null : true), 'the page has what it asked for');
  await page.evaluate(dress, fonts);
  // The blur beneath a photo may be drawn or not.
  await page.waitForFunction(() => {
    const canvases = [
      ...document.querySelectorAll<HTMLCanvasElement>('canvas:not(.placeholder, .frame-blur)'),
    ];
    return !document.querySelector('.spinner') && canvases.every(({ width }) => width > 1);
  });
  return await takeDressed(page);
}

/** A picture of a page that waits for an answer. */
export async function takeWaiting(page: Page): Promise<Picture> {
  await page.evaluate(dress, fonts);
  return await takeDressed(page);
}

async function takeDressed(page: Page): Promise<Picture> {
  const isCovered = (await page.locator('dialog[open], [role="menu"]').count()) > 0;
  return await shrink(await page.screenshot({ fullPage: !isCovered, animations: 'disabled' }));
}

/** Runs in the page. A font from bytes and a constructed sheet are what our policy lets in. */
async function dress(fonts: { bytes: string; unicodeRange: string }[]): Promise<void> {
  const family = 'Approved';
  if (![...document.fonts].some((each) => each.family === family)) {
    for (const { bytes, unicodeRange } of fonts) {
      const source = Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0));
      const face = new FontFace(family, source, { weight: '100 900', unicodeRange });
      document.fonts.add(await face.load());
    }
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`:root { --font: ${family} }`);
    document.adoptedStyleSheets.push(sheet);
  }
  for (const time of document.querySelectorAll('time')) time.textContent = '1 hour ago';
  for (const moment of document.querySelectorAll<HTMLInputElement>('[type=datetime-local]'))
    moment.value = '2027-01-01T12:00';
  for (const image of document.images) image.loading = 'eager';
  // One that is taken away meanwhile is not waited for.
  await Promise.all([...document.images].map((image) => image.decode().catch(() => undefined)));
}
