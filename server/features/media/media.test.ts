import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import type { PostCard } from '../../../core/shapes.ts';
import { openWorld, samplePhoto, until } from '../../../test/world.ts';
import { sql } from '../../infra/sql.ts';
import { moveOldPhotos } from './shelves.ts';

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
  Number(new URL(url, world.base).searchParams.get('e')) * 1_000 - world.app.clock.nowMs();

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

test('a photo that is larger than 1080 px also comes for large screens, a little later; with other edits anew', async () => {
  const post = await ann.posts('', [await fixture('Landscape_6.jpg')]);
  await world.settled();
  const large = async () => {
    const [photo] = ((await ann.get(`/posts/${post.id}`)) as PostCard).photos;
    return photo?.renditions.find(({ name }) => name === 'w2048');
  };
  const first = await large();
  assert.deepEqual([first?.width, first?.height], [1800, 1200]);
  assert.equal((await sharp(await bytesOf(first?.url ?? '')).metadata()).width, 1800);
  const frame = { isMirrored: true };
  await ann.must('PUT', `/posts/${post.id}/photos/${post.photos[0]?.mediaId}/edits`, { body: { frame } });
  await world.settled();
  const second = await large();
  assert.deepEqual([second?.width, second?.height], [1800, 1200]);
  assert.equal(await statusOf(second?.url ?? ''), 200);
  assert.equal(await statusOf(first?.url ?? ''), 404);
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
  const cara = await world.account('caroline', { isPrivate: true });
  const post = await cara.posts();
  const other = await cara.posts();
  const [good = ''] = urlsOf(post);
  assert.equal((await cara.act('GET', good)).status, 200);
  const url = new URL(good, world.base);
  const edited = (change: (copy: URL) => void) => {
    const copy = new URL(url);
    change(copy);
    return copy.pathname + copy.search;
  };
  const [from = '', to = ''] = [post, other].map(({ photos }) => photos[0]?.mediaId ?? '');
  const signature = url.searchParams.get('s') ?? '';
  const inPath = (a: string | RegExp, b: string) =>
    edited((copy) => {
      copy.pathname = copy.pathname.replace(a, b);
    });
  for (const wrong of [
    inPath(from, to),
    inPath('w1080', 'w640'),
    inPath('w1080', '../../originals/w1080'),
    inPath('/private/', '/public/'),
    inPath(/[0-9a-f]{32}/, '0'.repeat(32)),
    inPath(cara.id, ann.id),
    edited((copy) => copy.searchParams.set('e', '9999999999')),
    edited((copy) => copy.searchParams.set('e', `0${url.searchParams.get('e')}`)),
    edited((copy) =>
      copy.searchParams.set('s', `${signature.slice(0, -1)}${signature.endsWith('A') ? 'Q' : 'A'}`),
    ),
    edited((copy) => copy.searchParams.set('s', signature.slice(0, -1))),
    edited((copy) => copy.searchParams.delete('s')),
    edited((copy) => {
      copy.search = '';
    }),
  ])
    assert.equal((await cara.act('GET', wrong)).status, 404, wrong);
});

test('an address of a private account is no use to whoever may not see it, and expires within ten minutes', async () => {
  const cara = await world.account('cara', { isPrivate: true });
  await bob.follows(cara);
  await world.settled();
  await cara.accepts(bob);
  const [closed = ''] = urlsOf(await cara.posts());
  assert.match(closed, /^\/media\/private\//);
  assert.ok(lifeOf(closed) > 300_000 && lifeOf(closed) <= 600_000, `${lifeOf(closed)} ms`);
  const seen = await bob.act('GET', closed);
  assert.equal(seen.status, 200);
  assert.match(seen.headers.get('cache-control') ?? '', /^private, max-age=300$/);
  assert.equal((await ann.act('GET', closed)).status, 404, 'not a follower');
  assert.equal(await statusOf(closed), 404, 'not signed in');
  const life = lifeOf(closed);
  const status = async () => (await cara.act('GET', closed)).status;
  assert.equal(await later(life - 1_000, status), 200);
  assert.equal(await later(life + 1_000, status), 404);
  await cara.removes(bob);
  assert.equal((await bob.act('GET', closed)).status, 404, 'at once when he is no follower any more');
});

test('the address of a public account’s photo needs no signature, is for ever, and cannot be guessed', async () => {
  const post = await ann.posts();
  const [open = ''] = urlsOf(post);
  assert.match(open, /^\/media\/public\/\d\d\/\d+\/\d+\/[0-9a-f]{32}\/w1080\.jpg$/);
  const { headers } = await world.call('GET', open);
  assert.match(headers.get('cache-control') ?? '', /^public, max-age=31536000, s-maxage=600, immutable$/);
  assert.equal(await later(30 * 86_400_000, () => statusOf(open)), 200);
  assert.ok(
    (await world.files()).some((file) => file.endsWith(open.replace('/media', ''))),
    'as it lies in the store',
  );
  const [again] = urlsOf(await bob.get(`/posts/${post.id}`));
  assert.equal(again, open, 'the same for everybody, and the next time');
});

test('when an account becomes private its photos move, and their old addresses stop; and back', async () => {
  const dora = await world.account('dora');
  await bob.follows(dora);
  const post = await dora.posts();
  const uploadId = await dora.uploads(samplePhoto);
  const { avatarUrl } = (await dora.must('PUT', '/me/avatar', { body: { uploadId } })).body;
  const [before = ''] = urlsOf(post);
  assert.equal(await statusOf(before), 200);
  await dora.edits({ isPrivate: true });
  await until(async () => ((await statusOf(before)) === 404 ? true : null), 'the old address stops');
  await world.settled();
  const paths = async () =>
    (await world.files()).filter((file) => file.includes(post.photos[0]?.mediaId ?? ''));
  assert.deepEqual(
    (await paths()).filter((file) => file.includes('/public/')),
    [],
  );
  assert.ok((await paths()).filter((file) => file.includes('/private/')).length >= 4);
  const [now = ''] = urlsOf(await bob.get(`/posts/${post.id}`));
  assert.equal((await bob.act('GET', now)).status, 200);
  assert.equal(await statusOf(avatarUrl), 200, 'the avatar is part of the header, which stays public');
  await dora.edits({ isPrivate: false });
  await world.settled();
  assert.deepEqual(
    (await paths()).filter((file) => file.includes('/private/')),
    [],
  );
  await until(
    async () => ((await statusOf(before)) === 200 ? true : null),
    'the address of before is good again',
  );
});

test('photos as the first version laid them are served, and then moved', async () => {
  const post = await ann.posts();
  const [url = ''] = urlsOf(post);
  const mediaId = post.photos[0]?.mediaId ?? '';
  const old = `photos/${mediaId.slice(-2)}/${mediaId}`;
  for (const { name, url: each } of post.photos[0]?.renditions ?? [])
    await world.app.storage.move(each.replace('/media/', ''), `${old}/${name}.jpg`);
  await world.rows(sql`update media set shelf = 'old' where media_id = ${mediaId} returning 1`);
  world.app.cache.delete(`media:servable:${mediaId}`);
  assert.equal(await statusOf(url), 200);
  await moveOldPhotos(world.app);
  assert.equal(await statusOf(url), 200);
  assert.deepEqual(
    (await world.files()).filter((file) => file.includes(`/${old}`)),
    [],
  );
});

test('the addresses of a deleted photo stop at once, and its files are gone', async () => {
  const post = await ann.posts();
  for (const url of urlsOf(post)) assert.equal(await statusOf(url), 200);
  await ann.deletes(post);
  for (const url of urlsOf(post)) assert.equal(await statusOf(url), 404);
  await world.settled();
  const mediaId = post.photos[0]?.mediaId ?? '-';
  assert.deepEqual(
    (await world.files()).filter((file) => file.includes(mediaId)),
    [],
  );
});

test('no address is given for an original, and none can be made up', async () => {
  const post = await ann.posts();
  const mediaId = post.photos[0]?.mediaId ?? '';
  assert.ok(
    (await world.files()).some((file) => file.includes(`originals/${mediaId.slice(-2)}/${mediaId}`)),
    'it is kept',
  );
  assert.ok(!JSON.stringify(post).includes('original'));
  const folder = path.dirname(urlsOf(post)[0] ?? '');
  for (const file of ['original.jpg', 'original', 's512.jpg', '%2e%2e%2foriginals', 'w1080.png'])
    assert.equal(await statusOf(`${folder}/${file}`), 404);
});
