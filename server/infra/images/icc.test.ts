import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import sharp, { type Sharp } from 'sharp';
import { openEngine } from '../../../core/look/engine.ts';
import { fixtures, plainPicture } from '../../../test/image-world.ts';
import { toSrgb, treatmentOf } from './icc.ts';
import { decodeSource, openSource } from './source.ts';

const PRIMARIES = {
  p3: [0.515121, 0.241196, -0.001053, 0.291977, 0.692245, 0.041885, 0.157104, 0.066574, 0.784073],
  adobe: [0.609741, 0.311111, 0.01947, 0.205276, 0.625671, 0.060867, 0.149185, 0.063217, 0.744568],
  srgb: [0.436035, 0.222443, 0.013901, 0.385101, 0.716934, 0.097076, 0.143066, 0.060623, 0.713928],
};
const SRGB_CURVE = [2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045];

function para(kind: number, numbers: number[]): Buffer {
  const tag = Buffer.alloc(12 + numbers.length * 4);
  tag.write('para');
  tag.writeUInt16BE(kind, 8);
  for (const [at, number] of numbers.entries()) tag.writeInt32BE(Math.round(number * 65536), 12 + at * 4);
  return tag;
}

function curv(values: number[]): Buffer {
  const tag = Buffer.alloc(12 + values.length * 2);
  tag.write('curv');
  tag.writeUInt32BE(values.length, 8);
  for (const [at, value] of values.entries()) tag.writeUInt16BE(value, 12 + at * 2);
  return tag;
}

function xyz(values: number[]): Buffer {
  const tag = Buffer.alloc(20);
  tag.write('XYZ ');
  for (const [at, value] of values.entries()) tag.writeInt32BE(Math.round(value * 65536), 8 + at * 4);
  return tag;
}

/** A display profile of version 4 with one curve for all channels. */
function makeProfile(primaries: number[], curve: Buffer): Buffer {
  const text = Buffer.concat([Buffer.from('mluc'), Buffer.alloc(12)]);
  text.writeUInt32BE(12, 12);
  const tags: [string, Buffer][] = [
    ['desc', text],
    ['cprt', text],
    ['wtpt', xyz([0.9642, 1, 0.8249])],
    ['rXYZ', xyz(primaries.slice(0, 3))],
    ['gXYZ', xyz(primaries.slice(3, 6))],
    ['bXYZ', xyz(primaries.slice(6))],
    ['rTRC', curve],
    ['gTRC', curve],
    ['bTRC', curve],
  ];
  const head = Buffer.alloc(128 + 4 + tags.length * 12);
  head.writeUInt32BE(0x04200000, 8);
  head.write('mntrRGB XYZ ', 12, 'latin1');
  head.write('acsp', 36, 'latin1');
  for (const [at, value] of [0.9642, 1, 0.8249].entries())
    head.writeInt32BE(Math.round(value * 65536), 68 + at * 4);
  head.writeUInt32BE(tags.length, 128);
  let end = head.length;
  for (const [at, [name, tag]] of tags.entries()) {
    head.write(name, 132 + at * 12, 'latin1');
    head.writeUInt32BE(end, 136 + at * 12);
    head.writeUInt32BE(tag.length, 140 + at * 12);
    end += tag.length + ((4 - (tag.length % 4)) % 4);
  }
  head.writeUInt32BE(end, 0);
  const padded = tags.map(([, tag]) => Buffer.concat([tag, Buffer.alloc((4 - (tag.length % 4)) % 4)]));
  return Buffer.concat([head, ...padded]);
}

/** The same pixels, said to be in the profile's colours. */
function withProfile(jpeg: Buffer, icc: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from('ICC_PROFILE\0\x01\x01', 'latin1'), icc]);
  const length = body.length + 2;
  return Buffer.concat([
    jpeg.subarray(0, 2),
    Buffer.from([0xff, 0xe2, length >> 8, length & 255]),
    body,
    jpeg.subarray(2),
  ]);
}

/** Our conversion of a photo and sharp's, as decibels of likeness. */
async function compare(t: TestContext, bytes: Buffer): Promise<number> {
  const folder = await mkdtemp(path.join(tmpdir(), 'pinhole-icc-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = path.join(folder, 'source');
  await writeFile(file, bytes);
  const lab = { engine: await openEngine(null), stages: {} };
  const source = await openSource(lab, file);
  const ours = await decodeSource(lab, source, source.size);
  const theirs = await sharp(bytes).toColourspace('srgb').raw().toBuffer();
  assert.equal(ours.data.length, theirs.length);
  const squares = ours.data.reduce((sum, value, at) => sum + (value - (theirs[at] ?? 0)) ** 2, 0);
  return 10 * Math.log10(255 ** 2 / (squares / theirs.length));
}

const photo = (name: string) => sharp(path.join(fixtures, `${name}-original.png`));

test("photos in Display P3 come out as sharp's own conversion has them", async (t) => {
  for (const name of ['canyon', 'pier']) {
    const likeness = await compare(
      t,
      await photo(name).withIccProfile('p3').jpeg({ quality: 95 }).toBuffer(),
    );
    assert.ok(likeness >= 60, `${name}: ${likeness} dB`);
  }
});

test('every kind of curve is read as libvips reads it', async (t) => {
  const jpeg = await photo('pier').jpeg({ quality: 95 }).toBuffer();
  const table = Array.from({ length: 1024 }, (_, at) => Math.round(65535 * (at / 1023) ** 2.2));
  const curves: [string, Buffer][] = [
    ['no numbers', curv([])],
    ['an exponent', curv([563])],
    ['a table', curv(table)],
    ['formula 0', para(0, [2.2])],
    ['formula 1', para(1, [2.2, 1.05, -0.05])],
    ['formula 2', para(2, [2.2, 1.05, -0.05, 0])],
    ['formula 3', para(3, SRGB_CURVE)],
    ['formula 4', para(4, [...SRGB_CURVE, 0, 0])],
  ];
  for (const [name, curve] of curves) {
    const profile = makeProfile(PRIMARIES.adobe, curve);
    assert.equal(typeof treatmentOf(profile), 'object', name);
    const likeness = await compare(t, withProfile(jpeg, profile));
    // Light that is not encoded at all is coarse in the darks, whoever reads it.
    assert.ok(likeness >= (name === 'no numbers' ? 50 : 60), `${name}: ${likeness} dB`);
  }
});

test('the formulas give the light that the specification says', () => {
  const cases: [number, number[], number, number][] = [
    [0, [2], 0.6, 0.36],
    [1, [2, 1, -0.2], 0.8, 0.36],
    [1, [2, 1, -0.2], 0.2, 0],
    [2, [2, 1, -0.2, 0.1], 0.8, 0.46],
    [2, [2, 1, -0.2, 0.1], 0.2, 0.1],
    [3, [2, 1, 0.1, 0.5, 0.5], 0.8, 0.81],
    [3, [2, 1, 0.1, 0.5, 0.5], 0.2, 0.1],
    [4, [2, 1, 0.1, 0.5, 0.5, 0.1, 0.05], 0.8, 0.91],
    [4, [2, 1, 0.1, 0.5, 0.5, 0.1, 0.05], 0.2, 0.15],
  ];
  for (const [kind, numbers, value, light] of cases) {
    const treatment = treatmentOf(makeProfile(PRIMARIES.srgb, para(kind, numbers)));
    assert.ok(typeof treatment === 'object');
    const pixel = new Uint8Array(3).fill(value * 255);
    toSrgb(pixel, treatment);
    const expected = 255 * (light <= 0.0031308 ? light * 12.92 : 1.055 * light ** (1 / 2.4) - 0.055);
    for (const found of pixel)
      assert.ok(Math.abs(found - expected) <= 1, `${kind} of ${value}: ${found} instead of ${expected}`);
  }
});

test('what is sRGB again is left alone, and what is not of curves and primaries is left to libvips', async () => {
  const icc = async (image: Sharp) => (await sharp(await image.toBuffer()).metadata()).icc ?? Buffer.alloc(0);
  assert.equal(treatmentOf(await icc(plainPicture(8, 8).withIccProfile('srgb').jpeg())), 'none');
  assert.equal(treatmentOf(makeProfile(PRIMARIES.srgb, para(3, SRGB_CURVE))), 'none');
  assert.notEqual(treatmentOf(makeProfile(PRIMARIES.srgb, curv([256 * 1.8]))), 'none');
  assert.notEqual(treatmentOf(makeProfile(PRIMARIES.p3, para(3, SRGB_CURVE))), 'none');
  const cmyk = plainPicture(8, 8).toColourspace('cmyk').withIccProfile('cmyk').jpeg();
  assert.equal(treatmentOf(await icc(cmyk)), 'library');
  assert.equal(treatmentOf(Buffer.from('no profile')), 'library');
});

test('no profile, however wrong, makes reading fail', () => {
  const seeds = [para(3, SRGB_CURVE), curv([563]), curv([0, 30000, 65535])].map((curve) =>
    makeProfile(PRIMARIES.p3, curve),
  );
  const edits = fc.array(fc.tuple(fc.nat(500), fc.integer({ min: 0, max: 255 })), { maxLength: 20 });
  fc.assert(
    fc.property(fc.constantFrom(...seeds), edits, fc.nat(600), (seed, changes, length) => {
      const icc = Buffer.from(seed);
      for (const [at, value] of changes) if (at < icc.length) icc[at] = value;
      const treatment = treatmentOf(icc.subarray(0, length));
      if (typeof treatment === 'string') return;
      const pixels = Uint8Array.from({ length: 768 }, (_, at) => (at * 37) & 255);
      toSrgb(pixels, treatment);
      // A place outside the table would be nothing, and so black.
      const { lights, encoded } = treatment;
      for (const row of [0, 3, 6])
        for (const find of [Math.min, Math.max])
          assert.ok(
            lights.slice(row, row + 3).reduce((sum, table) => sum + find(...table), 0) >> 8 in encoded,
          );
    }),
    { numRuns: 5000 },
  );
});
