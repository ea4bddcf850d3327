/**
 * Photos with their edits. What does not change while a slider is moved is kept: the decoded picture, its framed
 * pixels at the size of the preview, and its mean grey. Then a look costs one run of the kernel. The mean is that of the
 * whole picture, as in the image workers: a crop does not change the colours.
 */
import { type Frame, isPlainLook, PLAIN_FRAME } from '../../core/edits.ts';
import type { Size } from '../../core/frame.ts';
import { applyLook, type Engine, openEngine } from '../../core/look/engine.ts';
import { drawFramed } from './draw-framed.ts';
import type { DarkroomRequest } from './messages.ts';

type PreviewRequest = Extract<DarkroomRequest, { kind: 'preview' }>;

/** Pictures are up to 2,048 px, framed ones mostly 1,080 px and thumbnails: together not above 70 MB. */
const picturesKept = createShelf<ImageBitmap>(2, (picture) => picture.close());
const framedKept = createShelf<ImageData>(6, () => undefined);
const meansKept = createShelf<number>(40, () => undefined);
const MEAN_SIDE = 540;

let engine: Promise<Engine> | null = null;
let sheet: OffscreenCanvas | null = null;
let scratch: ImageData | null = null;

export async function measure(photoKey: string, photo: Blob): Promise<Size> {
  const { width, height } = await pictureOf(photoKey, photo);
  return { width, height };
}

export async function preview({
  photoKey,
  photo,
  maxSide,
  edits,
  isWhole,
}: PreviewRequest): Promise<ImageBitmap> {
  const { frame, look } = edits;
  const pixels = await framedOf(photoKey, photo, isWhole ? PLAIN_FRAME : frame, maxSide);
  if (isPlainLook(look)) return bitmapOf(pixels);
  const { width, height } = pixels;
  const [engine, meanGrey] = [await theEngine(), await meanOf(photoKey, photo)];
  // From here on nothing waits: the memory is shared with the next preview.
  const coloured = scratchOf(pixels);
  applyLook(engine, { data: coloured.data, width, height, channels: 4 }, look, meanGrey);
  return bitmapOf(coloured);
}

async function framedOf(photoKey: string, photo: Blob, frame: Frame, maxSide: number): Promise<ImageData> {
  const key = JSON.stringify([photoKey, maxSide, frame]);
  const kept = framedKept.find(key);
  if (kept) return kept;
  return framedKept.keep(key, drawFramed(await pictureOf(photoKey, photo), frame, maxSide));
}

async function meanOf(photoKey: string, photo: Blob): Promise<number> {
  const kept = meansKept.find(photoKey);
  if (kept !== undefined) return kept;
  const { data, width, height } = drawFramed(await pictureOf(photoKey, photo), PLAIN_FRAME, MEAN_SIDE);
  return meansKept.keep(photoKey, (await theEngine()).meanGrey({ data, width, height, channels: 4 }));
}

async function pictureOf(photoKey: string, photo: Blob): Promise<ImageBitmap> {
  return picturesKept.find(photoKey) ?? picturesKept.keep(photoKey, await createImageBitmap(photo));
}

/** Where the kernel cannot be had, its twin does the same, more slowly. */
function theEngine(): Promise<Engine> {
  engine ??= fetch(new URL('../../core/look/kernel.wasm', import.meta.url))
    .then((reply) => (reply.ok ? reply.arrayBuffer() : null))
    .catch(() => null)
    .then(openEngine);
  return engine;
}

/** A copy to work on, in memory that is used again: a slider would otherwise leave 5 MB behind at every frame. */
function scratchOf({ data, width, height }: ImageData): ImageData {
  if (scratch?.width !== width || scratch.height !== height) scratch = new ImageData(width, height);
  scratch.data.set(data);
  return scratch;
}

/** By way of a canvas that is used again: twice as fast as a bitmap made from the pixels. */
function bitmapOf(pixels: ImageData): ImageBitmap {
  sheet ??= new OffscreenCanvas(1, 1);
  if (sheet.width !== pixels.width) sheet.width = pixels.width;
  if (sheet.height !== pixels.height) sheet.height = pixels.height;
  const context = sheet.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('This browser cannot draw.');
  context.putImageData(pixels, 0, 0);
  return sheet.transferToImageBitmap();
}

/** Keeps the few things that were used last. */
function createShelf<Thing>(count: number, discard: (thing: Thing) => void) {
  const things = new Map<string, Thing>();

  function find(key: string): Thing | undefined {
    const thing = things.get(key);
    if (thing !== undefined) {
      things.delete(key);
      things.set(key, thing);
    }
    return thing;
  }

  function keep(key: string, thing: Thing): Thing {
    things.set(key, thing);
    for (const [oldest, old] of things) {
      if (things.size <= count) break;
      things.delete(oldest);
      discard(old);
    }
    return thing;
  }

  return { find, keep };
}
