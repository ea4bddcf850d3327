import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CommentCard } from '../../../core/shapes.ts';
import { mustAgree } from '../../../test/cross-shard-oracle.ts';
import { openWorld, type Person, until } from '../../../test/world.ts';
import { sql } from '../../infra/sql.ts';
import { REPLIES_TOGETHER } from './comments.ts';

const world = await openWorld();
const [ann, bob, carol, dan] = (await world.accounts('ann', 'bob', 'carol', 'dan')) as [
  Person,
  Person,
  Person,
  Person,
];
const ABSENT = '4467570830351532032';

type Page = { items: CommentCard[]; nextCursor: string | null };
const textsOf = ({ items }: Page) => items.map(({ text }) => text);
const repliesOf = async (comment: { id: string }, person = ann): Promise<Page> =>
  person.get(`/comments/${comment.id}/replies`);
const topOf = async (post: { id: string }, person = ann): Promise<Page> =>
  person.get(`/posts/${post.id}/comments`);
const countOf = async (post: { id: string }) => (await ann.get(`/posts/${post.id}`)).commentCount as number;
const answer = (person: Person, post: { id: string }, parentId: string, text = 'hello') =>
  person.act('POST', `/posts/${post.id}/comments`, { body: { text, parentId } });
const refusalOf = ({ status, body }: Awaited<ReturnType<Person['act']>>) => [
  status,
  { ...body.error, requestId: '' },
];

async function toldOf(person: Person, post: { id: string }): Promise<string[]> {
  await world.settled();
  return (await person.get('/activity')).items
    .filter((item: { post: { id: string } | null }) => item.post?.id === post.id)
    .map(
      ({ kind, account, commentText }: { kind: string; account: { handle: string }; commentText: string }) =>
        `${account.handle} ${kind} ${commentText}`,
    );
}

test('a reply lies beneath its comment, oldest first; the list of comments holds none; the post counts all', async () => {
  const post = await ann.posts();
  const top = await bob.comments(post, 'where is it?');
  assert.deepEqual([top.parentId, top.replyCount, top.likeCount, top.liked], [null, 0, 0, false]);
  const first = await ann.replies(top, 'at the pier');
  assert.deepEqual([first.parentId, first.postId, first.canDelete], [top.id, post.id, true]);
  await carol.replies(top, 'I know it');
  await carol.comments(post, 'lovely');
  const comments = await topOf(post, bob);
  assert.deepEqual(
    comments.items.map(({ text, replyCount, parentId }) => [text, replyCount, parentId]),
    [
      ['lovely', 0, null],
      ['where is it?', 2, null],
    ],
  );
  const replies = await repliesOf(top, bob);
  assert.deepEqual(
    replies.items.map(({ text, parentId, canDelete }) => [text, parentId, canDelete]),
    [
      ['at the pier', top.id, false],
      ['I know it', top.id, false],
    ],
  );
  assert.deepEqual(textsOf((await world.call('GET', `/comments/${top.id}/replies`)).body), [
    'at the pier',
    'I know it',
  ]);
  assert.deepEqual(await repliesOf(first), { items: [], nextCursor: null });
  assert.equal(await countOf(post), 4);
});

test('a reply to a reply goes beneath the same comment', async () => {
  const post = await ann.posts();
  const top = await bob.comments(post, 'one');
  const reply = await carol.replies(top, 'two');
  const answered = await ann.replies(reply, '@carol three');
  assert.equal(answered.parentId, top.id);
  assert.deepEqual(textsOf(await repliesOf(top)), ['two', '@carol three']);
  assert.equal((await topOf(post)).items[0]?.replyCount, 2);
});

test('replies are paged to the end, each exactly once, and a cursor is good for its list alone', async () => {
  const post = await ann.posts();
  const [top, other] = [await bob.comments(post, 'top'), await bob.comments(post, 'other')];
  for (let each = 0; each < 7; each++) await carol.replies(top, `reply ${each}`);
  const all = Array.from({ length: 7 }, (_, at) => `reply ${at}`);
  for (const limit of [1, 3, 7, 60]) {
    const seen: string[] = [];
    let cursor: string | null = '';
    for (let pages = 0; cursor !== null && pages < 20; pages++) {
      const page: Page = await ann.get(
        `/comments/${top.id}/replies?limit=${limit}${cursor && `&cursor=${cursor}`}`,
      );
      seen.push(...textsOf(page));
      cursor = page.nextCursor;
    }
    assert.deepEqual(seen, all, `limit ${limit}`);
  }
  const { nextCursor } = await ann.get(`/comments/${top.id}/replies?limit=2`);
  for (const at of [`/comments/${other.id}/replies`, `/posts/${post.id}/comments`])
    assert.equal((await ann.act('GET', `${at}?cursor=${nextCursor}`)).body.error.code, 'bad_cursor');
  assert.equal(
    (await bob.act('GET', `/comments/${top.id}/replies?cursor=${nextCursor}`)).body.error.code,
    'bad_cursor',
  );
});

test('what is answered must be a comment of the same post', async () => {
  const [post, other] = [await ann.posts(), await ann.posts()];
  const elsewhere = await bob.comments(other, 'elsewhere');
  const gone = await bob.comments(post, 'gone');
  await bob.must('DELETE', `/comments/${gone.id}`);
  for (const parentId of [elsewhere.id, gone.id, ABSENT, post.id, ann.id])
    assert.equal((await answer(carol, post, parentId)).status, 404, parentId);
  for (const parentId of ['0', '', 'x', null])
    assert.equal(
      (await carol.act('POST', `/posts/${post.id}/comments`, { body: { text: 'x', parentId } })).status,
      400,
      String(parentId),
    );
  assert.equal(
    (await world.call('POST', `/posts/${post.id}/comments`, { body: { text: 'x', parentId: gone.id } }))
      .status,
    401,
  );
  assert.deepEqual([await countOf(post), await countOf(other)], [0, 1]);
});

test('whom a comment’s author blocks, or who blocks him, can neither answer it nor read its replies, as if it did not exist', async () => {
  const post = await ann.posts();
  const [erin, fay] = await world.accounts('erin', 'fay');
  const top = await bob.comments(post, 'top');
  const reply = await carol.replies(top, 'by carol');
  const beneath = await carol.comments(post, 'of carol');
  const hidden = await bob.replies(beneath, 'by bob');
  await bob.blocks(erin);
  await fay.blocks(bob);
  for (const person of [erin, fay]) {
    const absent = refusalOf(await answer(person, post, ABSENT));
    for (const parent of [top, reply, hidden])
      assert.deepEqual(refusalOf(await answer(person, post, parent.id)), absent, person.handle);
    for (const comment of [top, reply, hidden])
      assert.deepEqual(
        refusalOf(await person.act('GET', `/comments/${comment.id}/replies`)),
        refusalOf(await person.act('GET', `/comments/${ABSENT}/replies`)),
      );
    assert.deepEqual(textsOf(await topOf(post, person)), ['of carol']);
    assert.deepEqual(textsOf(await repliesOf(beneath, person)), [], 'bob’s reply is hidden');
    for (const comment of [top, hidden])
      assert.deepEqual(
        refusalOf(await person.act('DELETE', `/comments/${comment.id}`)),
        refusalOf(await person.act('DELETE', `/comments/${ABSENT}`)),
      );
  }
  assert.equal(await countOf(post), 4);
  await ann.blocks(bob);
  assert.equal((await answer(ann, post, top.id)).status, 404);
  await ann.must('DELETE', `/comments/${top.id}`);
  assert.equal(await countOf(post), 2, 'the owner takes away what he does not see');
  await ann.unblocks(bob);
});

test('of a post that one may not see, nothing can be answered or read', async () => {
  const closed = await world.account('closed', { isPrivate: true });
  const post = await closed.posts();
  const top = await closed.comments(post, 'among us');
  await closed.replies(top, 'still among us');
  for (const [method, at, body] of [
    ['POST', `/posts/${post.id}/comments`, { text: 'x', parentId: top.id }],
    ['GET', `/comments/${top.id}/replies`, undefined],
  ] as const)
    assert.equal((await bob.act(method, at, body ? { body } : {})).status, 404, at);
  assert.equal((await world.call('GET', `/comments/${top.id}/replies`)).status, 404);
  const open = await ann.posts();
  assert.equal((await answer(bob, open, top.id)).status, 404, 'by way of another post');
});

test('with a comment its replies go, with what was told of them; with a reply it alone', async () => {
  const post = await ann.posts();
  const top = await bob.comments(post, 'top');
  const [one] = [await carol.replies(top, 'one'), await dan.replies(top, 'two, @carol')];
  await bob.likesComment(one);
  await world.settled();
  assert.equal((await dan.act('DELETE', `/comments/${one.id}`)).body.error.code, 'not_yours');
  await carol.must('DELETE', `/comments/${one.id}`);
  assert.deepEqual([await countOf(post), (await topOf(post)).items[0]?.replyCount], [2, 1]);
  await bob.must('DELETE', `/comments/${top.id}`);
  assert.equal((await bob.act('DELETE', `/comments/${top.id}`)).status, 404);
  assert.deepEqual([await countOf(post), await topOf(post)], [0, { items: [], nextCursor: null }]);
  for (const person of [ann, bob, carol]) assert.deepEqual(await toldOf(person, post), [], person.handle);
  assert.deepEqual(await world.rows(sql`select from activity where post_id = ${post.id}`), []);
  await mustAgree(world.app, 'after the removal');
});

test('more replies than go at once with their comment are removed by the job, with their likes', async () => {
  const post = await ann.posts();
  const top = await bob.comments(post, 'top');
  const last = await carol.replies(top, 'last');
  await dan.likesComment(last);
  const many = REPLIES_TOGETHER * 2;
  await world.rows(sql`
    insert into comments (comment_id, post_id, account_id, text, parent_id)
    select next_id(id_logical_shard(${post.id})), ${post.id}, ${carol.id}, 'many', ${top.id} from generate_series(1, ${many}::integer)
    returning 1`);
  await world.rows(
    sql`update comments set reply_count = ${many + 1}::bigint where comment_id = ${top.id} returning 1`,
  );
  await world.rows(
    sql`update posts set comment_count = ${many + 2}::bigint where post_id = ${post.id} returning 1`,
  );
  await ann.must('DELETE', `/comments/${top.id}`);
  assert.equal((await dan.act('PUT', `/comments/${last.id}/like`)).status, 404);
  await world.settled();
  assert.deepEqual(await world.rows(sql`select from comments where post_id = ${post.id}`), []);
  assert.equal(await countOf(post), 0);
  await mustAgree(world.app, 'after the removal');
});

test('each is told once: the author that he was answered, the owner of the comment, others that they are mentioned', async () => {
  const post = await ann.posts();
  const top = await bob.comments(post, 'top');
  await carol.replies(top, 'well, @bob and @ann and @dan');
  assert.deepEqual(await toldOf(bob, post), ['carol replied well, @bob and @ann and @dan']);
  assert.deepEqual(await toldOf(dan, post), ['carol mentioned well, @bob and @ann and @dan']);
  assert.deepEqual(await toldOf(ann, post), [
    'carol commented well, @bob and @ann and @dan',
    'bob commented top',
  ]);
  const own = await ann.comments(post, 'mine');
  await carol.replies(own, 'yours, @ann');
  assert.equal((await toldOf(ann, post))[0], 'carol replied yours, @ann');
  await ann.replies(own, 'to myself');
  assert.equal((await toldOf(ann, post)).length, 3);
});

test('whoever may no longer see the post or the author is not told that he was answered', async () => {
  const [gus, hal] = await world.accounts('gus', 'hal');
  await gus.follows(hal);
  await world.settled();
  await hal.edits({ isPrivate: true });
  await world.settled();
  const post = await hal.posts();
  const top = await gus.comments(post, 'top');
  await hal.removes(gus);
  await world.settled();
  await hal.replies(top, 'answered');
  assert.deepEqual(await toldOf(gus, post), []);
  assert.equal((await gus.get('/activity/unread')).count, 0);
  assert.deepEqual(await world.rows(sql`select from activity where account_id = ${gus.id}`), []);
});

test('the same Idempotency-Key makes one reply; with another parent it is refused', async () => {
  const post = await ann.posts();
  const [top, other] = [await bob.comments(post, 'top'), await bob.comments(post, 'other')];
  const send = (parentId?: string) =>
    carol.act('POST', `/posts/${post.id}/comments`, {
      body: { text: 'once', ...(parentId ? { parentId } : {}) },
      headers: { 'idempotency-key': 'reply-1' },
    });
  const replies = await Promise.all(Array.from({ length: 5 }, () => send(top.id)));
  assert.equal(new Set(replies.map(({ body }) => body.id)).size, 1);
  for (const parentId of [other.id, undefined])
    assert.equal((await send(parentId)).body.error.code, 'idempotency_mismatch');
  assert.deepEqual(
    (await topOf(post)).items.map(({ replyCount }) => replyCount),
    [0, 1],
  );
  assert.equal(await countOf(post), 3);
  await world.settled();
  await mustAgree(world.app, 'after all');
});

test('replies, likes and deletions at once leave no reply without its comment, and counts that stand in the rows', async () => {
  const post = await ann.posts();
  for (let round = 0; round < 4; round++) {
    const tops = [await bob.comments(post, 'one'), await bob.comments(post, 'two')];
    const [early] = [await carol.replies(tops[0], 'early')];
    const all = await Promise.all([
      ...tops.flatMap((top) => [dan, carol, ann].map((person) => answer(person, post, top.id))),
      ...[...tops, early].flatMap((comment) =>
        [ann, dan].map((person) => person.act('PUT', `/comments/${comment.id}/like`)),
      ),
      bob.act('DELETE', `/comments/${tops[0].id}`),
      carol.act('DELETE', `/comments/${early.id}`),
      ...tops.map((top) => answer(bob, post, top.id)),
    ]);
    assert.deepEqual(
      all.map(({ status }) => status).filter((status) => ![200, 201, 204, 404].includes(status)),
      [],
    );
    await world.settled();
    await mustAgree(world.app, `round ${round}`);
  }
  const [row] = await world.rows<{ count: string }>(
    sql`select count(*) from comments where post_id = ${post.id}`,
  );
  assert.equal(await countOf(post), Number(row?.count));
});

test('a post, or an account, that is deleted takes its comments, their replies and likes with it', async () => {
  const [ida, jon] = await world.accounts('ida', 'jon');
  const [gone, kept] = [await ida.posts(), await ann.posts()];
  const top = await bob.comments(gone, 'top');
  await jon.likesComment(await carol.replies(top, 'reply'));
  const mine = await jon.comments(kept, 'of jon');
  await carol.likesComment(await bob.replies(mine, 'to jon'));
  const stays = await bob.comments(kept, 'stays');
  await jon.likesComment(stays);
  await jon.replies(stays, 'of jon too');
  await ann.likesComment(stays);
  await world.settled();
  await ida.deletes(gone);
  await jon.leaves();
  await world.settled();
  assert.deepEqual(await world.rows(sql`select from comments where post_id = ${gone.id}`), []);
  const { items } = await topOf(kept);
  assert.deepEqual(
    items.map(({ text, likeCount, replyCount }) => [text, likeCount, replyCount]),
    [['stays', 1, 0]],
  );
  assert.equal(await countOf(kept), 1);
  await mustAgree(world.app, 'after both');
});

test('comments without their replies, and replies, are read by indexes of their own', async () => {
  const post = await ann.posts();
  const top = await bob.comments(post, 'top');
  await world.rows(sql`
    insert into comments (comment_id, post_id, account_id, text, parent_id)
    select next_id(id_logical_shard(${post.id})), ${post.id}, ${carol.id}, 'many',
      case when number % 100 = 0 then ${top.id}::bigint else number end from generate_series(1, 10000) as number
    returning 1`);
  await world.rows(sql`analyze comments`);
  for (const index of ['comments_top', 'comments_replies'])
    await world.rows(sql`select from pg_stat_reset_single_table_counters(${index}::regclass)`);
  for (let each = 0; each < 8; each++) {
    assert.deepEqual(textsOf(await topOf(post)), ['top']);
    assert.equal((await repliesOf(top)).items.length, 20);
  }
  await until(async () => {
    const used = await world.rows(sql`
      select from pg_stat_user_indexes where indexrelname in ('comments_top', 'comments_replies') and idx_scan >= 8`);
    return used.length === 2 || null;
  }, 'both indexes were used');
});
