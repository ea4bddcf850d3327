import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { z } from 'zod';
import { openWorld, type Person, until } from '../../../test/world.ts';
import { sql } from '../../infra/sql.ts';
import { forgetComments, forgetPost } from './activity.ts';
import type { activityItem } from './schema.ts';

const world = await openWorld();
type Item = z.infer<typeof activityItem>;

async function toldOf(person: Person): Promise<string[]> {
  await world.settled();
  const items: Item[] = (await person.get('/activity')).items;
  return items.map(({ kind, account }) => `${account.handle} ${kind}`);
}
const unreadOf = async (person: Person) => {
  await world.settled();
  const { count } = await person.get('/activity/unread');
  assert.equal((await person.get('/me')).unreadActivity, count);
  return count as number;
};

test('each kind of act is told once, with what it is about, newest first', async () => {
  const [ann, bob] = await world.accounts('ann', 'bob');
  const closed = await world.account('cara', { isPrivate: true });
  const post = await ann.posts('a pier');
  await bob.follows(ann);
  await world.settled();
  await bob.likes(post);
  await world.settled();
  await bob.comments(post, 'fine, @ann');
  await world.settled();
  await bob.posts('with @ann');
  await ann.follows(closed);
  await world.settled();
  await closed.accepts(ann);
  await world.settled();
  const items: Item[] = (await ann.get('/activity')).items;
  assert.deepEqual(
    items.map(({ kind, account, commentText, isUnread }) => [kind, account.handle, commentText, isUnread]),
    [
      ['follow_accepted', 'cara', null, true],
      ['mentioned', 'bob', null, true],
      ['commented', 'bob', 'fine, @ann', true],
      ['liked', 'bob', null, true],
      ['followed', 'bob', null, true],
    ],
  );
  const about = items.map((item) => item.post?.id ?? null);
  assert.deepEqual([about[0], about[2], about[3], about[4]], [null, post.id, post.id, null]);
  const thumbnail = items[3]?.post?.thumbnailUrl ?? '';
  assert.equal((await world.call('GET', thumbnail)).status, 200);
  assert.equal(items[3]?.post?.altText, 'a photo by ann');
  assert.deepEqual(await toldOf(closed), ['ann followed'], 'a request that was accepted has become a follow');
});

test('what is unread is counted until it is marked as seen, and a mark never moves back', async () => {
  const [dan, erin] = await world.accounts('dan', 'erin');
  const post = await dan.posts();
  await erin.likes(post);
  await erin.follows(dan);
  await world.settled();
  await erin.comments(post, 'one');
  assert.equal(await unreadOf(dan), 3);
  const [newest, , oldest] = (await dan.get('/activity')).items as Item[];
  const mark = (item: Item | undefined) =>
    dan.must('PUT', '/activity/seen', { body: { activityId: item?.id } });
  await mark(oldest);
  assert.equal(await unreadOf(dan), 2);
  await mark(newest);
  assert.equal(await unreadOf(dan), 0);
  await mark(oldest);
  assert.equal(await unreadOf(dan), 0);
  await erin.comments(post, 'two');
  assert.equal(await unreadOf(dan), 1);
  const unread = ((await dan.get('/activity')).items as Item[]).map(({ isUnread }) => isUnread);
  assert.deepEqual(unread, [true, false, false, false]);
});

test('acts on own things, and own acts, are not told to oneself', async () => {
  const fay = await world.account('fay');
  const post = await fay.posts('me, @fay');
  await fay.likes(post);
  await fay.comments(post, '@fay again');
  assert.deepEqual([await toldOf(fay), await unreadOf(fay)], [[], 0]);
});

test('what is undone is no longer told; done anew it is told anew', async () => {
  const [gus, hal] = await world.accounts('gus', 'hal');
  const post = await gus.posts();
  await hal.likes(post);
  await hal.follows(gus);
  const comment = await hal.comments(post, 'oh @gus');
  assert.equal((await toldOf(gus)).length, 3);
  await hal.unlikes(post);
  await hal.unfollows(gus);
  await hal.must('DELETE', `/comments/${comment.id}`);
  assert.deepEqual([await toldOf(gus), await unreadOf(gus)], [[], 0]);
  await hal.likes(post);
  assert.deepEqual(await toldOf(gus), ['hal liked']);
});

test('an actor who may no longer be seen drops out of the list and of the count, and comes back with the unblocking', async () => {
  const [ida, jon, kim] = await world.accounts('ida', 'jon', 'kim');
  const post = await ida.posts();
  for (const person of [jon, kim]) {
    await person.likes(post);
    await world.settled();
  }
  await ida.blocks(jon);
  assert.deepEqual([await toldOf(ida), await unreadOf(ida)], [['kim liked'], 1]);
  await kim.blocks(ida);
  assert.deepEqual([await toldOf(ida), await unreadOf(ida)], [[], 0]);
  await ida.unblocks(jon);
  assert.deepEqual([await toldOf(ida), await unreadOf(ida)], [['jon liked'], 1]);
});

test('a mention in a post that may no longer be seen drops out of the list and of the count', async () => {
  const [leo, mia] = await world.accounts('leo', 'mia');
  await mia.follows(leo);
  await world.settled();
  await leo.edits({ isPrivate: true });
  await world.settled();
  await leo.posts('for @mia');
  assert.deepEqual([await toldOf(mia), await unreadOf(mia)], [['leo mentioned'], 1]);
  await leo.removes(mia);
  assert.deepEqual([await toldOf(mia), await unreadOf(mia)], [[], 0]);
});

test('a request that is still open is told as such, and vanishes when it is declined', async () => {
  const nora = await world.account('nora', { isPrivate: true });
  const omar = await world.account('omar');
  await omar.follows(nora);
  assert.deepEqual([await toldOf(nora), await unreadOf(nora)], [['omar follow_requested'], 1]);
  await nora.declines(omar);
  assert.deepEqual([await toldOf(nora), await unreadOf(nora)], [[], 0]);
});

test('the list is paged to its end, each act once, also when some are hidden', async () => {
  const paul = await world.account('paul');
  const post = await paul.posts();
  const fans: Person[] = [];
  for (let each = 0; each < 7; each++) {
    fans.push(await world.account(`liker_${each}x`));
    await fans[each]?.comments(post, 'fine');
    await world.settled();
  }
  await fans[3]?.blocks(paul);
  const seen: string[] = [];
  let cursor: string | null = '';
  for (let pages = 0; cursor !== null && pages < 10; pages++) {
    const page: { items: Item[]; nextCursor: string | null } = await paul.get(
      `/activity?limit=2${cursor && `&cursor=${cursor}`}`,
    );
    seen.push(...page.items.map(({ account }) => account.handle));
    cursor = page.nextCursor;
  }
  assert.deepEqual(
    seen,
    [6, 5, 4, 2, 1, 0].map((each) => `liker_${each}x`),
  );
});

test('likes of one post are one item: the newest two or three are named, the others counted, who may not be seen is not', async () => {
  const author = await world.account('author');
  const [first, second] = [await author.posts('first'), await author.posts('second')];
  const fans: Person[] = [];
  for (let at = 1; at <= 6; at++) fans.push(await world.account(`fan.${at}`));
  const likes = async (who: Person[], post: { id: string }) => {
    for (const fan of who) {
      await fan.likes(post);
      await world.settled();
    }
  };
  await likes(fans.slice(0, 5), first);
  await likes(fans.slice(5), second);
  await likes(fans.slice(5), first);
  const items = async () => (await author.get('/activity')).items as Item[];
  const told = (each: Item[]) =>
    each.map(({ account, others, otherCount, post }) => [
      account.handle,
      others.map(({ handle }) => handle),
      otherCount,
      post?.id,
    ]);
  const both = await items();
  assert.deepEqual(told(both), [
    ['fan.6', ['fan.5', 'fan.4'], 5, first.id],
    ['fan.6', [], 0, second.id],
  ]);
  await author.must('PUT', '/activity/seen', { body: { activityId: both[0]?.id } });
  const [late] = await world.accounts('latecomer');
  await likes([late], first);
  assert.deepEqual(
    (await items()).map(({ isUnread, otherCount }) => [isUnread, otherCount]),
    [
      [true, 0],
      [false, 5],
      [false, 0],
    ],
  );
  await author.blocks(fans[4] as Person);
  await world.settled();
  assert.deepEqual(told(await items())[1], ['fan.6', ['fan.4', 'fan.3'], 4, first.id]);
  const pages: Item[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: { items: Item[]; nextCursor: string | null } = await author.get(
      `/activity?limit=1${cursor && `&cursor=${cursor}`}`,
    );
    pages.push(...page.items);
    cursor = page.nextCursor;
  }
  assert.deepEqual(pages[0]?.account.handle, 'latecomer');
  assert.equal(new Set(pages.map(({ id }) => id)).size, pages.length);
});

test('what was told of a post or a comment is found by an index of its own, however much there is', async () => {
  const [reader] = await world.accounts('reader');
  await world.rows(sql`
    insert into activity (account_id, activity_id, kind, actor_id, post_id, comment_id)
    select ${reader.id}, next_id(id_logical_shard(${reader.id})), 'commented', number, number, number
    from generate_series(1, 5000) as number`);
  await world.rows(sql`select from pg_stat_reset_single_table_counters('activity_post'::regclass)`);
  await world.rows(sql`select from pg_stat_reset_single_table_counters('activity_comment'::regclass)`);
  await world.rows(sql`analyze activity`);
  for (let each = 1; each <= 8; each++) {
    await forgetPost(world.app, String(each));
    await forgetComments(world.app, [String(each + 100)]);
  }
  await until(async () => {
    const used = await world.rows(sql`
      select from pg_stat_user_indexes where indexrelname in ('activity_post', 'activity_comment') and idx_scan >= 8`);
    return used.length === 2 || null;
  }, 'both indexes were used');
});
