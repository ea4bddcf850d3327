/**
 * warm-vintage is known from its Pillow chain: Contrast 1.15; red × 1.08 and blue × 0.92; Color 0.85; GaussianBlur 0.5.
 * The steps are written out here as Pillow 9.4 does them, to the last bit (the pier proves it), so that the engine can
 * be held against Pillow on any photograph, without Pillow.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import { findPhotographs } from '../../test/photos.ts';
import { PLAIN_LOOK } from '../edits.ts';
import { bake } from './bake.ts';
import { applyLook, openEngine, type Pixels } from './engine.ts';

/** An exact blur, which does not round as often as Pillow's, comes to 49 dB. */
const PSNR_MIN = 58;
const PHOTOS = 2;
const fixtures = path.resolve(import.meta.dirname, '../../test/fixtures');
const engine = await openEngine(new Uint8Array(await readFile(new URL('kernel.wasm', import.meta.url))));

async function read(file: string): Promise<Pixels & { data: Uint8Array }> {
  const { data, info } = await sharp(file)
    .autoOrient()
    .resize({ width: 540, height: 675, fit: 'cover', withoutEnlargement: true })
    .removeAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: 3 };
}

function vintage(picture: Pixels): Uint8Array {
  const copy = { ...picture, data: new Uint8Array(picture.data) };
  applyLook(engine, copy, { ...PLAIN_LOOK, filter: 'warm-vintage' });
  return copy.data;
}

/** Signal to noise in dB, the largest difference, and the mean one with its sign. */
function compare(data: Uint8Array, expected: Uint8Array) {
  let [squares, sum, largest] = [0, 0, 0];
  data.forEach((value, at) => {
    const difference = value - (expected[at] ?? 0);
    squares += difference * difference;
    sum += difference;
    largest = Math.max(largest, Math.abs(difference));
  });
  return {
    psnr: 10 * Math.log10((255 * 255) / (squares / data.length)),
    largest,
    bias: Math.abs(sum / data.length),
  };
}

function assertNearPillow(name: string, data: Uint8Array, expected: Uint8Array): void {
  const { psnr, largest, bias } = compare(data, expected);
  assert.ok(psnr >= PSNR_MIN, `${name}: ${psnr} dB`);
  assert.ok(largest <= 2, `${name}: off by ${largest}`);
  assert.ok(bias <= 0.05, `${name}: ${bias} levels on average`);
}

const clamp = (value: number) => Math.max(0, Math.min(255, Math.trunc(value)));
const grey = (r: number, g: number, b: number) => (r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16;
const blend = (from: number, to: number, factor: number) =>
  clamp(Math.fround(from + Math.fround(Math.fround(factor) * (to - from))));

function pillow({ data, width, height }: Pixels): Uint8Array {
  const pixels = Array.from({ length: width * height }, (_, at) =>
    Array.from(data.subarray(at * 3, at * 3 + 3)),
  );
  const greys = pixels.map(([r = 0, g = 0, b = 0]) => grey(r, g, b));
  const mean = Math.trunc(greys.reduce((sum, each) => sum + each, 0) / greys.length + 0.5);
  const coloured = pixels.flatMap((pixel) => {
    const [r = 0, g = 0, b = 0] = pixel.map((value) => blend(mean, value, 1.15));
    const [red, blue] = [clamp(r * 1.08), clamp(b * 0.92)];
    return [red, g, blue].map((value) => blend(grey(red, g, blue), value, 0.85));
  });
  return pillowBlur(Uint8Array.from(coloured), width, height);
}

/** Of radius 0.5: three boxes along the rows and three across, each rounded to 8 bits. */
function pillowBlur(data: Uint8Array, width: number, height: number): Uint8Array {
  const [own, side] = [15_379_114, 699_051];
  const steps = [3, 3, 3, width * 3, width * 3, width * 3];
  return steps.reduce((from, step) => {
    const isAlong = step === 3;
    return from.map((here, at) => {
      const place = isAlong ? Math.floor(at / 3) % width : Math.floor(at / 3 / width);
      const last = (isAlong ? width : height) - 1;
      const around = (from[place > 0 ? at - step : at] ?? 0) + (from[place < last ? at + step : at] ?? 0);
      return Math.floor((here * own + around * side + 2 ** 23) / 2 ** 24);
    });
  }, data);
}

test('the chain written out here is Pillow, to the last bit', async () => {
  const pier = await read(path.join(fixtures, 'pier-original.png'));
  const expected = await read(path.join(fixtures, 'pier-pillow.png'));
  assert.equal(Buffer.compare(pillow(pier), expected.data), 0);
});

test('the blur by itself is Pillow, to the last bit', async () => {
  const canyon = await read(path.join(fixtures, 'canyon-original.png'));
  const expected = pillowBlur(new Uint8Array(canyon.data), canyon.width, canyon.height);
  engine.run(canyon, { ...bake({ ...PLAIN_LOOK, filter: 'warm-vintage' }, 128), colour: null });
  assert.equal(Buffer.compare(canyon.data, expected), 0);
});

test('warm-vintage is what Pillow makes of it, but for what 8 bits cannot show', async () => {
  const pier = await read(path.join(fixtures, 'pier-original.png'));
  const expected = await read(path.join(fixtures, 'pier-pillow.png'));
  assertNearPillow('pier', vintage(pier), expected.data);
});

test('and so on photographs that Pillow never saw', async () => {
  const photos = (await findPhotographs(1)).filter((file) => !file.includes('pillow')).slice(0, PHOTOS);
  for (const file of [path.join(fixtures, 'canyon-original.png'), ...photos]) {
    const photo = await read(file);
    assertNearPillow(path.basename(file), vintage(photo), pillow(photo));
  }
});

test('the mean grey is the one that Pillow counts', async () => {
  const pier = await read(path.join(fixtures, 'pier-original.png'));
  const canyon = await read(path.join(fixtures, 'canyon-original.png'));
  assert.deepEqual([engine.meanGrey(pier), engine.meanGrey(canyon)], [95, 83]);
});
