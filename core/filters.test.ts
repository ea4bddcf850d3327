import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import sharp from 'sharp';
import { applyFilter, FILTER_NAMES, filters } from './filters.ts';

const vintage = filters['warm-vintage'];

async function fixture(name: string) {
  const path = fileURLToPath(new URL(`../test/fixtures/${name}`, import.meta.url));
  const { data, info } = await sharp(path).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: 3 as const };
}

/** Pillow's steps as its source has them, one at a time, in doubles and with plain loops: slow and plain. */
function plainBlur(data: Uint8Array, width: number, height: number): Uint8Array {
  const own = 15379114;
  const side = 699051;
  const clamp = (value: number, size: number) => Math.max(0, Math.min(size - 1, value));
  let from = data;
  for (const [dx, dy] of [
    [1, 0],
    [1, 0],
    [1, 0],
    [0, 1],
    [0, 1],
    [0, 1],
  ] as const) {
    const source = from;
    const read = (x: number, y: number, c: number) =>
      source[(clamp(y, height) * width + clamp(x, width)) * 3 + c] ?? 0;
    from = source.map((here, at) => {
      const [x, y, c] = [Math.floor(at / 3) % width, Math.floor(at / 3 / width), at % 3];
      const around = read(x - dx, y - dy, c) + read(x + dx, y + dy, c);
      return Math.floor((here * own + around * side + 2 ** 23) / 2 ** 24);
    });
  }
  return from;
}

const smallPicture = fc
  .record({ width: fc.integer({ min: 1, max: 9 }), height: fc.integer({ min: 1, max: 9 }) })
  .chain(({ width, height }) =>
    fc
      .uint8Array({ minLength: width * height * 3, maxLength: width * height * 3 })
      .map((data) => ({ data, width, height, channels: 3 as const })),
  );

test('warm-vintage is what Pillow makes of it, to the last bit', async () => {
  const pier = await fixture('pier-original.png');
  const expected = await fixture('pier-pillow.png');
  applyFilter(pier, vintage);
  assert.equal(Buffer.compare(pier.data, expected.data), 0);
});

test('a picture with alpha gets the same colours, and keeps its alpha', async () => {
  const canyon = await fixture('canyon-original.png');
  const { data, width, height } = canyon;
  const withAlpha = new Uint8ClampedArray(width * height * 4);
  for (let pixel = 0; pixel < width * height; pixel++) {
    withAlpha.set(data.subarray(pixel * 3, pixel * 3 + 3), pixel * 4);
    withAlpha[pixel * 4 + 3] = pixel % 256;
  }
  applyFilter(canyon, vintage);
  applyFilter({ data: withAlpha, width, height, channels: 4 }, vintage);
  const expected = new Uint8ClampedArray(withAlpha.length);
  for (let pixel = 0; pixel < width * height; pixel++) {
    expected.set(data.subarray(pixel * 3, pixel * 3 + 3), pixel * 4);
    expected[pixel * 4 + 3] = pixel % 256;
  }
  assert.equal(Buffer.compare(Buffer.from(withAlpha), Buffer.from(expected)), 0);
});

test('none changes nothing', async () => {
  const pier = await fixture('pier-original.png');
  const before = Buffer.from(pier.data);
  applyFilter(pier, filters.none);
  assert.equal(Buffer.compare(pier.data, before), 0);
});

test('any picture of any size, down to one pixel, takes every filter', () => {
  fc.assert(
    fc.property(smallPicture, fc.constantFrom(...FILTER_NAMES), (picture, name) => {
      const size = picture.data.length;
      applyFilter(picture, filters[name]);
      assert.equal(picture.data.length, size);
    }),
  );
});

test('the blur agrees with its definition, edges and thin pictures too', () => {
  fc.assert(
    fc.property(smallPicture, (picture) => {
      const expected = plainBlur(picture.data, picture.width, picture.height);
      applyFilter(picture, { colour: [], blurRadius: 0.5 });
      assert.deepEqual(picture.data, expected);
    }),
  );
});

test('pixels that are not as many as said are refused', () => {
  const short = { data: new Uint8Array(5), width: 1, height: 2, channels: 3 as const };
  assert.throws(() => applyFilter(short, vintage), RangeError);
});
