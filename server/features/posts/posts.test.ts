import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import type { PostCard } from '../../../core/shapes.ts';
import { openWorld, samplePhoto, until } from '../../../test/world.ts';
import { sql } from '../../infra/sql.ts';

const world = await openWorld();
const [ann, bob, carol] = await world.accounts('ann', 'bob', 'carol');
const upright = new Uint8Array(
  await readFile(path.join(import.meta.dirname, '../../../test/fixtures/orientation/Portrait_1.jpg')),
);
await bob.follows(ann);

const idsOf = (page: { items: { id: string }[] }) => page.items.map(({ id }) => id);
const statusOf = async (at: string, person = bob) => (await person.act('GET', at)).status;
const sourceOf = (mediaId: string) => `originals/${mediaId.slice(-2)}/${mediaId}`;

async function failed(post: PostCard): Promise<PostCard> {
  return until(async () => {
    const now = (await ann.get(`/posts/${post.id}`)) as PostCard;
    return now.state === 'failed' ? now : null;
  }, 'the post has failed');
}

test('a post of one photo shows what was given, and reaches the feed of a follower', async () => {
  const post = await ann.posts('  a pier in the evening #piers ');
  const seen: PostCard = await bob.get(`/posts/${post.id}`);
  assert.equal(seen.caption, 'a pier in the evening #piers');
  assert.equal(seen.account.handle, 'ann');
  assert.deepEqual([seen.likeCount, seen.commentCount, seen.liked], [0, 0, false]);
  assert.ok(Math.abs(Date.parse(seen.createdAt) - Date.now()) < 60_000);
  assert.deepEqual(idsOf(await bob.get('/feed')), [post.id]);
  assert.deepEqual(idsOf(await carol.get('/feed')), []);
  assert.deepEqual(
    idsOf(await world.call('GET', `/api/v1/accounts/${ann.id}/posts`).then(({ body }) => body)),
    [post.id],
  );
});

test('three photos keep their order, alt texts and filters', async () => {
  const [first, second, third] = [
    await ann.uploads(samplePhoto),
    await ann.uploads(upright),
    await ann.uploads(samplePhoto),
  ];
  const photos = [
    { uploadId: third, altText: 'the third upload', edits: { look: { filter: 'none' } } },
    { uploadId: first, altText: '', edits: { look: { filter: 'warm-vintage' } } },
    { uploadId: second, altText: 'a tall one\nof two lines' },
  ];
  const post = (await ann.must('POST', '/posts', { body: { photos } })).body as PostCard;
  const seen = await until(async () => {
    const now = (await ann.get(`/posts/${post.id}`)) as PostCard;
    return now.state === 'published' ? now : null;
  }, 'it is published');
  assert.deepEqual(
    seen.photos.map(({ mediaId, altText, filter, state, width, height }) => ({
      mediaId,
      altText,
      filter,
      state,
      shape: [width, height],
    })),
    [
      { mediaId: third, altText: 'the third upload', filter: 'none', state: 'ready', shape: [1080, 720] },
      { mediaId: first, altText: '', filter: 'warm-vintage', state: 'ready', shape: [1080, 720] },
      {
        mediaId: second,
        altText: 'a tall one\nof two lines',
        filter: 'none',
        state: 'ready',
        shape: [1080, 1620],
      },
    ],
  );
  const [plain, warm] = await Promise.all(
    seen.photos.map(async ({ renditions }) => (await world.call('GET', renditions[0]?.url ?? '')).text),
  );
  assert.notEqual(plain, warm, 'the filter shows');
});

test('a post that is being developed is seen by its author alone, on no list but his own', async () => {
  const { images } = world.app;
  const { render } = images;
  const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
  images.render = async (job) => {
    await held;
    return render(job);
  };
  try {
    const post = await ann.publishes('in work #inwork @bob', [await ann.uploads(samplePhoto)]);
    assert.equal(post.state, 'developing');
    assert.deepEqual(
      post.photos.map(({ state, renditions }) => [state, renditions.length]),
      [['developing', 0]],
    );
    assert.equal((await ann.get(`/posts/${post.id}`)).state, 'developing');
    assert.equal(idsOf(await ann.get(`/accounts/${ann.id}/posts`))[0], post.id);
    for (const person of [bob, carol]) {
      assert.equal(await statusOf(`/posts/${post.id}`, person), 404);
      assert.equal(await statusOf(`/posts/${post.id}/comments`, person), 404);
      assert.equal((await person.act('PUT', `/posts/${post.id}/like`)).status, 404);
      assert.ok(!idsOf(await person.get(`/accounts/${ann.id}/posts`)).includes(post.id));
      assert.ok(!idsOf(await person.get('/feed')).includes(post.id));
    }
    assert.equal(await statusOf('/hashtags/inwork'), 404);
    const { postCount } = await ann.get('/me');
    letGo();
    await until(async () => ((await statusOf(`/posts/${post.id}`)) === 200 ? true : null), 'bob sees it');
    assert.equal((await ann.get('/me')).postCount, postCount + 1);
    assert.equal(idsOf(await bob.get('/feed'))[0], post.id);
    await world.settled();
    assert.deepEqual(idsOf(await bob.get('/hashtags/inwork')), [post.id]);
  } finally {
    letGo();
    images.render = render;
  }
});

test('the author sees the photos that are ready while others are still being developed, and all see them at once when it is out', async () => {
  const { images } = world.app;
  const { render } = images;
  const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
  const [quick, slow] = [await ann.uploads(samplePhoto), await ann.uploads(samplePhoto)];
  images.render = async (job) => {
    if (job.sourcePath.endsWith(slow)) await held;
    return render(job);
  };
  try {
    const post = await ann.publishes('two by two', [quick, slow]);
    const url = await until(async () => {
      const now = (await ann.get(`/posts/${post.id}`)) as PostCard;
      return now.photos[0]?.renditions[0]?.url ?? null;
    }, 'the first photo is ready');
    assert.equal((await ann.act('GET', url)).status, 200);
    assert.equal((await world.call('GET', url)).status, 404, 'nobody else sees it yet');
    letGo();
    const out = await until(async () => {
      const now = (await bob.act('GET', `/posts/${post.id}`)).body as PostCard;
      return now.state === 'published' ? now : null;
    }, 'it is out');
    for (const { renditions } of out.photos)
      for (const { url: each } of renditions) assert.equal((await world.call('GET', each)).status, 200, each);
  } finally {
    letGo();
    images.render = render;
  }
});

test('a deleted post is gone from feed, profile, hashtag, activity, likes, comments and disk', async () => {
  await world.settled();
  const before = (await world.files()).length;
  const { postCount } = await ann.get('/me');
  const post = await ann.posts('to be deleted #gone @carol', [samplePhoto, upright]);
  await bob.likes(post);
  await bob.comments(post, 'a pity, @carol');
  await world.settled();
  assert.deepEqual(idsOf(await carol.get('/hashtags/gone')), [post.id]);
  assert.equal((await carol.get('/activity')).items.length, 2);
  assert.equal((await ann.get('/me')).postCount, postCount + 1);

  assert.equal((await bob.act('DELETE', `/posts/${post.id}`)).status, 404, 'not by another');
  await ann.deletes(post);
  for (const at of ['', '/likes', '/comments'])
    for (const person of [ann, bob]) assert.equal(await statusOf(`/posts/${post.id}${at}`, person), 404);
  assert.equal((await ann.act('DELETE', `/posts/${post.id}`)).status, 404);
  for (const { url } of post.photos.flatMap(({ renditions }) => renditions))
    assert.equal((await world.call('GET', url)).status, 404, 'the address stops at once');
  assert.ok(!idsOf(await bob.get('/feed')).includes(post.id));
  assert.ok(!idsOf(await ann.get(`/accounts/${ann.id}/posts`)).includes(post.id));
  assert.equal((await ann.get('/me')).postCount, postCount);
  await world.settled();
  const tag = await carol.get('/hashtags/gone');
  assert.deepEqual([tag.postCount, tag.items], [0, []]);
  assert.deepEqual((await carol.get('/activity')).items, []);
  assert.equal(
    (await ann.get('/me')).unreadActivity,
    (await ann.get('/activity')).items.filter((item: { isUnread: boolean }) => item.isUnread).length,
  );
  assert.equal((await world.files()).length, before);
  for (const table of [
    'posts',
    'post_media',
    'post_likes',
    'likes',
    'comments',
    'hashtag_posts',
    'activity',
  ]) {
    const statement = {
      name: `left-${table}`,
      text: `select 1 from ${table} where post_id = $1`,
      isWrite: false,
      values: [post.id],
    };
    assert.deepEqual(await world.rows(statement), [], table);
  }
});

test('a post that is deleted while it is being developed leaves no file', async () => {
  const before = (await world.files()).sort();
  const { render } = world.app.images;
  let begun = 0;
  const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
  world.app.images.render = async (job) => {
    begun++;
    const made = await render(job);
    await held;
    return made;
  };
  try {
    const post = await ann.publishes('a change of mind', [await ann.uploads(samplePhoto)]);
    await until(async () => (begun > 0 ? true : null), 'the photo is in work');
    await ann.deletes(post);
    await until(async () => {
      const rows = await world.rows(sql`select 1 from posts where post_id = ${post.id}`);
      return rows.length === 0 ? true : null;
    }, 'the post is removed');
    letGo();
    await world.settled();
    assert.deepEqual((await world.files()).sort(), before);
  } finally {
    letGo();
    world.app.images.render = render;
  }
});

test('a photo whose bytes went bad on our disk fails its post, with the reason, and no other', async () => {
  const [good, bad] = [await ann.uploads(samplePhoto), await ann.uploads(samplePhoto)];
  await world.app.storage.put(sourceOf(bad), Buffer.from('not a photo any more'));
  const { postCount } = await ann.get('/me');
  const [post, other] = [await ann.publishes('half bad', [good, bad]), await bob.posts('unharmed')];
  const now = await failed(post);
  assert.deepEqual(
    now.photos.map(({ state }) => state),
    ['ready', 'failed'],
  );
  assert.match(now.photos[1]?.failure ?? '', /^[A-Z].*\.$/);
  assert.deepEqual(
    now.photos.map(({ failureCode }) => failureCode),
    [null, 'image_lost'],
  );
  assert.equal(await statusOf(`/posts/${post.id}`), 404);
  assert.equal((await ann.get('/me')).postCount, postCount);
  assert.equal(await statusOf(`/posts/${other.id}`, ann), 200);
  await ann.deletes(post);
  await world.settled();
  assert.equal((await world.files()).filter((file) => file.includes(good) || file.includes(bad)).length, 0);
  assert.equal((await ann.get('/me')).postCount, postCount);
});

test('a photo whose source vanished fails its post', async () => {
  const lost = await ann.uploads(samplePhoto);
  await world.app.storage.remove([sourceOf(lost)]);
  const now = await failed(await ann.publishes('lost', [lost]));
  assert.match(now.photos[0]?.failure ?? '', /^The photo was lost.*\.$/);
  assert.equal(now.photos[0]?.failureCode, 'image_lost');
  await world.settled();
});

test('the same Idempotency-Key gives the same post, also when sent twice at once; with another body it is refused', async () => {
  const photos = [{ uploadId: await ann.uploads(samplePhoto) }];
  const publish = (caption: string) =>
    ann.act('POST', '/posts', { body: { caption, photos }, headers: { 'idempotency-key': 'once-1' } });
  const replies = await Promise.all([publish('once'), publish('once'), publish('once')]);
  assert.deepEqual(
    replies.map(({ status }) => status),
    [201, 201, 201],
  );
  assert.equal(new Set(replies.map(({ body }) => body.id)).size, 1);
  const other = await publish('twice');
  assert.deepEqual([other.status, other.body.error.code], [409, 'idempotency_mismatch']);
});
