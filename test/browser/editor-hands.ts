/** What the tests of the editor see and do: colours at points of the picture, drags, fingers. */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import type { Crop, Edits } from '../../core/edits.ts';
import type { EditorLog } from './EditorPage.tsx';

type Colour = readonly [red: number, green: number, blue: number];
type Quarter = 'red' | 'green' | 'blue' | 'yellow';

export const SIZE = { width: 1_600, height: 1_200 };
const QUARTERS: Record<Quarter, Colour> = {
  red: [200, 50, 50],
  green: [50, 160, 70],
  blue: [60, 80, 190],
  yellow: [210, 190, 70],
};
export const UPRIGHT: Quarter[] = ['red', 'green', 'blue', 'yellow'];
const WAIT_MS = 10_000;
const POLL_MS = 25;
/** Fingers that are lifted in full motion throw something, and the browser takes the next tap for its end. */
const REST_MS = 300;
/** Red and green above, blue and yellow below. */
export async function makeQuarters(): Promise<Buffer> {
  const { width, height } = SIZE;
  const tile = ([r, g, b]: Colour) => ({
    create: { width: width / 2, height: height / 2, channels: 3 as const, background: { r, g, b } },
  });
  const at = (left: number, top: number, colour: Colour) => ({
    input: tile(colour),
    left: left * (width / 2),
    top: top * (height / 2),
  });
  const { red, green, blue, yellow } = QUARTERS;
  return await sharp(tile(red))
    .resize(width, height)
    .composite([at(1, 0, green), at(0, 1, blue), at(1, 1, yellow)])
    .jpeg({ quality: 95 })
    .toBuffer();
}
export function readLog(page: Page): Promise<EditorLog> {
  return page.evaluate(() => structuredClone((window as unknown as { editorLog: EditorLog }).editorLog));
}

export async function editsOf(page: Page, key = 'photo-1'): Promise<Edits> {
  const edits = (await readLog(page)).edits[key];
  assert.ok(edits, `There are no edits of ${key}`);
  return edits;
}

/** Colours at points of what is shown, as parts of its width and height. */
export async function coloursAt(
  page: Page,
  points: readonly (readonly [number, number])[],
  canvas = '.editor-photo',
): Promise<Colour[]> {
  return await page.locator(canvas).evaluate((canvas: HTMLCanvasElement, wanted) => {
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', {
      willReadFrequently: true,
    });
    copy?.drawImage(canvas, 0, 0);
    return wanted.map(([x, y]): [number, number, number] => {
      const at = [Math.floor(x * (canvas.width - 1)), Math.floor(y * (canvas.height - 1))] as const;
      const [red = 0, green = 0, blue = 0] = copy?.getImageData(...at, 1, 1).data ?? [];
      return [red, green, blue];
    });
  }, points);
}

export const CORNERS = [
  [0.02, 0.02],
  [0.98, 0.02],
  [0.02, 0.98],
  [0.98, 0.98],
] as const;

/** The quarters that the corners show: top left, top right, bottom left, bottom right. */
export async function waitForCorners(page: Page, wanted: Quarter[], canvas?: string): Promise<void> {
  await until(`the corners are ${wanted}`, async () => {
    const seen = (await coloursAt(page, CORNERS, canvas)).map(quarterOf);
    return seen.join() === wanted.join() ? true : seen.join();
  });
}

export function quarterOf(colour: Colour): Quarter | 'none' {
  const found = UPRIGHT.find((quarter) =>
    QUARTERS[quarter].every((value, at) => Math.abs(value - (colour[at] ?? 0)) < 40),
  );
  return found ?? 'none';
}

/** `ask` gives true, or what it saw instead. */
export async function until(what: string, ask: () => Promise<true | string>): Promise<void> {
  let seen: true | string = '';
  for (const endMs = performance.now() + WAIT_MS; performance.now() < endMs; await delay(POLL_MS)) {
    seen = await ask();
    if (seen === true) return;
  }
  throw new Error(`Waited until ${what}; it is ${seen}.`);
}

export async function drag(page: Page, name: string, right: number, down: number): Promise<void> {
  const { changes } = await readLog(page);
  // Waits until it lies still: what was done before may not be drawn yet.
  await page.getByRole('button', { name, exact: true }).hover();
  const { x, y } = await middleOf(page, name);
  await page.mouse.down();
  await page.mouse.move(x + right / 2, y + down / 2);
  await page.mouse.move(x + right, y + down);
  await page.mouse.up();
  await until('the drag is told', async () => (await readLog(page)).changes > changes || 'not');
}

export async function middleOf(page: Page, name: string, role: 'button' | 'slider' = 'button') {
  const box = await page.getByRole(role, { name, exact: true }).boundingBox();
  assert.ok(box, `There is no ${name}`);
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

/** Of the picture on the crop stage, in px of the screen. */
export async function pictureOnStage(page: Page): Promise<{ width: number; height: number }> {
  await page.locator('.crop-canvas[data-drawn="true"]').waitFor();
  const box = await page.locator('.crop-picture').boundingBox();
  assert.ok(box);
  return box;
}

export const chooseTool = (page: Page, name: 'Filter' | 'Adjust' | 'Crop') =>
  page.getByRole('tab', { name }).click();

export function assertNear(crop: Crop | null, wanted: Crop, slack = 0.01): void {
  assert.ok(crop, 'Nothing is cropped');
  for (const side of ['left', 'top', 'width', 'height'] as const)
    assert.ok(Math.abs(crop[side] - wanted[side]) < slack, `${side} is ${crop[side]}, not ${wanted[side]}`);
}
/** Buttons and choices below 44 px in height, as they react (what ::after adds counts). */
export function smallTargets(page: Page): Promise<string[]> {
  return page.getByRole('dialog').evaluate((dialog) =>
    [...dialog.querySelectorAll<HTMLElement>('button, label:has(input), input[type="range"]')].flatMap(
      (element) => {
        const { height, width } = element.getBoundingClientRect();
        const reach = Number.parseFloat(getComputedStyle(element, '::after').height) || 0;
        const name = element.getAttribute('aria-label') ?? element.textContent;
        const isCrop = element.classList.contains('crop-box');
        return !isCrop && (Math.max(height, reach) < 44 || width < 40)
          ? [`${name}: ${width} × ${height}`]
          : [];
      },
    ),
  );
}

/** Moves one or two fingers, each from one point to another. */
export async function touchscreen(page: Page) {
  const session = await page.context().newCDPSession(page);
  type Point = { x: number; y: number };
  const started = Date.now() / 1_000;
  /** At this many seconds from now, as the page sees it, however slow the machine is. */
  const tap = async (point: Point, afterSeconds: number) => {
    const timestamp = started + afterSeconds;
    await session.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [point], timestamp });
    await session.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [], timestamp });
  };
  const touch = async (fingers: readonly (readonly [from: Point, to: Point])[]) => {
    const at = (part: number) =>
      fingers.map(([from, to], id) => ({
        x: from.x + (to.x - from.x) * part,
        y: from.y + (to.y - from.y) * part,
        id,
      }));
    await session.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: at(0) });
    for (const part of [0.25, 0.5, 0.75, 1]) {
      if (part === 1) await delay(REST_MS);
      await session.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: at(part) });
    }
    for (let left = fingers.length - 1; left >= 0; left--)
      await session.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: at(1).slice(0, left) });
  };
  return { touch, tap };
}
