import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import fc from 'fast-check';
import sharp from 'sharp';
import { exifOfJpeg, readExif } from './exif.ts';

type Entry = [tag: number, type: number, count: number, value: Uint8Array];
const ASCII = 2;
const LONG = 4;
const RATIONAL = 5;

/** A TIFF file of one folder, which may name others: `folders` are put one after the other, values behind them. */
function tiff(isLittle: boolean, folders: Record<'main' | 'exif' | 'gps', Entry[]>): Uint8Array {
  const bytes = new Uint8Array(2000);
  const view = new DataView(bytes.buffer);
  bytes.set(Buffer.from(isLittle ? 'II' : 'MM'));
  view.setUint16(2, 42, isLittle);
  view.setUint32(4, 8, isLittle);
  const starts = { main: 8, exif: 200, gps: 400 };
  let free = 800;
  for (const name of ['main', 'exif', 'gps'] as const) {
    const entries = folders[name];
    view.setUint16(starts[name], entries.length, isLittle);
    for (const [at, [tag, type, count, value]] of entries.entries()) {
      const place = starts[name] + 2 + at * 12;
      view.setUint16(place, tag, isLittle);
      view.setUint16(place + 2, type, isLittle);
      view.setUint32(place + 4, count, isLittle);
      if (value.length <= 4) bytes.set(value, place + 8);
      else {
        view.setUint32(place + 8, free, isLittle);
        bytes.set(value, free);
        free += value.length;
      }
    }
  }
  return bytes;
}

function numbers(isLittle: boolean, ...values: number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  for (const [at, value] of values.entries()) new DataView(bytes.buffer).setUint32(at * 4, value, isLittle);
  return bytes;
}

function photoBlock(
  isLittle: boolean,
  { date = '2024:05:31 18:20:07', north = 'N', east = 'E', latitude = [51, 1, 30, 1, 36, 1] } = {},
): Uint8Array {
  return tiff(isLittle, {
    main: [
      [0x8769, LONG, 1, numbers(isLittle, 200)],
      [0x8825, LONG, 1, numbers(isLittle, 400)],
    ],
    exif: [[0x9003, ASCII, 20, Buffer.from(`${date}\0`)]],
    gps: [
      [1, ASCII, 2, Buffer.from(`${north}\0`)],
      [2, RATIONAL, 3, numbers(isLittle, ...latitude)],
      [3, ASCII, 2, Buffer.from(`${east}\0`)],
      [4, RATIONAL, 3, numbers(isLittle, 7, 1, 1530, 100, 0, 1)],
    ],
  });
}

test('time and place are read in either byte order', () => {
  for (const isLittle of [true, false]) {
    const expected = { takenAt: '2024-05-31T18:20:07', place: { latitude: 51.51, longitude: 7.255 } };
    assert.deepEqual(readExif(photoBlock(isLittle)), expected);
    assert.deepEqual(readExif(Buffer.concat([Buffer.from('Exif\0\0'), photoBlock(isLittle)])), expected);
  }
  assert.deepEqual(readExif(photoBlock(true, { north: 'S', east: 'W' })).place, {
    latitude: -51.51,
    longitude: -7.255,
  });
});

test('a time or a place that cannot be is absent, and does not hide the other', () => {
  const wrongDates = [
    '2024:02:31 18:20:07',
    '0000:00:00 00:00:00',
    '2024:05:31 25:20:07',
    '    :  :     :  :  ',
  ];
  for (const date of wrongDates) {
    const { takenAt, place } = readExif(photoBlock(true, { date }));
    assert.equal(takenAt, null, date);
    assert.notEqual(place, null);
  }
  const wrongPlaces = [
    { latitude: [91, 1, 0, 1, 0, 1] },
    { latitude: [51, 0, 30, 1, 36, 1] },
    { latitude: [0, 0, 0, 0, 0, 0] },
    { north: '?' },
  ];
  for (const wrong of wrongPlaces) {
    const { takenAt, place } = readExif(photoBlock(true, wrong));
    assert.equal(place, null, JSON.stringify(wrong));
    assert.notEqual(takenAt, null);
  }
});

test('the block of a JPEG is found as sharp finds it', async () => {
  const jpeg = await sharp({ create: { width: 9, height: 9, channels: 3, background: '#fff' } })
    .withExif({
      IFD2: { DateTimeOriginal: '2011:10:06 12:00:00' },
      IFD3: {
        GPSLatitudeRef: 'S',
        GPSLatitude: '33/1 51/1 3600/100',
        GPSLongitudeRef: 'E',
        GPSLongitude: '151/1 12/1 0/1',
      },
    })
    .jpeg()
    .toBuffer();
  const block = exifOfJpeg(jpeg);
  assert.ok(block);
  const { exif } = await sharp(jpeg).metadata();
  assert.deepEqual(Buffer.from(block), exif?.subarray(6));
  const { takenAt, place } = readExif(block);
  assert.equal(takenAt, '2011-10-06T12:00:00');
  assert.ok(place && Math.abs(place.latitude + 33.86) < 1e-9 && Math.abs(place.longitude - 151.2) < 1e-9);
  assert.equal(exifOfJpeg(jpeg.subarray(0, 60)), null, 'a block that is cut off');
  const bare = await sharp(jpeg).jpeg().toBuffer();
  assert.equal(exifOfJpeg(bare), null);
  assert.equal(exifOfJpeg(Buffer.from('\x89PNG\r\n\x1a\n')), null);
});

test('a block in front of which lies more than 256 kB is not looked for', () => {
  const segment = (marker: number, body: Uint8Array) =>
    Buffer.concat([Buffer.from([0xff, marker, (body.length + 2) >> 8, (body.length + 2) & 255]), body]);
  const exif = segment(0xe1, Buffer.concat([Buffer.from('Exif\0\0'), photoBlock(true)]));
  const filler = segment(0xe2, Buffer.alloc(60_000));
  const jpeg = (fillers: number) =>
    Buffer.concat([Buffer.from([0xff, 0xd8]), ...Array.from({ length: fillers }, () => filler), exif]);
  assert.equal(readExif(exifOfJpeg(jpeg(4)) ?? Buffer.alloc(0)).takenAt, '2024-05-31T18:20:07');
  assert.equal(exifOfJpeg(jpeg(5)), null);
});

test('no bytes, however wrong, make reading fail or read beyond them', async () => {
  const orientation = await readFile(new URL('../test/fixtures/orientation/Portrait_6.jpg', import.meta.url));
  const seeds = [photoBlock(true), photoBlock(false), new Uint8Array(orientation.subarray(0, 2000))];
  const edits = fc.array(fc.tuple(fc.nat(1999), fc.integer({ min: 0, max: 255 })), { maxLength: 40 });
  fc.assert(
    fc.property(fc.constantFrom(...seeds), edits, fc.nat(2000), (seed, changes, length) => {
      // Behind the part that is given lies what must never be read: it would give a date.
      const whole = new Uint8Array(4000).fill(0x31);
      whole.set(seed);
      for (const [at, value] of changes) whole[at] = value;
      const given = whole.subarray(0, length);
      const { takenAt, place } = readExif(given);
      assert.deepEqual(readExif(given.slice()), { takenAt, place }, 'it depends on what lies behind');
      if (takenAt !== null) assert.match(takenAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);
      if (place) assert.ok(Math.abs(place.latitude) <= 90 && Math.abs(place.longitude) <= 180);
      const block = exifOfJpeg(given);
      if (block) readExif(block);
    }),
    { numRuns: 3000 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      readExif(bytes);
      exifOfJpeg(bytes);
    }),
    { numRuns: 3000 },
  );
});
