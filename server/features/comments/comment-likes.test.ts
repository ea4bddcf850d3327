import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CommentCard } from '../../../core/shapes.ts';
import { mustAgree } from '../../../test/cross-shard-oracle.ts';
import { openWorld, type Person } from '../../../test/world.ts';
import { sql } from '../../infra/sql.ts';

const world = await openWorld();
const [ann, bob, carol] = await world.accounts('ann', 'bob', 'carol');
const ABSENT = '4467570830351532032';

type Item = { kind: string; account: { handle: string }; others: { handle: string }[]; commentText: string };
const toldOf = async (person: Person) => {
  await world.settled();
  return ((await person.get('/activity')).items as Item[])
    .filter(({ kind }) => kind === 'comment_liked')
    .map(({ account, others, commentText }) => [
      account.handle,
      others.map((each) => each.handle),
      commentText,
    ]);
};
const handlesOf = async (comment: { id: string }, person = ann) =>
  (await person.get(`/comments/${comment.id}/likes`)).items.map(({ handle }: { handle: string }) => handle);
const seenBy = async (person: Person, comment: CommentCard): Promise<[number, boolean] | null> => {
  const { items } = await person.get(`/posts/${comment.postId}/comments`);
  const found = items.find(({ id }: CommentCard) => id === comment.id);
  return found && [found.likeCount, found.liked];
};

test('a like of a comment is counted once, told to its author, and taken back whole', async () => {
  const post = await ann.posts();
  const comment: CommentCard = await bob.comments(post, 'lovely');
  assert.deepEqual((await carol.likesComment(comment)).body, { liked: true, likeCount: 1 });
  assert.deepEqual((await carol.likesComment(comment)).body, { liked: true, likeCount: 1 });
  assert.deepEqual(await seenBy(carol, comment), [1, true]);
  assert.deepEqual(await seenBy(ann, comment), [1, false]);
  await world.settled();
  assert.deepEqual((await ann.likesComment(comment)).body, { liked: true, likeCount: 2 });
  assert.deepEqual(await handlesOf(comment), ['ann', 'carol']);
  assert.deepEqual(await toldOf(bob), [['ann', ['carol'], 'lovely']]);
  assert.equal((await bob.get('/activity/unread')).count, 2);
  assert.deepEqual((await carol.unlikesComment(comment)).body, { liked: false, likeCount: 1 });
  assert.deepEqual((await carol.unlikesComment(comment)).body, { liked: false, likeCount: 1 });
  assert.deepEqual(await handlesOf(comment), ['ann']);
  assert.deepEqual(await toldOf(bob), [['ann', [], 'lovely']]);
  await ann.unlikesComment(comment);
  assert.deepEqual([await toldOf(bob), await seenBy(bob, comment)], [[], [0, false]]);
  await bob.likesComment(comment);
  assert.deepEqual(
    [await toldOf(bob), await seenBy(bob, comment)],
    [[], [1, true]],
    'nobody is told of his own',
  );
  await mustAgree(world.app, 'after all');
});

test('a reply is liked as a comment is', async () => {
  const post = await ann.posts();
  const reply = await carol.replies(await bob.comments(post, 'top'), 'reply');
  await ann.likesComment(reply);
  const { items } = await ann.get(`/comments/${reply.parentId}/replies`);
  assert.deepEqual(
    items.map(({ likeCount, liked }: CommentCard) => [likeCount, liked]),
    [[1, true]],
  );
  assert.deepEqual(await toldOf(carol), [['ann', [], 'reply']]);
});

test('who likes a comment is paged to the end, with what one has to do with them', async () => {
  const comment = await bob.comments(await ann.posts(), 'popular');
  const fans: Person[] = [];
  for (let each = 0; each < 5; each++) {
    const fan = await world.account(`fan_${each}x`);
    await fan.likesComment(comment);
    fans.push(fan);
  }
  await ann.follows(fans[4] as Person);
  await world.settled();
  const seen: string[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: {
      items: { handle: string; relationship: { following: string } }[];
      nextCursor: string | null;
    } = await ann.get(`/comments/${comment.id}/likes?limit=2${cursor && `&cursor=${cursor}`}`);
    seen.push(...page.items.map(({ handle, relationship }) => `${handle} ${relationship.following}`));
    cursor = page.nextCursor;
  }
  assert.deepEqual(
    seen,
    [4, 3, 2, 1, 0].map((each) => `fan_${each}x ${each === 4 ? 'yes' : 'no'}`),
  );
  await (fans[2] as Person).blocks(ann);
  assert.deepEqual(
    await handlesOf(comment),
    [4, 3, 1, 0].map((each) => `fan_${each}x`),
    'who may not be seen is left out',
  );
});

test('a comment that one may not see can neither be liked nor told apart from what is absent', async () => {
  const [dora, erin, fay] = await world.accounts('dora', 'erin', 'fay');
  const closed = await world.account('closed', { isPrivate: true });
  const post = await ann.posts();
  const comment = await dora.comments(post, 'of dora');
  const beneath = await bob.replies(comment, 'of bob');
  const among = await closed.comments(await closed.posts(), 'among us');
  const gone = await bob.comments(post, 'gone');
  await bob.must('DELETE', `/comments/${gone.id}`);
  await dora.blocks(erin);
  await fay.blocks(dora);
  const outcomeOf = async (person: Person, method: string, commentId: string) => {
    const { status, body } = await person.act(
      method,
      `/comments/${commentId}/${method === 'GET' ? 'likes' : 'like'}`,
    );
    return [status, { ...body.error, requestId: '' }];
  };
  for (const person of [erin, fay])
    for (const method of ['PUT', 'DELETE', 'GET'])
      for (const { id } of [comment, beneath, among, gone])
        assert.deepEqual(
          await outcomeOf(person, method, id),
          await outcomeOf(person, method, ABSENT),
          `${person.handle} ${method}`,
        );
  assert.equal((await outcomeOf(erin, 'PUT', ABSENT))[0], 404);
  for (const method of ['PUT', 'DELETE'])
    assert.equal((await world.call(method, `/comments/${comment.id}/like`)).status, 401);
  assert.deepEqual(
    await world.rows(sql`select from comment_likes where account_id in (${erin.id}, ${fay.id})`),
    [],
  );
  assert.deepEqual(await handlesOf(comment), []);
});

test('what was liked can be unliked also when it is no longer seen', async () => {
  const [gus] = await world.accounts('gus');
  const comment = await bob.comments(await ann.posts(), 'here');
  await gus.likesComment(comment);
  await world.settled();
  await bob.blocks(gus);
  assert.deepEqual((await gus.unlikesComment(comment)).body, { liked: false, likeCount: 0 });
  assert.equal((await gus.act('DELETE', `/comments/${comment.id}/like`)).status, 404);
  assert.deepEqual(await seenBy(ann, comment), [0, false]);
  await world.settled();
  assert.deepEqual(
    await world.rows(sql`select from activity where comment_id = ${comment.id} and kind = 'comment_liked'`),
    [],
  );
});

test('many likes and unlikes at once, in two processes, end with the count that stands in the rows', async () => {
  const post = await ann.posts();
  const [one, two] = [await bob.comments(post, 'one'), await bob.comments(post, 'two')];
  const other = await world.another();
  const fans: Person[] = [];
  for (let each = 0; each < 8; each++) fans.push(await world.account(`crowd_${each}x`));
  const replies = await Promise.all(
    fans.flatMap((fan, at) =>
      [one, two].flatMap(({ id }) => [
        fan.act('PUT', `/comments/${id}/like`),
        other.call(at % 2 === 0 ? 'DELETE' : 'PUT', `/comments/${id}/like`, { token: fan.token }),
        fan.act('PUT', `/comments/${id}/like`),
      ]),
    ),
  );
  assert.deepEqual(
    replies.filter(({ status }) => status !== 200).map(({ text }) => text),
    [],
  );
  await world.settled();
  await mustAgree(world.app, 'after all');
  for (const comment of [one, two]) {
    const likers = await handlesOf(comment);
    assert.deepEqual((await seenBy(ann, comment))?.[0], likers.length);
    const [told] = await world.rows<{ count: string }>(
      sql`select count(*) from activity where comment_id = ${comment.id} and kind = 'comment_liked'`,
    );
    assert.equal(Number(told?.count), likers.length);
  }
});
