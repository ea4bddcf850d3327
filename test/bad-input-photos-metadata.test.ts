/** What a file holds beside its picture: where it was taken and with what, other files, and how it is to be turned. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import sharp, { type Sharp } from 'sharp';
import type { PostCard } from '../core/shapes.ts';
import { sql } from '../server/infra/sql.ts';
import { CANARIES, held, PLACE, tellAll, tellingTiff, tellingXmp } from './hostile-exif.ts';
import * as files from './hostile-files.ts';
import { assertTidy, besideOthers, isRefused } from './hostile-world.ts';
import { openWorld } from './world.ts';

const world = await openWorld();
const [ann, bob] = await world.accounts('ann', 'bob');
const picture = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#c85028' } });
/** Larger than what is shown, so that everything is made of it that can be. */
const jpeg = new Uint8Array(await picture(2_400, 1_600).jpeg().toBuffer());
const bytesAt = async (url: string, token = '') => {
  const reply = await fetch(world.base + url, { headers: { authorization: `Bearer ${token}` } });
  assert.equal(reply.status, 200, url);
  return { reply, bytes: Buffer.from(await reply.arrayBuffer()) };
};

/** Everything that anybody is ever sent of a post. */
async function everythingOf(post: PostCard) {
  await world.settled();
  const now = (await ann.get(`/posts/${post.id}`)) as PostCard;
  const pictures: [string, Buffer][] = [];
  for (const { mediaId, renditions } of now.photos) {
    for (const { name, url } of renditions) pictures.push([name, (await bytesAt(url)).bytes]);
    const proof = await bytesAt(`/api/v1/posts/${post.id}/photos/${mediaId}/proof`, ann.token);
    pictures.push(['proof', proof.bytes]);
  }
  const pages = [`/posts/${post.id}`, `/accounts/${ann.id}/posts`, '/feed', '/explore', '/me'];
  const replies = await Promise.all(
    pages.flatMap((at) => [ann.act('GET', at), bob.act('GET', at)]).map(async (reply) => (await reply).text),
  );
  const edits = await ann.act('GET', `/posts/${post.id}/photos/${now.photos[0]?.mediaId}/edits`);
  return { pictures, texts: [...replies, edits.text, await world.page(`/p/${post.id}`)] };
}

function assertSilent(bytes: Buffer | string, what: string): void {
  for (const canary of [...CANARIES, 'Exif\0', 'xmpmeta', 'Photoshop 3.0'])
    assert.ok(!bytes.includes(canary), `${what} has ${JSON.stringify(canary)}`);
}

const telling: [string, files.Bytes][] = [
  ['JPEG', tellAll(jpeg)],
  ['PNG', tellingPng(await picture(1_500, 1_000).png().toBuffer())],
  ['WebP', await tellingCopy(picture(1_500, 1_000).webp())],
  ['AVIF', await tellingCopy(picture(300, 200).avif({ effort: 0 }))],
];

function tellingPng(png: Buffer): files.Bytes {
  const said: [string, Uint8Array][] = [
    ['eXIf', tellingTiff()],
    ['tEXt', Buffer.from('Author\0CanaryOwner')],
    ['iTXt', Buffer.from(`XML:com.adobe.xmp\0\0\0\0\0${tellingXmp}`)],
  ];
  // Signature and header take 33 bytes.
  return files.bytesOf(png.subarray(0, 33), ...said.map(files.chunkOf), png.subarray(33));
}

async function tellingCopy(image: Sharp): Promise<files.Bytes> {
  const gps = {
    GPSLatitudeRef: 'N',
    GPSLatitude: '48/1 12/1 3456/100',
    GPSLongitudeRef: 'E',
    GPSLongitude: '16/1 22/1 1122/100',
  };
  const exif = {
    IFD0: { Make: 'CanaryMake', Artist: 'CanaryArtist' },
    IFD2: { BodySerialNumber: 'CanaryBodySerial' },
    IFD3: gps,
  };
  const bytes = await image.withExif(exif).withXmp(tellingXmp).toBuffer();
  assert.ok(bytes.includes('CanaryBodySerial') && bytes.includes('CanaryXmp'));
  return new Uint8Array(bytes);
}

test('nothing that a camera wrote about a place, a person or itself leaves with a photo', async () => {
  for (const canary of CANARIES) assert.ok(Buffer.from(telling[0]?.[1] ?? []).includes(canary), canary);
  for (const [what, bytes] of telling) {
    const uploadId = await ann.uploads(bytes);
    const edits = {
      look: { filter: 'warm-vintage' },
      frame: { crop: { left: 0.1, top: 0.1, width: 0.8, height: 0.8 } },
    };
    const body = { caption: '', photos: [{ uploadId }, { uploadId: await ann.uploads(bytes), edits }] };
    const post = (await ann.must('POST', '/posts', { body })).body;
    const { pictures, texts } = await everythingOf(post);
    assert.ok(pictures.length >= 10, `${what}: ${pictures.length} pictures`);
    for (const [name, found] of pictures) {
      assertSilent(found, `${what}, ${name}`);
      const { format, exif, xmp, iptc, comments } = await sharp(found).metadata();
      assert.deepEqual(
        [format, exif, xmp, iptc, comments],
        ['jpeg', ...Array(4).fill(undefined)],
        `${what}, ${name}`,
      );
    }
    for (const text of texts) {
      assertSilent(text, what);
      assert.doesNotMatch(text, /48\.20|16\.36/, `${what}: the place`);
    }
    const rows = await world.rows<{ latitude: number | null }>(
      sql`select latitude from media where media_id = ${uploadId}`,
    );
    assert.deepEqual(rows, [{ latitude: null }], `${what}: a place that is not shown is forgotten`);
  }
});

test('the time is read, and the place is shown only where the member says so', async () => {
  const uploadId = await ann.uploads(telling[0]?.[1] ?? files.bytesOf());
  assert.equal((await ann.get(`/uploads/${uploadId}`)).uploaded.takenAt, '2024-05-31T18:20:07');
  const { id } = (await ann.must('POST', '/posts', { body: { photos: [{ uploadId, place: PLACE }] } })).body;
  const [photo] = (await ann.get(`/posts/${id}`)).photos;
  assert.deepEqual(photo.place, PLACE);
});

test('an untouched original keeps everything, for its owner alone', async () => {
  const post = await ann.posts('', [
    await picture(300, 200)
      .jpeg()
      .toBuffer()
      .then((bytes) => new Uint8Array(bytes)),
  ]);
  const at = `/posts/${post.id}/photos/${post.photos[0]?.mediaId}`;
  const body = { originalOf: post.photos[0]?.mediaId };
  await ann.must('PUT', (await ann.must('POST', '/uploads', { body })).body.url, {
    raw: telling[0]?.[1] ?? '',
  });
  const { reply, bytes } = await bytesAt(`/api/v1${at}/original`, ann.token);
  assert.ok(bytes.includes('CanaryBodySerial'));
  assert.match(reply.headers.get('content-disposition') ?? '', /^attachment/);
  assert.equal(reply.headers.get('content-type'), 'application/octet-stream');
  assert.equal(reply.headers.get('x-content-type-options'), 'nosniff');
  assert.match(reply.headers.get('cache-control') ?? '', /private, no-store/);
  assert.equal((await bob.act('GET', `${at}/original`)).status, 404);
  const { pictures, texts } = await everythingOf(post);
  for (const [name, found] of pictures) assertSilent(found, name);
  for (const text of texts) assertSilent(text, 'a reply');
});

const COLOURS = { R: [220, 30, 30], G: [30, 200, 30], B: [30, 30, 220], Y: [220, 220, 30] } as const;
type Colour = keyof typeof COLOURS;
/** What each orientation makes of a picture whose corners are R, G, B, Y, from the upper left one clockwise. */
const TURNED: [number, string][] = [
  [0, 'RGBY'],
  [1, 'RGBY'],
  [2, 'GRYB'],
  [3, 'BYRG'],
  [4, 'YBGR'],
  [5, 'RYBG'],
  [6, 'YRGB'],
  [7, 'BGRY'],
  [8, 'GBYR'],
  [9, 'RGBY'],
];

async function fourColours(): Promise<Buffer> {
  const quarter = (name: Colour, left: number, top: number) => ({
    input: { create: { width: 60, height: 40, channels: 3, background: rgb(name) } } as const,
    left,
    top,
  });
  const quarters = [quarter('R', 0, 0), quarter('G', 60, 0), quarter('B', 60, 40), quarter('Y', 0, 40)];
  return picture(120, 80).composite(quarters).jpeg({ quality: 95 }).toBuffer();
}

function rgb(name: Colour) {
  const [r, g, b] = COLOURS[name];
  return { r, g, b };
}

/** The colours of the corners of a picture, from the upper left one clockwise. */
async function cornersOf(bytes: Buffer): Promise<string> {
  const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const places: [number, number][] = [
    [10, 10],
    [width - 10, 10],
    [width - 10, height - 10],
    [10, height - 10],
  ];
  return places
    .map(([x, y]) => {
      const pixel = data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3);
      const apart = (name: Colour) =>
        COLOURS[name].reduce((sum, value, at) => sum + Math.abs(value - (pixel[at] ?? 0)), 0);
      return (Object.keys(COLOURS) as Colour[]).sort((one, other) => apart(one) - apart(other))[0];
    })
    .join('');
}

test('a photo that says how it was held comes out upright and says it no more, also where it says nonsense', async () => {
  const source = await fourColours();
  const { photos } = await ann.posts('', await Promise.all(TURNED.map(async ([each]) => held(source, each))));
  for (const [at, [orientation, corners]] of TURNED.entries()) {
    const rendition = photos[at]?.renditions.find(({ name }) => name === 'w1080');
    const isTurned = orientation >= 5 && orientation <= 8;
    assert.deepEqual(
      [rendition?.width, rendition?.height],
      isTurned ? [80, 120] : [120, 80],
      `${orientation}`,
    );
    const { bytes } = await bytesAt(rendition?.url ?? '');
    assert.equal(await cornersOf(bytes), corners, `orientation ${orientation}`);
    assert.equal((await sharp(bytes).metadata()).orientation, undefined);
  }
});

test('a file that is two things at once is served as a picture and nothing else, or refused', async () => {
  const small = await picture(300, 200).jpeg().toBuffer();
  const page = '<!doctype html><script>alert("CanaryPage")</script>';
  const two: [string, files.Bytes][] = [
    ['a JPEG that goes on as a zip file', files.bytesOf(small, files.zip('CanaryPage', files.zeros(1_000)))],
    [
      'a JPEG with a program in its comment',
      files.withSegments(small, files.jpegComment(`<?php ${page} ?>`)),
    ],
    [
      'a PNG that is also a page',
      files.blackPng({ width: 40, height: 30 }, [['tEXt', Buffer.from(`k\0${page}`)]]),
    ],
    ['a GIF that is also a script', files.gif(1, [1, 1], `*/=1;alert("CanaryPage");`)],
  ];
  await besideOthers(bob, 1, async () => {
    for (const [what, bytes] of two) {
      assert.ok(Buffer.from(bytes).includes('CanaryPage'));
      const post = await ann.posts('', [bytes]);
      for (const { url } of post.photos[0]?.renditions ?? []) {
        const served = await bytesAt(url);
        assert.equal(served.reply.headers.get('content-type'), 'image/jpeg');
        assert.equal(served.reply.headers.get('x-content-type-options'), 'nosniff');
        assert.ok(!served.bytes.includes('CanaryPage'), what);
      }
    }
    for (const [what, code, bytes] of [
      ['a PDF that goes on as a JPEG', 'image_type', files.bytesOf('%PDF-1.4\n', small)],
      ['a page that goes on as a JPEG', 'image_type', files.bytesOf(page, small)],
      ['a GIF that is mostly a script', 'image_damaged', files.bytesOf(`GIF89a=1/*${page}*/`)],
    ] as const)
      await isRefused(world, ann, what, code, bytes);
  });
});

test('a HEIC of a telephone is turned upright once, and tells nothing either', async () => {
  const heic = new Uint8Array(await readFile(path.join(import.meta.dirname, 'fixtures/turned.heic')));
  const { pictures, texts } = await everythingOf(await ann.posts('', [heic]));
  for (const [name, bytes] of pictures) {
    const { exif, xmp, orientation } = await sharp(bytes).metadata();
    assert.deepEqual([exif, xmp, orientation], [undefined, undefined, undefined], name);
  }
  for (const text of texts) assertSilent(text, 'HEIC');
  await assertTidy(world);
});
