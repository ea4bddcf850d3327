import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import sharp from 'sharp';
import { compileKernel } from '../../server/main/admin/kernel.ts';
import { findPhotographs } from '../../test/photos.ts';
import { ADJUSTMENT_NAMES, ADJUSTMENTS, type Look, PLAIN_LOOK } from '../edits.ts';
import { applyLook, type Engine, openEngine, type Pixels } from './engine.ts';
import { FILTER_NAMES, filters } from './filters.ts';

const committed = await readFile(new URL('kernel.wasm', import.meta.url));
const wasm = await openEngine(new Uint8Array(committed));
const typescript = await openEngine(null);
const fixtures = path.resolve(import.meta.dirname, '../../test/fixtures');

const EVERYTHING: Look['adjustments'] = {
  brightness: 20,
  contrast: -30,
  warmth: 40,
  saturation: 25,
  highlights: -60,
  shadows: 70,
  fade: 30,
  vignette: 50,
  sharpen: 60,
  grain: 40,
};

const someAdjustments = fc.record(
  Object.fromEntries(ADJUSTMENT_NAMES.map((name) => [name, fc.integer(ADJUSTMENTS[name])])),
  { requiredKeys: [] },
) as fc.Arbitrary<Look['adjustments']>;
const someLook: fc.Arbitrary<Look> = fc.record({
  filter: fc.constantFrom(...FILTER_NAMES),
  strength: fc.oneof(fc.constant(100), fc.integer({ min: 0, max: 100 })),
  adjustments: someAdjustments,
});
const side = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 40 }));
const somePicture: fc.Arbitrary<Pixels> = fc
  .record({ width: side, height: side, channels: fc.constantFrom(3 as const, 4 as const) })
  .chain((shape) => {
    const length = shape.width * shape.height * shape.channels;
    return fc.uint8Array({ minLength: length, maxLength: length }).map((data) => ({ ...shape, data }));
  });

async function read(file: string, width: number, height: number): Promise<Pixels> {
  const { data, info } = await sharp(file)
    .autoOrient()
    .resize({ width, height, fit: 'cover' })
    .removeAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: 3 };
}

function looked(engine: Engine, picture: Pixels, look: Look): Uint8Array {
  const data = new Uint8Array(picture.data);
  applyLook(engine, { ...picture, data }, look);
  return data;
}

function assertSameBytes(one: Uint8Array, other: Uint8Array, what: string): void {
  if (Buffer.compare(one, other) === 0) return;
  const at = one.findIndex((value, index) => value !== other[index]);
  assert.fail(`${what}: byte ${at} is ${one[at]} and ${other[at]}`);
}

/** With alphas of all kinds. */
function withAlpha({ data, width, height }: Pixels): Pixels {
  const wide = new Uint8ClampedArray(width * height * 4);
  for (let pixel = 0; pixel < width * height; pixel++) {
    wide.set(data.subarray(pixel * 3, pixel * 3 + 3), pixel * 4);
    wide[pixel * 4 + 3] = (pixel * 7) % 256;
  }
  return { data: wide, width, height, channels: 4 };
}

test('the committed kernel is what its source compiles to', async () => {
  assert.equal(
    Buffer.compare(await compileKernel(), committed),
    0,
    'run ./pinhole kernel and commit the result',
  );
});

test('the kernel runs as WebAssembly; without it, or with what is none, the twin takes its place', async () => {
  assert.equal(wasm.kind, 'wasm');
  assert.equal(typescript.kind, 'typescript');
  assert.equal((await openEngine(new Uint8Array(40))).kind, 'typescript');
});

test('kernel and twin make the same bytes of any picture, by any look', () => {
  fc.assert(
    fc.property(somePicture, someLook, (picture, look) => {
      assert.equal(wasm.meanGrey(picture), typescript.meanGrey(picture));
      assertSameBytes(looked(wasm, picture, look), looked(typescript, picture, look), 'kernel and twin');
    }),
    { numRuns: 300 },
  );
});

test('kernel and twin make the same bytes of real photographs, by every filter', async () => {
  const photos = (await findPhotographs(2)).slice(0, 2);
  for (const [at, file] of photos.entries()) {
    const photo = await read(file, 321, 403);
    const picture = at === 0 ? photo : withAlpha(photo);
    assert.equal(wasm.meanGrey(picture), typescript.meanGrey(picture));
    for (const filter of FILTER_NAMES) {
      for (const [strength, adjustments] of [
        [100, {}],
        [37, {}],
        [80, EVERYTHING],
      ] as const) {
        const look = { filter, strength, adjustments };
        assertSameBytes(
          looked(wasm, picture, look),
          looked(typescript, picture, look),
          `${path.basename(file)}, ${filter} at ${strength}`,
        );
      }
    }
  }
});

test('the largest photographs, after small ones and before them', async () => {
  const large = withAlpha(await read(path.join(fixtures, 'pier-original.png'), 2_048, 2_048));
  const small = await read(path.join(fixtures, 'canyon-original.png'), 33, 17);
  const look: Look = { filter: 'warm-vintage', strength: 90, adjustments: EVERYTHING };
  for (const picture of [small, large, small])
    assertSameBytes(looked(wasm, picture, look), looked(typescript, picture, look), 'kernel and twin');
});

test('a picture with alpha gets the same colours as without, and keeps its alpha', async () => {
  const pier = await read(path.join(fixtures, 'pier-original.png'), 301, 200);
  for (const engine of [wasm, typescript]) {
    for (const filter of FILTER_NAMES) {
      const look = { filter, strength: 100, adjustments: EVERYTHING };
      const expected = withAlpha({ ...pier, data: looked(engine, pier, look) });
      assertSameBytes(looked(engine, withAlpha(pier), look), new Uint8Array(expected.data), filter);
    }
  }
});

test('a plain look, a filter of no strength, and adjustments of 0 change no byte', () => {
  const zeros = Object.fromEntries(ADJUSTMENT_NAMES.map((name) => [name, 0]));
  fc.assert(
    fc.property(somePicture, fc.constantFrom(...FILTER_NAMES), (picture, filter) => {
      for (const look of [PLAIN_LOOK, { filter, strength: 0, adjustments: zeros }])
        for (const engine of [wasm, typescript])
          assertSameBytes(looked(engine, picture, look), new Uint8Array(picture.data), filter);
    }),
    { numRuns: 50 },
  );
});

test('beside adjustments, a filter of no strength is no filter', () => {
  fc.assert(
    fc.property(somePicture, someLook, (picture, look) => {
      const without = looked(wasm, picture, { ...look, filter: 'none', strength: 100 });
      assertSameBytes(looked(wasm, picture, { ...look, strength: 0 }), without, look.filter);
    }),
    { numRuns: 40 },
  );
});

test('a part of a picture is filtered like the whole when it is told the mean grey of the whole', async () => {
  const pier = await read(path.join(fixtures, 'pier-original.png'), 200, 300);
  const look: Look = { filter: 'warm-vintage', strength: 100, adjustments: {} };
  const whole = looked(wasm, pier, look);
  const rows = 100;
  const part = { ...pier, data: new Uint8Array(pier.data).slice(0, 200 * rows * 3), height: rows };
  assert.notEqual(wasm.meanGrey(part), wasm.meanGrey(pier));
  applyLook(wasm, part, look, wasm.meanGrey(pier));
  // Its last rows are blurred with what lies below them in the whole.
  const inner = 200 * (rows - 3) * 3;
  assertSameBytes(part.data.subarray(0, inner), whole.subarray(0, inner), 'part and whole');
});

test('pixels that are not as many as said are refused, and none at all are left alone', () => {
  const look: Look = { filter: 'warm-vintage', strength: 100, adjustments: {} };
  for (const engine of [wasm, typescript]) {
    const short: Pixels = { data: new Uint8Array(5), width: 1, height: 2, channels: 3 };
    assert.throws(() => applyLook(engine, short, look), RangeError);
    assert.throws(() => engine.meanGrey(short), RangeError);
    applyLook(engine, { data: new Uint8Array(0), width: 0, height: 7, channels: 4 }, look);
  }
});

test('every filter has a name to show, and none comes first and does nothing', () => {
  assert.equal(FILTER_NAMES[0], 'none');
  assert.deepEqual(filters.none, { color: [] });
});
