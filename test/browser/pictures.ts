/**
 * Two pictures of a screen, compared as somebody would who looks at both: they are made smaller and blurred, so that the edges
 * of letters, which another version of Chromium draws otherwise, count for little. Then two questions are asked. How much of the
 * picture differs? That finds what has moved or has another shape. How far is the mean colour of the worst small square off?
 * That finds an icon or a word that is missing on a long page, and a shade that is a little other; where letters have only moved
 * by a part of a pixel the square has as much ink as before.
 *
 * Measured: one machine draws the same picture each time, also a busy one (share 0, square 1.2: what the WebP loses). With hinted
 * letters at other places, which stands for other machines: share 0.0002, square 8.3. A missing icon: share 0.0003 to 0.002,
 * square 48 to 60, behind a veil 17. The accent with a third of its green more, on a pale button: square 13.
 */
import sharp, { type Sharp } from 'sharp';

/** Three bytes a pixel. */
export type Picture = { width: number; height: number; data: Buffer };
/** `share` is a part of 1, `worst` in steps of 255, `at` the middle of the worst square. */
export type Difference = { share: number; worst: number; at: { x: number; y: number } };

const SCALE = 0.5;
const BLUR_SIGMA = 1.5;
/** A pixel differs from so many steps of 255 on, in one of its three colours. */
const STEPS_MIN = 24;
const SHARE_MAX = 0.001;
/** About an icon, which is 20 to 26 px before it is made smaller. */
const SQUARE = 12;
const SQUARE_STEP = 4;
const WORST_MAX = 10;

export async function shrink(png: Buffer): Promise<Picture> {
  const { width } = await sharp(png).metadata();
  return await read(sharp(png).resize(Math.round(width * SCALE)));
}

export async function readPicture(file: Buffer): Promise<Picture> {
  return await read(sharp(file));
}

export async function encode({ width, height, data }: Picture): Promise<Buffer> {
  const drawn = sharp(data, { raw: { width, height, channels: 3 } });
  return await drawn.webp({ nearLossless: true, quality: 60, effort: 6 }).toBuffer();
}

async function read(source: Sharp): Promise<Picture> {
  const { data, info } = await source
    .removeAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data };
}

export function isWithin({ share, worst }: Difference): boolean {
  return share <= SHARE_MAX && worst <= WORST_MAX;
}

export async function compare(one: Picture, other: Picture): Promise<Difference> {
  const difference = await subtract(one, other);
  let differing = 0;
  for (let at = 0; at < difference.data.length; at += 3)
    if (mostOf(difference, at) >= STEPS_MIN) differing += 1;
  return { share: (3 * differing) / difference.data.length, ...worstSquare(difference) };
}

/** What a picture has more or less than another, three colours a pixel. */
type Change = { width: number; height: number; data: Int16Array };

/** Where one is larger than the other, all of it differs. */
async function subtract(one: Picture, other: Picture): Promise<Change> {
  const [width, height] = [Math.max(one.width, other.width), Math.max(one.height, other.height)];
  const [left, right] = [await blur(one), await blur(other)];
  const data = new Int16Array(width * height * 3).fill(255);
  const rowBytes = Math.min(one.width, other.width) * 3;
  for (let y = 0; y < Math.min(one.height, other.height); y++) {
    const [from, to] = [y * one.width * 3, y * other.width * 3];
    for (let x = 0; x < rowBytes; x++) data[y * width * 3 + x] = (left[from + x] ?? 0) - (right[to + x] ?? 0);
  }
  return { width, height, data };
}

async function blur({ width, height, data }: Picture): Promise<Buffer> {
  return await sharp(data, { raw: { width, height, channels: 3 } })
    .blur(BLUR_SIGMA)
    .raw()
    .toBuffer();
}

function mostOf({ data }: Change, at: number): number {
  return Math.max(Math.abs(data[at] ?? 0), Math.abs(data[at + 1] ?? 0), Math.abs(data[at + 2] ?? 0));
}

function worstSquare(change: Change): Pick<Difference, 'worst' | 'at'> {
  let found = { worst: 0, at: { x: 0, y: 0 } };
  for (let top = 0; top + SQUARE <= change.height; top += SQUARE_STEP) {
    for (let left = 0; left + SQUARE <= change.width; left += SQUARE_STEP) {
      const worst = meanOf(change, left, top);
      if (worst > found.worst) found = { worst, at: { x: left + SQUARE / 2, y: top + SQUARE / 2 } };
    }
  }
  return found;
}

/** Of the colour that is farthest off. */
function meanOf({ width, data }: Change, left: number, top: number): number {
  let red = 0;
  let green = 0;
  let blue = 0;
  for (let y = top; y < top + SQUARE; y++) {
    const start = (y * width + left) * 3;
    for (let at = start; at < start + SQUARE * 3; at += 3) {
      red += data[at] ?? 0;
      green += data[at + 1] ?? 0;
      blue += data[at + 2] ?? 0;
    }
  }
  return Math.max(Math.abs(red), Math.abs(green), Math.abs(blue)) / SQUARE ** 2;
}

export function describe({ share, worst, at }: Difference): string {
  const percent = (part: number) => `${(part * 100).toFixed(2)} %`;
  return (
    `${percent(share)} of the picture differs (${percent(SHARE_MAX)} may), and most at ${at.x / SCALE}, ${at.y / SCALE} ` +
    `by ${worst.toFixed(1)} steps of 255 (${WORST_MAX} may).`
  );
}

/** To be looked at: both, and where they differ in red. */
export async function drawPictures(now: Picture, approved: Picture | null): Promise<[string, Buffer][]> {
  if (!approved) return [['new', await png(now)]];
  const change = await subtract(now, approved);
  const data = Buffer.alloc(change.data.length, 255);
  for (let at = 0; at < data.length; at += 3)
    data.fill(255 - Math.min(255, mostOf(change, at) * 4), at + 1, at + 3);
  return [
    ['new', await png(now)],
    ['approved', await png(approved)],
    ['difference', await png({ ...change, data })],
  ];
}

async function png({ width, height, data }: Picture): Promise<Buffer> {
  return await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}
