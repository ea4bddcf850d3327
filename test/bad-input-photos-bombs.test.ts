/** Photos that want all the memory or time there is. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import * as files from './hostile-files.ts';
import {
  assertModest,
  assertTidy,
  besideOthers,
  isRefused,
  measureMemory,
  renewWorkers,
} from './hostile-world.ts';
import { openWorld } from './world.ts';

const world = await openWorld();
const [ann, bob] = await world.accounts('ann', 'bob');
/** A worker that has read headers alone: Node and sharp take 110 MB by themselves. */
const HEADERS_MAX_BYTES = 150e6;

const plain = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#c85028' } });
const [avif, heic] = await Promise.all([
  plain(40, 30).avif({ effort: 0 }).toBuffer(),
  readFile(path.join(import.meta.dirname, 'fixtures/turned.heic')),
]);

type Bad = [what: string, code: string, bytes: files.Bytes];

async function areRefused(photos: Bad[]): Promise<void> {
  for (const [what, code, bytes] of photos) await isRefused(world, ann, what, code, bytes);
}

test('headers that claim what nobody has are refused before anything is decoded', async () => {
  const deep = { depth: 16, colourType: 6, isInterlaced: true };
  const few: [string, Uint8Array][] = [['IDAT', Buffer.alloc(9)]];
  const claims: Bad[] = [
    ['3,000,000 × 32', 'image_too_large', files.png({ width: 3_000_000, height: 32, ...deep }, few)],
    ['786,464 × 32', 'image_shape', files.png({ width: 786_464, height: 32, ...deep }, few)],
    ['1,000,000 × 90', 'image_too_large', files.png({ width: 1_000_000, height: 90 }, few)],
    ['90 × 1,000,000', 'image_too_large', files.png({ width: 90, height: 1_000_000 }, few)],
    ['2^31 - 1 squared', 'image_damaged', files.png({ width: 2 ** 31 - 1, height: 2 ** 31 - 1 }, few)],
    [
      '30,000 × 30,000 of one bit',
      'image_too_large',
      files.blackPng({ width: 30_000, height: 30_000, depth: 1, colourType: 0 }),
    ],
    ['an AVIF of 12,000 × 12,000', 'image_too_large', files.claimSides(avif, 12_000, 12_000)],
    ['a HEIC of 12,000 × 12,000', 'image_too_large', files.claimSides(heic, 12_000, 12_000)],
    ['a JPEG of 65,500 × 65,500', 'image_too_large', files.jpegClaiming(65_500, 65_500)],
    ['a GIF of 65,535 × 65,535', 'image_too_large', files.gif(1, [65_535, 65_535])],
    [
      'a WebP of 16,383 × 16,383',
      'image_too_large',
      Buffer.from('UklGRhoAAABXRUJQVlA4TA4AAAAv/r//DwAAAAAAAAAAAA==', 'base64'),
    ],
  ];
  assert.equal(claims[0]?.[2].length, 66);
  await areRefused(claims.slice(0, 1));
  await renewWorkers(world);
  assertModest(await measureMemory(world, () => areRefused(claims)), HEADERS_MAX_BYTES);
  await besideOthers(bob, 1, () => areRefused(claims));
});

test('a strip is refused for posts and avatars, and the longest that is not refused comes out bounded', async () => {
  await besideOthers(bob, 2, async () => {
    await areRefused([
      ['20,000 × 10', 'image_shape', new Uint8Array(await plain(20_000, 10).png().toBuffer())],
      ['10 × 20,000', 'image_shape', new Uint8Array(await plain(10, 20_000).png().toBuffer())],
    ]);
    const tall = new Uint8Array(await plain(160, 1_600).png().toBuffer());
    const post = await ann.posts('', [tall, new Uint8Array(await plain(1_600, 160).png().toBuffer())]);
    for (const { width, height } of post.photos.flatMap(({ renditions }) => renditions))
      assert.ok(width <= 2_048 && height <= 2_048, `${width} × ${height}`);
    const uploadId = await ann.uploads(tall);
    const { avatarUrl } = (await ann.must('PUT', '/me/avatar', { body: { uploadId } })).body;
    const bytes = Buffer.from(await (await fetch(world.base + avatarUrl)).arrayBuffer());
    const { width, height } = await sharp(bytes).metadata();
    assert.ok(width === height && width <= 512, `${width} × ${height}`);
  });
});

test('what is costly to decode is decoded within the limits, or refused', async () => {
  const seven = { width: 7_000, height: 7_000 };
  const costly: [string, files.Bytes][] = [
    [
      '49 megapixels of 16-bit RGBA, interlaced',
      files.blackPng({ ...seven, depth: 16, colourType: 6, isInterlaced: true }),
    ],
    ['49 megapixels of progressive colour', files.progressiveJpeg(7_000, 3, 10)],
    ['200 scans of 49 megapixels', files.progressiveJpeg(7_000, 1, 200)],
    ['25 MB of zeros behind one pixel', files.png({ width: 40, height: 30 }, [['IDAT', files.zeros(3e9)]])],
  ];
  const memory = await measureMemory(world, () =>
    besideOthers(bob, 3, async () => {
      for (const [what, bytes] of costly) {
        const { uploadId, url } = (await ann.must('POST', '/uploads')).body;
        const reply = await ann.act('PUT', url, { raw: bytes });
        assert.ok([200, 422].includes(reply.status), `${what}: ${reply.status} ${reply.text}`);
        if (reply.status === 200) await ann.must('DELETE', `/uploads/${uploadId}`);
      }
    }),
  );
  assertModest(memory);
  await assertTidy(world);
});

test('of what moves or has many pages only the first picture is read', async () => {
  const frames = Buffer.concat([Buffer.alloc(40 * 30 * 3, 200), Buffer.alloc(40 * 30 * 3 * 99)]);
  const raw = { width: 40, height: 3_000, channels: 3, pageHeight: 30 } as const;
  const webp = await sharp(frames, { raw })
    .webp({ loop: 0, delay: Array(100).fill(20) })
    .toBuffer();
  assert.ok(webp.includes('ANIM'), 'it moves');
  const moving: [string, files.Bytes][] = [
    ['a GIF of 200,000 frames', files.gif(200_000)],
    ['an animated PNG of 500 frames', files.apng(500)],
    ['an animated WebP of 100 frames', new Uint8Array(webp)],
  ];
  await besideOthers(bob, 4, async () => {
    for (const [what, bytes] of moving) {
      const uploadId = await ann.uploads(bytes);
      const { uploaded } = await ann.get(`/uploads/${uploadId}`);
      assert.ok(
        uploaded.width <= 40 && uploaded.height <= 30,
        `${what}: ${uploaded.width} × ${uploaded.height}`,
      );
      if (what.includes('GIF')) assert.equal(uploaded.averageColour, '#ff0000');
      await ann.must('DELETE', `/uploads/${uploadId}`);
    }
    const pages = Buffer.concat([Buffer.from('II*\0\x08\0\0\0', 'latin1'), Buffer.alloc(600_000)]);
    await areRefused([
      ['a TIFF whose folders follow each other in a circle', 'image_type', pages],
      ['a film that says it is an AVIF', 'image_damaged', files.iso('avis', 'msf1', 'miaf')],
    ]);
  });
  await assertTidy(world);
});

test('metadata that is larger than any picture is passed over', async () => {
  const jpeg = new Uint8Array(await plain(40, 30).jpeg().toBuffer());
  const small = { width: 40, height: 30 };
  const named = (name: string) => files.bytesOf(`${name}\0\0`, files.zeros(200e6));
  const segments = Array.from({ length: 200 }, () =>
    files.app1('http://ns.adobe.com/xap/1.0/\0', Buffer.alloc(65_000, 'Canary')),
  );
  const texts = Array.from({ length: 100_000 }, (): [string, Uint8Array] => [
    'tEXt',
    Buffer.from('k\0Canary'),
  ]);
  const swollen: [string, files.Bytes][] = [
    ['a profile of 200 MB', files.blackPng(small, [['iCCP', named('Canary')]])],
    ['20 texts of 200 MB', files.blackPng(small, Array(20).fill(['zTXt', named('Canary')]))],
    ['100,000 texts', files.blackPng(small, texts)],
    ['30 MB of EXIF', files.blackPng(small, [['eXIf', Buffer.alloc(30e6, 'MM\0*Canary')]])],
    ['13 MB of XMP', files.withSegments(jpeg, ...segments)],
    [
      'EXIF that ends before it begins',
      files.withSegments(jpeg, files.app1('Exif\0\0MM\0*\xff\xff\xff\xff')),
    ],
  ];
  const memory = await measureMemory(world, () =>
    besideOthers(bob, 5, async () => {
      for (const [what, bytes] of swollen) {
        const { photos } = await ann.posts('', [bytes]);
        for (const { url } of photos[0]?.renditions ?? []) {
          const served = Buffer.from(await (await fetch(world.base + url)).arrayBuffer());
          assert.ok(served.length < 5_000 && !served.includes('Canary'), what);
        }
      }
    }),
  );
  assertModest(memory);
  await assertTidy(world);
});
