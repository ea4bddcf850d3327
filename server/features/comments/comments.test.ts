import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CommentCard } from '../../../core/shapes.ts';
import { openWorld } from '../../../test/world.ts';

const world = await openWorld();
const [ann, bob, carol] = await world.accounts('ann', 'bob', 'carol');

const textsOf = (page: { items: CommentCard[] }) => page.items.map(({ text }) => text);
const countOf = async (post: { id: string }) => (await ann.get(`/posts/${post.id}`)).commentCount as number;
const mentionsOf = async (person: typeof ann) =>
  (await person.get('/activity')).items
    .filter(({ kind }: { kind: string }) => kind === 'mentioned')
    .map(({ commentText }: { commentText: string }) => commentText);

test('a comment is shown newest first, counted, and told to the owner of the post', async () => {
  const post = await ann.posts();
  const first = await bob.comments(post, '  lovely light \n');
  assert.deepEqual(
    [first.text, first.postId, first.account.handle, first.canDelete],
    ['lovely light', post.id, 'bob', true],
  );
  await carol.comments(post, 'where is it?');
  await ann.comments(post, 'at the pier');
  const { items, nextCursor } = await bob.get(`/posts/${post.id}/comments`);
  assert.deepEqual([textsOf({ items }), nextCursor], [['at the pier', 'where is it?', 'lovely light'], null]);
  assert.deepEqual(
    items.map(({ canDelete }: CommentCard) => canDelete),
    [false, false, true],
  );
  assert.equal(await countOf(post), 3);
  await world.settled();
  const told = (await ann.get('/activity')).items.map(
    ({ kind, account, commentText }: { kind: string; account: { handle: string }; commentText: string }) => [
      kind,
      account.handle,
      commentText,
    ],
  );
  assert.deepEqual(told, [
    ['commented', 'carol', 'where is it?'],
    ['commented', 'bob', 'lovely light'],
  ]);
});

test('comments are paged to the end, each exactly once', async () => {
  const post = await ann.posts();
  for (let each = 0; each < 11; each++) await bob.comments(post, `comment ${each}`);
  for (const limit of [1, 3, 11, 60]) {
    const seen: string[] = [];
    let cursor: string | null = '';
    for (let pages = 0; cursor !== null && pages < 20; pages++) {
      const page: { items: CommentCard[]; nextCursor: string | null } = await carol.get(
        `/posts/${post.id}/comments?limit=${limit}${cursor && `&cursor=${cursor}`}`,
      );
      assert.ok(page.items.length <= limit);
      seen.push(...textsOf(page));
      cursor = page.nextCursor;
    }
    assert.deepEqual(
      seen,
      Array.from({ length: 11 }, (_, at) => `comment ${10 - at}`),
      `limit ${limit}`,
    );
  }
});

test('a comment is deleted by its author or the owner of the post, by nobody else, and only once', async () => {
  const post = await ann.posts();
  const [one, two] = [await bob.comments(post, 'one'), await bob.comments(post, 'two')];
  const stranger = await carol.act('DELETE', `/comments/${one.id}`);
  assert.deepEqual([stranger.status, stranger.body.error.code], [403, 'not_yours']);
  assert.equal((await world.call('DELETE', `/comments/${one.id}`)).status, 401);
  assert.equal(await countOf(post), 2);
  await bob.must('DELETE', `/comments/${one.id}`);
  await ann.must('DELETE', `/comments/${two.id}`);
  for (const person of [ann, bob])
    assert.equal((await person.act('DELETE', `/comments/${two.id}`)).status, 404);
  assert.deepEqual([await countOf(post), textsOf(await bob.get(`/posts/${post.id}/comments`))], [0, []]);
  await world.settled();
  const told = (await ann.get('/activity')).items.filter(
    (item: { post: { id: string } | null }) => item.post?.id === post.id,
  );
  assert.deepEqual(told, [], 'and the owner is no longer told of them');
});

test('of a post that one may not see, comments can be neither read, made nor told apart from what is absent', async () => {
  const dora = await world.account('dora', { isPrivate: true });
  const post = await dora.posts();
  const mine = await dora.comments(post, 'among us');
  const bodyOf = async (method: string, at: string, body?: unknown) => {
    const reply = await bob.act(method, at, body ? { body } : {});
    return [reply.status, reply.body.error.code, reply.body.error.message];
  };
  const absent = '4467570830351532032';
  const pairs: [string, string, string, unknown?][] = [
    ['GET', `/posts/${post.id}/comments`, `/posts/${absent}/comments`],
    ['POST', `/posts/${post.id}/comments`, `/posts/${absent}/comments`, { text: 'hello' }],
    ['DELETE', `/comments/${mine.id}`, `/comments/${absent}`],
  ];
  for (const [method, hidden, none, body] of pairs)
    assert.deepEqual(
      await bodyOf(method, hidden, body),
      await bodyOf(method, none, body),
      `${method} ${hidden}`,
    );
  assert.equal((await dora.get(`/posts/${post.id}`)).commentCount, 1);
});

test('who is mentioned is told once, unless he may not see the post, or wrote it', async () => {
  const [erin, fay] = await world.accounts('erin', 'fay');
  const closed = await world.account('gus', { isPrivate: true });
  await fay.follows(closed);
  await world.settled();
  await closed.accepts(fay);
  const [open, hidden] = [await ann.posts(), await closed.posts()];
  await bob.comments(open, '@erin look, @Erin! and @ann and @bob and @nobody.here');
  await closed.comments(hidden, 'not for @erin, but for @fay');
  await world.settled();
  assert.deepEqual(await mentionsOf(erin), ['@erin look, @Erin! and @ann and @bob and @nobody.here']);
  assert.deepEqual(await mentionsOf(fay), ['not for @erin, but for @fay']);
  assert.deepEqual(
    [await mentionsOf(ann), await mentionsOf(bob)],
    [[], []],
    'the owner is told of the comment, the author of nothing',
  );
  assert.equal(
    (await ann.get('/activity')).items.filter(({ post }: { post: { id: string } }) => post?.id === open.id)
      .length,
    1,
  );
});

test('one who blocks the author is not told of a mention', async () => {
  const hal = await world.account('hal');
  await hal.blocks(bob);
  await bob.comments(await ann.posts(), 'hey @hal');
  await world.settled();
  assert.deepEqual([await mentionsOf(hal), (await hal.get('/activity/unread')).count], [[], 0]);
});

test('the same Idempotency-Key makes one comment, however often and at once it is sent', async () => {
  const [post, other] = [await ann.posts(), await ann.posts()];
  const send = (to: { id: string }, person = bob) =>
    person.must('POST', `/posts/${to.id}/comments`, {
      body: { text: 'once' },
      headers: { 'idempotency-key': 'k1' },
    });
  const replies = await Promise.all([send(post), send(post), send(post)]);
  assert.equal(new Set(replies.map(({ body }) => body.id)).size, 1);
  assert.equal(await countOf(post), 1);
  await send(other);
  await send(post, carol);
  assert.deepEqual([await countOf(other), await countOf(post)], [1, 2], 'the key counts per post and author');
});

test('many comments and deletions at once end with the count that stands in the rows', async () => {
  const post = await ann.posts();
  const made = await Promise.all(Array.from({ length: 12 }, (_, at) => bob.comments(post, `c${at}`)));
  await Promise.all([
    ...made
      .slice(0, 7)
      .flatMap(({ id }) => [bob.act('DELETE', `/comments/${id}`), ann.act('DELETE', `/comments/${id}`)]),
    ...Array.from({ length: 3 }, () => carol.comments(post, 'more')),
  ]);
  assert.equal(await countOf(post), 8);
  assert.equal((await ann.get(`/posts/${post.id}/comments`)).items.length, 8);
});
