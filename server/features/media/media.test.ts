import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import type { PostCard } from '../../../core/shapes.ts';
import { openWorld, samplePhoto, until } from '../../../test/world.ts';

const world = await openWorld();
const [ann, bob] = await world.accounts('ann', 'bob');
const fixture = async (name: string) =>
  new Uint8Array(await readFile(path.join(import.meta.dirname, '../../../test/fixtures/orientation', name)));

const statusOf = async (url: string) => (await world.call('GET', url)).status;
const urlsOf = (post: PostCard) => post.photos.flatMap(({ renditions }) => renditions.map(({ url }) => url));
async function bytesOf(url: string): Promise<Buffer> {
  const reply = await fetch(world.base + url);
  assert.equal(reply.status, 200, url);
  return Buffer.from(await reply.arrayBuffer());
}
/** Ms until the address expires, as it says itself. */
const lifeOf = (url: string) =>
  Number.parseInt(new URL(url, world.base).searchParams.get('e') ?? '', 36) * 1_000 - world.app.clock.nowMs();

/** Runs with the clock of the process moved by so much. */
async function later<Result>(ms: number, work: () => Promise<Result>): Promise<Result> {
  const { clock } = world.app;
  const { nowMs } = clock;
  clock.nowMs = () => nowMs() + ms;
  try {
    return await work();
  } finally {
    clock.nowMs = nowMs;
  }
}

test('a photo comes in widths of 1080, 640 and 320 and a 150 px square, as JPEG that tells nothing of its origin', async () => {
  const post = await ann.posts('', [await fixture('Landscape_6.jpg')]);
  const [photo] = post.photos;
  assert.ok(photo);
  assert.deepEqual(
    photo.renditions.map(({ name, width, height }) => [name, width, height]),
    [
      ['w1080', 1080, 720],
      ['w640', 640, 427],
      ['w320', 320, 213],
      ['s150', 150, 150],
    ],
  );
  assert.deepEqual([photo.width, photo.height], [1080, 720]);
  assert.match(photo.averageColour ?? '', /^#[0-9a-f]{6}$/);
  assert.ok(Buffer.from(photo.thumbhash ?? '', 'base64').length >= 5);
  for (const { name, url, width, height } of photo.renditions) {
    const bytes = await bytesOf(url);
    const found = await sharp(bytes).metadata();
    assert.deepEqual([found.format, found.width, found.height], ['jpeg', width, height], name);
    assert.deepEqual(
      [found.exif, found.iptc, found.xmp, found.icc, found.orientation],
      Array(5).fill(undefined),
      name,
    );
    assert.ok(!bytes.includes('Exif') && !bytes.includes('http://ns.adobe.com'), name);
  }
});

test('the bytes of a photo are sent with headers that keep them from being anything else', async () => {
  const [url] = urlsOf(await ann.posts());
  const { headers } = await world.call('GET', url ?? '');
  assert.equal(headers.get('content-type'), 'image/jpeg');
  assert.equal(headers.get('x-content-type-options'), 'nosniff');
  assert.match(headers.get('content-security-policy') ?? '', /sandbox/);
  assert.match(headers.get('cache-control') ?? '', /^public/);
});

test('photos that were taken with the camera turned come out the right way up', async () => {
  for (const [turned, straight, shape] of [
    ['Landscape_6.jpg', 'Landscape_1.jpg', [640, 427]],
    ['Portrait_6.jpg', 'Portrait_1.jpg', [640, 960]],
  ] as const) {
    const post = await ann.posts('', [await fixture(turned), await fixture(straight)]);
    const [one, other] = await Promise.all(
      post.photos.map(async ({ renditions }) => {
        const rendition = renditions.find(({ name }) => name === 'w640');
        assert.deepEqual([rendition?.width, rendition?.height], shape, turned);
        return sharp(await bytesOf(rendition?.url ?? ''))
          .resize(32, 32, { fit: 'fill' })
          .raw()
          .toBuffer();
      }),
    );
    assert.ok(one && other);
    const difference =
      one.reduce((sum, value, at) => sum + Math.abs(value - (other[at] ?? 0)), 0) / one.length;
    assert.ok(difference < 4, `${turned} looks like ${straight}: differs by ${difference.toFixed(1)} of 255`);
  }
});

test('a small photo is not enlarged', async () => {
  const small = new Uint8Array(
    await sharp({ create: { width: 200, height: 90, channels: 3, background: '#c85028' } })
      .png()
      .toBuffer(),
  );
  const post = await ann.posts('', [small]);
  const shapes = post.photos[0]?.renditions.map(({ width, height }) => `${width}×${height}`);
  assert.deepEqual(new Set(shapes), new Set(['200×90', '90×90']));
});

test('an address that was edited in any part is refused', async () => {
  const post = await ann.posts();
  const other = await ann.posts();
  const [good = ''] = urlsOf(post);
  assert.equal(await statusOf(good), 200);
  const url = new URL(good, world.base);
  const edited = (change: (copy: URL) => void) => {
    const copy = new URL(url);
    change(copy);
    return copy.pathname + copy.search;
  };
  const [from = '', to = ''] = [post, other].map(({ photos }) => photos[0]?.mediaId ?? '');
  const signature = url.searchParams.get('s') ?? '';
  for (const wrong of [
    edited((copy) => {
      copy.pathname = copy.pathname.replace(from, to);
    }),
    edited((copy) => {
      copy.pathname = copy.pathname.replace('w1080', 'w640');
    }),
    edited((copy) => {
      copy.pathname = copy.pathname.replace('w1080', '../../originals/w1080');
    }),
    edited((copy) => copy.searchParams.set('c', 'r')),
    edited((copy) => copy.searchParams.set('e', 'zzzzzz')),
    edited((copy) => copy.searchParams.set('e', url.searchParams.get('e')?.toUpperCase() ?? '')),
    edited((copy) =>
      copy.searchParams.set('s', `${signature.slice(0, -1)}${signature.endsWith('A') ? 'B' : 'A'}`),
    ),
    edited((copy) => copy.searchParams.set('s', signature.slice(0, -1))),
    edited((copy) => copy.searchParams.delete('s')),
    edited((copy) => {
      copy.search = '';
    }),
  ])
    assert.equal(await statusOf(wrong), 404, wrong);
});

test('an address expires: of a public account within two days, of a private one within ten minutes', async () => {
  const [open = ''] = urlsOf(await ann.posts());
  assert.ok(lifeOf(open) > 86_400_000 && lifeOf(open) <= 2 * 86_400_000, `${lifeOf(open)} ms`);
  const cara = await world.account('cara', { isPrivate: true });
  const [closed = ''] = urlsOf(await cara.posts());
  assert.ok(lifeOf(closed) > 300_000 && lifeOf(closed) <= 600_000, `${lifeOf(closed)} ms`);
  assert.match(
    (await world.call('GET', closed)).headers.get('cache-control') ?? '',
    /^private, max-age=300$/,
  );

  for (const url of [open, closed]) {
    const life = lifeOf(url);
    assert.equal(await later(life - 1_000, () => statusOf(url)), 200);
    assert.equal(await later(life + 1_000, () => statusOf(url)), 404);
  }
});

test('the addresses of a public account stop when it becomes private; its followers are given new ones', async () => {
  const dora = await world.account('dora');
  await bob.follows(dora);
  const post = await dora.posts();
  const uploadId = await dora.uploads(samplePhoto);
  const { avatarUrl } = (await dora.must('PUT', '/me/avatar', { body: { uploadId } })).body;
  const [before = ''] = urlsOf(post);
  assert.equal(await statusOf(before), 200);
  await dora.edits({ isPrivate: true });
  await until(async () => ((await statusOf(before)) === 404 ? true : null), 'the old address stops');
  const [now = ''] = urlsOf(await bob.get(`/posts/${post.id}`));
  assert.equal(await statusOf(now), 200);
  assert.ok(lifeOf(now) <= 600_000);
  assert.equal(await statusOf(avatarUrl), 200, 'the avatar is part of the header, which stays public');
});

test('the addresses of a deleted photo stop at once', async () => {
  const post = await ann.posts();
  for (const url of urlsOf(post)) assert.equal(await statusOf(url), 200);
  await ann.deletes(post);
  for (const url of urlsOf(post)) assert.equal(await statusOf(url), 404);
});

test('no address is given for an original, and none can be made up', async () => {
  const post = await ann.posts();
  const mediaId = post.photos[0]?.mediaId ?? '';
  assert.ok(
    (await world.files()).some((file) => file.includes(`originals/${mediaId.slice(-2)}/${mediaId}`)),
    'it is kept',
  );
  assert.ok(!JSON.stringify(post).includes('original'));
  for (const file of ['original.jpg', 'original', 's320.jpg', '%2e%2e%2foriginals', 'w1080.png'])
    assert.equal(
      await statusOf(`/media/${mediaId}/${file}${new URL(urlsOf(post)[0] ?? '', world.base).search}`),
      404,
    );
});
