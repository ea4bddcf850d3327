import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import type { PostCard } from '../../../core/shapes.ts';
import { openWorld, samplePhoto, until } from '../../../test/world.ts';
import { sql } from '../../infra/sql.ts';
import { checkAll } from '../../main/admin/check.ts';
import { checkChecksums, checkFiles } from '../../main/admin/check-files.ts';

const world = await openWorld();
const [ann, bob] = await world.accounts('ann', 'bob');
const at = (post: PostCard, index = 0) => `/posts/${post.id}/photos/${post.photos[index]?.mediaId}`;
const urlOf = (post: PostCard, name = 'w640') =>
  post.photos[0]?.renditions.find((each) => each.name === name)?.url ?? '';
async function pixelsOf(url: string) {
  const reply = await fetch(world.base + url);
  assert.equal(reply.status, 200, url);
  return sharp(Buffer.from(await reply.arrayBuffer()))
    .raw()
    .toBuffer({ resolveWithObject: true });
}
/** Red in the left half, blue in the right, a green stripe along the top. */
const pattern = new Uint8Array(
  await sharp({ create: { width: 1600, height: 1000, channels: 3, background: '#c00000' } })
    .composite([
      { input: await block(800, 1000, '#0000c0'), left: 800, top: 0 },
      { input: await block(1600, 100, '#00c000'), left: 0, top: 0 },
    ])
    .jpeg({ quality: 95 })
    .toBuffer(),
);
function block(width: number, height: number, background: string) {
  return sharp({ create: { width, height, channels: 3, background } })
    .png()
    .toBuffer();
}
const colourAt = ({ data, info }: Awaited<ReturnType<typeof pixelsOf>>, x: number, y: number) => {
  const place = (Math.round(y * (info.height - 1)) * info.width + Math.round(x * (info.width - 1))) * 3;
  const [red = 0, green = 0, blue = 0] = data.subarray(place, place + 3);
  return red > 120 ? 'red' : green > 120 ? 'green' : blue > 120 ? 'blue' : `${red},${green},${blue}`;
};

test('a photo is published as its edits say, and edited again later: the post stays, its pictures turn over', async () => {
  const uploadId = await ann.uploads(pattern);
  const frame = { crop: { left: 0.5, top: 0.2, width: 0.5, height: 0.8 } };
  const look = { filter: 'warm-vintage', strength: 50 };
  const { id } = (
    await ann.must('POST', '/posts', { body: { photos: [{ uploadId, edits: { frame, look } }] } })
  ).body;
  const post = (await until(async () => {
    const now = await ann.get(`/posts/${id}`);
    return now.state === 'published' ? now : null;
  }, 'it is out')) as PostCard;
  assert.deepEqual(
    [post.photos[0]?.width, post.photos[0]?.height, post.photos[0]?.filter],
    [800, 800, 'warm-vintage'],
  );
  const cropped = await pixelsOf(urlOf(post));
  for (const [x, y] of [
    [0.05, 0.05],
    [0.95, 0.95],
  ] as const)
    assert.notEqual(colourAt(cropped, x, y), 'red');
  await bob.likes(post);
  await world.settled();

  const { edits, hasOriginal } = await ann.get(`${at(post)}/edits`);
  assert.equal(hasOriginal, false);
  assert.deepEqual(edits, {
    frame: { turns: 0, isMirrored: false, degrees: 0, ...frame },
    look: { ...look, adjustments: {} },
  });
  const turned = { frame: { turns: 1 }, look: { filter: 'none', adjustments: { contrast: 10 } } };
  const again = (await ann.must('PUT', `${at(post)}/edits`, { body: turned })).body as PostCard;
  assert.deepEqual([again.id, again.likeCount, again.state], [post.id, 1, 'published']);
  assert.deepEqual([again.photos[0]?.mediaId, again.photos[0]?.filter], [post.photos[0]?.mediaId, 'none']);
  const upright = await pixelsOf(urlOf(again));
  assert.equal(upright.info.height, 1024);
  assert.deepEqual(
    [colourAt(upright, 0.3, 0.1), colourAt(upright, 0.3, 0.9), colourAt(upright, 0.98, 0.5)],
    ['red', 'blue', 'green'],
    'turned clockwise: what was on top is on the right',
  );
  assert.notEqual(urlOf(again), urlOf(post));
  assert.equal(
    (await world.call('GET', urlOf(post))).status,
    404,
    'what was cut off is not shown by the old address',
  );
  await world.settled();
  const files = (await world.files()).filter((file) => file.includes(post.photos[0]?.mediaId ?? '-'));
  assert.equal(files.filter((file) => file.includes(urlOf(post).split('/').at(-2) ?? '-')).length, 0);
});

test('only the author edits a photo, fetches its proof, or learns of its edits', async () => {
  const post = await ann.posts('', [pattern]);
  for (const [method, path, body] of [
    ['GET', '/edits'],
    ['PUT', '/edits', {}],
    ['GET', '/proof'],
    ['GET', '/original'],
    ['PUT', '', { uploadId: post.photos[0]?.mediaId }],
    ['DELETE', ''],
  ] as const) {
    assert.equal((await bob.act(method, at(post) + path, body ? { body } : {})).status, 404, method + path);
    assert.equal(
      (await world.call(method, at(post) + path, body ? { body } : {})).status,
      401,
      method + path,
    );
    const other = await ann.posts();
    const crossed = `/posts/${other.id}/photos/${post.photos[0]?.mediaId}${path}`;
    assert.equal(
      (await ann.act(method, crossed, body ? { body } : {})).status,
      404,
      'a photo of another post',
    );
  }
  const proof = await fetch(`${world.base}/api/v1${at(post)}/proof`, {
    headers: { authorization: `Bearer ${ann.token}` },
  });
  assert.equal(proof.headers.get('content-type'), 'image/jpeg');
  assert.match(proof.headers.get('cache-control') ?? '', /no-store/);
  const { width, height, exif } = await sharp(Buffer.from(await proof.arrayBuffer())).metadata();
  assert.deepEqual([width, height, exif], [1600, 1000, undefined]);
});

test('edits that cannot be are refused, and the photo stays', async () => {
  const post = await ann.posts('', [pattern]);
  for (const edits of [
    { frame: { turns: 4 } },
    { frame: { turns: 0.5 } },
    { frame: { degrees: 26 } },
    { frame: { degrees: '5' } },
    { frame: { crop: { left: 0, top: 0, width: 0, height: 1 } } },
    { frame: { crop: { left: -0.1, top: 0, width: 1, height: 1 } } },
    { frame: { crop: { left: 0, top: 0, width: 2, height: 1 } } },
    { frame: { crop: { left: 0, top: 0, width: 1 } } },
    { look: { filter: 'no such filter' } },
    { look: { filter: '__proto__' } },
    { look: { strength: 101 } },
    { look: { strength: 50.5 } },
    { look: { adjustments: { brightness: 101 } } },
    { look: { adjustments: { sharpness: 1 } } },
    { look: { adjustments: { fade: -1 } } },
    { colour: 'red' },
    null,
    [],
  ]) {
    const reply = await ann.act('PUT', `${at(post)}/edits`, { body: edits });
    assert.deepEqual([reply.status, reply.body.error.code], [400, 'invalid'], JSON.stringify(edits));
  }
  assert.equal(urlOf(await ann.get(`/posts/${post.id}`)), urlOf(post));
  assert.equal((await world.call('GET', urlOf(post))).status, 200);
});

test('two edits at once: one wins whole, the other is told', async () => {
  const post = await ann.posts('', [pattern]);
  const replies = await Promise.all(
    [10, 20, 30].map((brightness) =>
      ann.act('PUT', `${at(post)}/edits`, { body: { look: { adjustments: { brightness } } } }),
    ),
  );
  const statuses = replies.map(({ status }) => status);
  assert.ok(
    statuses.includes(200) && statuses.every((status) => status === 200 || status === 409),
    statuses.join(),
  );
  const now = await ann.get(`/posts/${post.id}`);
  await world.settled();
  assert.equal((await world.call('GET', urlOf(now))).status, 200);
  const left = await checkAll(world.app, false, () => undefined, [checkFiles, checkChecksums]);
  assert.equal(left, 0, 'the files are those of the edits that won');
});

async function failedPost(count: number): Promise<PostCard> {
  const uploadIds: string[] = [];
  for (let made = 0; made < count; made++) uploadIds.push(await ann.uploads(samplePhoto));
  const bad = uploadIds[0] ?? '';
  await world.app.storage.put(`originals/${bad.slice(-2)}/${bad}`, Buffer.from('not a photo any more'));
  const { id } = await ann.publishes('half bad', uploadIds);
  return until(async () => {
    const now = (await ann.get(`/posts/${id}`)) as PostCard;
    return now.state === 'failed' ? now : null;
  }, 'it has failed');
}
const published = (post: PostCard) =>
  until(async () => {
    const now = (await bob.act('GET', `/posts/${post.id}`)).body as PostCard;
    return now.state === 'published' ? now : null;
  }, 'it is out');

test('a photo that failed is replaced, and the post appears with it in its place', async () => {
  const post = await failedPost(2);
  assert.deepEqual(
    post.photos.map(({ state, stage }) => [state, stage]),
    [
      ['failed', 'failed'],
      ['ready', 'ready'],
    ],
  );
  const wrong = await ann.act('PUT', at(post, 1), { body: { uploadId: await ann.uploads(samplePhoto) } });
  assert.equal(wrong.body.error.code, 'photo_not_failed');
  const uploadId = await ann.uploads(pattern);
  const body = { uploadId, altText: 'red and blue', edits: { look: { filter: 'warm-vintage' } } };
  const now = (await ann.must('PUT', at(post), { body })).body as PostCard;
  assert.equal(now.state, 'developing');
  const out = await published(post);
  assert.deepEqual(
    out.photos.map(({ mediaId, altText }) => [mediaId, altText]),
    [
      [uploadId, 'red and blue'],
      [post.photos[1]?.mediaId, 'a photo by ann'],
    ],
  );
  assert.equal(
    (await ann.get('/me')).postCount,
    (await ann.get(`/accounts/${ann.id}/posts?limit=60`)).items.length,
  );
  const left = await world.rows(sql`select 1 from media where media_id = ${post.photos[0]?.mediaId ?? '0'}`);
  assert.deepEqual(left, [], 'the one that failed is gone');
});

test('a photo that failed is left out, unless it is the only one', async () => {
  const post = await failedPost(2);
  await ann.must('DELETE', at(post));
  assert.deepEqual(
    (await published(post)).photos.map(({ mediaId }) => mediaId),
    [post.photos[1]?.mediaId],
  );
  const single = await failedPost(1);
  assert.equal((await ann.act('DELETE', at(single))).body.error.code, 'last_photo');
  assert.equal((await ann.act('DELETE', at(await ann.posts()))).body.error.code, 'photo_not_failed');
});

test('the time and, only if its author wants it, the place are shown; the files never tell', async () => {
  const bytes = new Uint8Array(
    await sharp(pattern)
      .withExif({
        IFD2: { DateTimeOriginal: '2024:05:31 18:20:07' },
        IFD3: {
          GPSLatitudeRef: 'N',
          GPSLatitude: '48/1 12/1 0/1',
          GPSLongitudeRef: 'E',
          GPSLongitude: '16/1 22/1 0/1',
        },
      })
      .jpeg()
      .toBuffer(),
  );
  const publish = async (more: object) => {
    const photos = [{ uploadId: await ann.uploads(bytes), ...more }];
    return published((await ann.must('POST', '/posts', { body: { photos } })).body);
  };
  const [silent, own, given] = [
    await publish({}),
    await publish({ showsPlace: true }),
    await publish({ place: { latitude: 1.5, longitude: -2.25 }, takenAt: '2020-01-02T03:04:05' }),
  ];
  const told = ({ photos: [photo] }: PostCard) => [photo?.takenAt, photo?.place];
  assert.deepEqual(told(silent), ['2024-05-31T18:20:07', null]);
  assert.deepEqual(told(own), ['2024-05-31T18:20:07', { latitude: 48.2, longitude: 16 + 22 / 60 }]);
  assert.deepEqual(told(given), ['2020-01-02T03:04:05', { latitude: 1.5, longitude: -2.25 }]);
  const [row] = await world.rows<{ latitude: number | null }>(
    sql`select latitude from media where media_id = ${silent.photos[0]?.mediaId ?? '0'}`,
  );
  assert.equal(row?.latitude, null, 'what is not shown is not remembered');
  for (const place of [{ latitude: 91, longitude: 0 }, { latitude: 0 }, 'here'])
    assert.equal(
      (await ann.act('POST', '/posts', { body: { photos: [{ uploadId: await ann.uploads(bytes), place }] } }))
        .status,
      400,
    );
});

test('posts of one account that are developed at once do not wait for each other in a circle', async () => {
  const uploadIds: string[] = [];
  for (let number = 0; number < 16; number++) uploadIds.push(await ann.uploads(samplePhoto));
  await Promise.all(uploadIds.map((uploadId) => ann.publishes('at once', [uploadId])));
  await world.settled();
  const rows = await world.rows(
    sql`select deadlocks from pg_stat_database where datname = current_database()`,
  );
  assert.deepEqual(rows, [{ deadlocks: '0' }]);
});
