/** What an author does to posts that are there. Who may see them by which path: test/privacy.test.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PostCard } from '../../../core/shapes.ts';
import { openWorld, type Person, samplePhoto, until } from '../../../test/world.ts';
import { sql } from '../../infra/sql.ts';
import { checkAll } from '../../main/admin/check.ts';

const world = await openWorld();
const [ann, bob, carol] = await world.accounts('ann', 'bob', 'carol');
await bob.follows(ann);
await world.settled();
const first = await ann.posts('the first #first @carol');
await world.settled();

const idsOf = (page: { items: { id: string }[] }) => page.items.map(({ id }) => id);
const at = (post: { id: string }, more = '') => `/posts/${post.id}${more}`;
const edit = (post: { id: string }, body: object, person = ann) => person.act('PATCH', at(post), { body });
const refusal = async (reply: Promise<{ status: number; body: { error: { code: string } } }>) => {
  const { status, body } = await reply;
  return [status, body.error.code];
};
const bytes = async (url: string, person?: Person) =>
  (await world.call('GET', url, person ? { token: person.token } : {})).status;
const publish = async (body: object, photos = 1) => {
  const uploads: { uploadId: string }[] = [];
  for (let at = 0; at < photos; at++) uploads.push({ uploadId: await ann.uploads(samplePhoto) });
  const { id } = (await ann.must('POST', '/posts', { body: { ...body, photos: uploads } })).body;
  return until(async () => {
    const now: PostCard = await ann.get(`/posts/${id}`);
    return now.state === 'published' ? now : null;
  }, 'it is published');
};
const isSound = async () => {
  const lines: string[] = [];
  const left = await checkAll(world.app, false, (line) => lines.push(line));
  assert.equal(left, 0, lines.join('\n'));
};

test('a caption is changed, its hashtags and mentions with it; who was mentioned before is not told again', async () => {
  const now = (await edit(first, { caption: ' a second try #second @carol @bob ' })).body as PostCard;
  assert.equal(now.caption, 'a second try #second @carol @bob');
  assert.equal(now.photos[0]?.altText, 'a photo by ann');
  await world.settled();
  assert.deepEqual(idsOf(await bob.get('/hashtags/second')), [first.id]);
  assert.deepEqual(idsOf(await bob.get('/hashtags/first')), []);
  for (const person of [bob, carol])
    assert.deepEqual(
      (await person.get('/activity')).items.map(({ kind }: { kind: string }) => kind),
      ['mentioned'],
    );
  assert.equal((await bob.get(at(first))).caption, now.caption);
});

test('a place name is given, kept by other changes, and taken away', async () => {
  assert.equal(
    (await edit(first, { placeName: '  Lübeck, at the canal ' })).body.placeName,
    'Lübeck, at the canal',
  );
  assert.equal((await edit(first, { hidesLikeCount: false })).body.placeName, 'Lübeck, at the canal');
  assert.equal((await bob.get(at(first))).placeName, 'Lübeck, at the canal');
  assert.equal((await edit(first, { placeName: null })).body.placeName, null);
  assert.equal((await edit(first, { placeName: 'x'.repeat(101) })).status, 400);
});

test('only its author changes, archives or pins a post; for all others it is as though it were not there', async () => {
  assert.deepEqual(await refusal(edit(first, { caption: 'mine' }, bob)), [404, 'not_found']);
  for (const state of ['/archive', '/pin'])
    for (const method of ['PUT', 'DELETE'])
      assert.deepEqual(await refusal(bob.act(method, at(first, state))), [404, 'not_found']);
  assert.equal((await world.call('PATCH', at(first), { body: {} })).status, 401);
  assert.equal((await edit({ id: '4467570830351532032' }, {})).status, 404);
});

test('photos are put in another order with other alt texts, all of them exactly once', async () => {
  const post = await publish({ caption: 'two' }, 2);
  const [a, b] = post.photos.map(({ mediaId }) => mediaId);
  const order = async (photos: object[]) => edit(post, { photos });
  for (const photos of [
    [{ mediaId: a }],
    [{ mediaId: a }, { mediaId: a }],
    [{ mediaId: a }, { mediaId: first.photos[0]?.mediaId }],
  ])
    assert.deepEqual(await refusal(order(photos)), [400, 'photos_incomplete']);
  assert.equal((await order([{ mediaId: a }, { mediaId: b }, { mediaId: a }])).status, 400);
  await order([{ mediaId: b, altText: 'now the first' }, { mediaId: a }]);
  const seen: PostCard = await bob.get(at(post));
  assert.deepEqual(
    seen.photos.map(({ mediaId, altText }) => [mediaId, altText]),
    [
      [b, 'now the first'],
      [a, ''],
    ],
  );
  for (const { renditions } of seen.photos) assert.equal(await bytes(renditions[0]?.url ?? ''), 200);
  await ann.deletes(post);
});

test('comments can be turned off for all, the author too, and on again', async () => {
  await bob.comments(first, 'before');
  assert.equal((await edit(first, { takesComments: false })).body.takesComments, false);
  for (const person of [ann, bob])
    assert.deepEqual(await refusal(person.act('POST', at(first, '/comments'), { body: { text: 'no' } })), [
      403,
      'comments_off',
    ]);
  assert.equal((await carol.act('GET', at(first, '/comments'))).body.items.length, 1);
  await edit(first, { takesComments: true });
  await bob.comments(first, 'after');
});

test('a hidden like count is shown to the author alone, and so are those who like', async () => {
  await bob.likes(first);
  await world.settled();
  await edit(first, { hidesLikeCount: true });
  assert.equal((await ann.get(at(first))).likeCount, 1);
  const asOthers: PostCard = await carol.get(at(first));
  assert.deepEqual([asOthers.likeCount, asOthers.hidesLikeCount], [null, true]);
  assert.equal((await bob.get('/feed')).items.find(({ id }: PostCard) => id === first.id).likeCount, null);
  assert.equal((await carol.likes(first)).body.likeCount, null);
  assert.equal((await carol.unlikes(first)).body.likeCount, null);
  await world.settled();
  assert.deepEqual(await refusal(bob.act('GET', at(first, '/likes'))), [403, 'likes_hidden']);
  assert.deepEqual(await refusal(world.call('GET', at(first, '/likes'))), [403, 'likes_hidden']);
  assert.deepEqual(
    (await ann.get(at(first, '/likes'))).items.map(({ id }: { id: string }) => id),
    [bob.id],
  );
  await edit(first, { hidesLikeCount: false });
  assert.equal((await carol.get(at(first))).likeCount, 1);
});

test('an archived post comes back as it was, with likes and comments; twice is once', async () => {
  const post = await ann.posts('for later #later');
  await bob.likes(post);
  await bob.comments(post, 'stays');
  await world.settled();
  const { postCount } = await ann.get('/me');
  const url = (await bob.get(at(post))).photos[0].renditions[0].url;
  assert.equal(await bytes(url), 200);
  await ann.must('PUT', at(post, '/pin'));
  for (let round = 0; round < 2; round++) {
    const now = (await ann.must('PUT', at(post, '/archive'))).body as PostCard;
    assert.deepEqual([now.state, now.isPinned], ['archived', false]);
    assert.equal((await ann.get('/me')).postCount, postCount - 1);
  }
  assert.equal(await bytes(url), 404, 'from the reply on');
  assert.equal((await bob.act('PUT', at(post, '/like'))).status, 404);
  assert.equal((await ann.act('POST', at(post, '/comments'), { body: { text: 'me' } })).status, 404);
  assert.deepEqual(await refusal(ann.act('PUT', at(post, '/pin'))), [409, 'post_not_published']);
  await world.settled();
  const mediaId = post.photos[0]?.mediaId ?? '';
  const files = () =>
    world.files().then((all) => all.filter((file) => file.includes(mediaId) && file.endsWith('.jpg')));
  assert.ok(
    (await files()).every((file) => file.includes('/private/')),
    'none lies where everybody may fetch it',
  );
  await isSound();
  await edit(post, { caption: 'later it was #later' });
  for (let round = 0; round < 2; round++) {
    const now = (await ann.must('DELETE', at(post, '/archive'))).body as PostCard;
    assert.deepEqual([now.state, now.likeCount, now.commentCount], ['published', 1, 1]);
    assert.equal((await ann.get('/me')).postCount, postCount);
  }
  await world.settled();
  assert.ok((await files()).every((file) => file.includes('/public/')));
  const seen: PostCard = await bob.get(at(post));
  assert.deepEqual([seen.caption, seen.liked, seen.isPinned], ['later it was #later', true, false]);
  assert.equal(await bytes(seen.photos[0]?.renditions[0]?.url ?? ''), 200);
  assert.equal(idsOf(await bob.get('/feed'))[0], post.id);
  assert.deepEqual(idsOf(await carol.get('/hashtags/later')), [post.id]);
  await isSound();
});

test('an archived post can be deleted, and is counted out once', async () => {
  const post = await ann.posts('away');
  const { postCount } = await ann.get('/me');
  await ann.must('PUT', at(post, '/archive'));
  await ann.deletes(post);
  await world.settled();
  assert.equal((await ann.get('/me')).postCount, postCount - 1);
  assert.equal((await ann.act('DELETE', at(post, '/archive'))).status, 404);
  assert.deepEqual(await world.rows(sql`select 1 from posts where post_id = ${post.id}`), []);
});

test('archived ones are listed to their author page by page', async () => {
  const posts = [await ann.posts('one'), await ann.posts('two')];
  for (const post of posts) await ann.must('PUT', at(post, '/archive'));
  const page = await ann.get('/posts/archived?limit=1');
  assert.deepEqual(idsOf(page), [posts[1]?.id]);
  const next = await ann.get(`/posts/archived?limit=1&cursor=${page.nextCursor}`);
  assert.deepEqual(idsOf(next), [posts[0]?.id]);
  assert.deepEqual(idsOf(await bob.get('/posts/archived')), []);
  assert.equal((await world.call('GET', '/posts/archived')).status, 401);
  assert.equal((await bob.act('GET', `/posts/archived?cursor=${page.nextCursor}`)).status, 400);
  for (const post of posts) await ann.deletes(post);
});

test('a post for followers lies where an address needs a signature; opened to everyone it is found by all', async () => {
  const post = await publish({
    caption: 'for friends #friends @carol',
    audience: 'followers',
    placeName: 'home',
  });
  await world.settled();
  assert.deepEqual([post.audience, post.placeName], ['followers', 'home']);
  assert.equal((await carol.act('GET', at(post))).status, 404);
  assert.deepEqual(idsOf(await carol.get(`/accounts/${ann.id}/posts`)).includes(post.id), false);
  assert.equal(
    (await carol.get('/activity')).items.some((item: { post: { id: string } }) => item.post?.id === post.id),
    false,
  );
  const url = (await bob.get(at(post))).photos[0].renditions[0].url as string;
  assert.match(url, /\/private\/.*\?e=/);
  assert.deepEqual([await bytes(url, bob), await bytes(url, carol), await bytes(url)], [200, 404, 404]);
  await ann.removes(bob);
  assert.deepEqual([(await bob.act('GET', at(post))).status, await bytes(url, bob)], [404, 404]);
  assert.equal((await edit(post, { audience: 'everyone' })).body.audience, 'everyone');
  await world.settled();
  assert.deepEqual(idsOf(await carol.get('/hashtags/friends')), [post.id]);
  const open = (await carol.get(at(post))).photos[0].renditions[0].url as string;
  assert.match(open, /\/public\//);
  assert.equal(await bytes(open), 200);
  await edit(post, { audience: 'followers' });
  assert.equal(await bytes(open), 404, 'from the reply on');
  await ann.edits({ isPrivate: true });
  await world.settled();
  await ann.edits({ isPrivate: false });
  await world.settled();
  await isSound();
  assert.equal(await bytes(open), 404, 'the account is public, the post is not');
  await bob.follows(ann);
  await world.settled();
  assert.match((await bob.get(at(post))).photos[0].renditions[0].url, /\/private\//);
});

test('up to three posts are pinned; they come first on the first page and not again below', async () => {
  const posts: PostCard[] = [];
  for (let number = 0; number < 4; number++) posts.push(await carol.posts(`number ${number}`));
  const [a, b, c, d] = posts as [PostCard, PostCard, PostCard, PostCard];
  const pins = await Promise.all(posts.map((post) => carol.act('PUT', at(post, '/pin'))));
  assert.deepEqual(pins.map(({ status }) => status).sort(), [200, 200, 200, 409]);
  for (const post of posts) await carol.must('DELETE', at(post, '/pin'));
  for (const post of [a, b, a]) assert.equal((await carol.must('PUT', at(post, '/pin'))).body.isPinned, true);
  const list = `/accounts/${carol.id}/posts?limit=2`;
  const page = await bob.get(list);
  assert.deepEqual(idsOf(page), [b.id, a.id, d.id, c.id]);
  assert.deepEqual(
    page.items.map(({ isPinned }: PostCard) => isPinned),
    [true, true, false, false],
  );
  assert.deepEqual(idsOf(await bob.get(`${list}&cursor=${page.nextCursor}`)), []);
  assert.equal(idsOf(await bob.get('/feed')).includes(a.id), false);
  await carol.must('PUT', at(c, '/pin'));
  assert.deepEqual(await refusal(carol.act('PUT', at(d, '/pin'))), [409, 'too_many_pins']);
  await carol.deletes(b);
  await carol.must('PUT', at(d, '/pin'));
  assert.deepEqual(idsOf(await bob.get(list)), [d.id, c.id, a.id]);
});
