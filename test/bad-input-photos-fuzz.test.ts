/** Photos damaged at random, by a seed that is always the same; and whatever a folder of bad images holds. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import { assertRefused } from './bad-input.ts';
import type { Bytes } from './hostile-files.ts';
import { assertModest, assertTidy, besideOthers, measureMemory, openTicket } from './hostile-world.ts';
import { openWorld } from './world.ts';

const world = await openWorld();
const [ann, bob] = await world.accounts('ann', 'bob');
const COPIES = 25;
const AT_ONCE = 4;
/** A corpus of broken and hostile images, e.g. those of the fuzzers of image libraries. */
const corpus = process.env.PINHOLE_TEST_IMAGES ?? '';

/** Mulberry32: whole numbers below a limit, the same ones in each run. */
function randomFrom(seed: number) {
  let state = seed;
  return (below: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const pixels = Buffer.from(Array.from({ length: 160 * 120 * 3 }, (_, at) => (at * at) % 251));
const textured = () => sharp(pixels, { raw: { width: 160, height: 120, channels: 3 } });
const sound: [string, Buffer][] = [
  ['JPEG', await textured().jpeg().toBuffer()],
  ['progressive JPEG', await textured().jpeg({ progressive: true }).toBuffer()],
  ['CMYK JPEG', await textured().toColourspace('cmyk').jpeg().toBuffer()],
  ['PNG', await textured().png().toBuffer()],
  ['interlaced PNG', await textured().png({ progressive: true, palette: true }).toBuffer()],
  ['GIF', await textured().gif().toBuffer()],
  ['WebP', await textured().webp().toBuffer()],
  ['lossless WebP', await textured().webp({ lossless: true }).toBuffer()],
  ['AVIF', await textured().avif({ effort: 0 }).toBuffer()],
  ['HEIC', await readFile(path.join(import.meta.dirname, 'fixtures/turned.heic'))],
];

/** Some bytes become others, are left out, or come twice; mostly near the beginning, where the structure is. */
function damage(bytes: Buffer, random: (below: number) => number): Bytes {
  const copy = Buffer.from(bytes);
  const place = () => random(random(2) ? copy.length : Math.min(copy.length, 300));
  for (let left = 1 + random(8); left > 0; left--) copy[place()] = random(3) ? random(256) : 255 * random(2);
  const [from, length] = [place(), random(60)];
  const ways = [
    () => copy,
    () => copy.subarray(0, Math.max(from, 20)),
    () => Buffer.concat([copy.subarray(0, from), copy.subarray(from + length)]),
    () => Buffer.concat([copy.subarray(0, from + length), copy.subarray(from)]),
  ];
  return new Uint8Array(ways[random(ways.length)]?.() ?? copy);
}

/** Each is taken or refused with a reason of ours; gives how many were taken. */
async function sendAll(photos: [string, Bytes][]): Promise<number> {
  let taken = 0;
  const left = photos.entries();
  const sender = async () => {
    for (const [, [what, raw]] of left) {
      const { url } = await openTicket(ann);
      const reply = await ann.act('PUT', url, { raw });
      if (reply.status === 200) {
        taken++;
        await ann.must('DELETE', url);
      } else assertRefused(reply, reply.status === 413 ? 413 : 422, null, what);
      if (reply.status === 422)
        assert.match(reply.body.error.code, /^image_(type|damaged|too_large|shape|timeout|memory)$/, what);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, sender));
  return taken;
}

test('photos damaged at random are taken or refused with a reason, and nothing else happens', async () => {
  const photos = sound.flatMap(([kind, bytes], seed) => {
    const random = randomFrom(seed);
    return Array.from({ length: COPIES }, (_, at): [string, Bytes] => [
      `${kind} ${at}`,
      damage(bytes, random),
    ]);
  });
  let taken = 0;
  const memory = await measureMemory(world, () =>
    besideOthers(bob, 1, async () => {
      taken = await sendAll(photos);
    }),
  );
  assertModest(memory);
  assert.ok(taken > 0 && taken < photos.length, `${taken} of ${photos.length} were taken`);
  assert.equal(await sendAll(sound.map(([kind, bytes]) => [kind, new Uint8Array(bytes)])), sound.length);
  await assertTidy(world);
});

test('a folder of bad images is taken or refused with a reason, one by one', {
  skip: corpus === '' && 'Set PINHOLE_TEST_IMAGES to a folder of broken and hostile images.',
}, async () => {
  const entries = await readdir(corpus, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => path.join(parentPath, name));
  const { workerPeak } = await measureMemory(world, async () => {
    for (const file of files) await sendAll([[file, new Uint8Array(await readFile(file))]]);
  });
  // This process is also the client of thousands of requests, for which V8 takes some 150 MB once.
  assertModest({ workerPeak, apiGrowth: 0 });
  await assertTidy(world);
});
