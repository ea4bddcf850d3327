/** What members are told as it happens, in whichever process it happened; two processes of one Pinhole. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { type EventReader, openReader } from '../../../test/event-reader.ts';
import { openWorld, type Person, until } from '../../../test/world.ts';
import { sql } from '../../infra/sql.ts';
import { beatAll, lookAll } from './live.ts';

const world = await openWorld();
const other = await world.another();
const [ann, bob, cara] = await world.accounts('ann', 'bob', 'cara');
await bob.follows(ann);
await world.settled();
const post = await ann.posts('the first');

const open: EventReader[] = [];
afterEach(async () => {
  for (const reader of open.splice(0)) await reader.close();
});

/** Connected to the other process than the one that members act in. */
async function listen(person: Person, query = '', headers: Record<string, string> = {}) {
  const reader = await openReader(other.base, query, { authorization: `Bearer ${person.token}`, ...headers });
  open.push(reader);
  return reader;
}

/** Connected, and told what was missed before. */
async function hears(person: Person, query = '', headers: Record<string, string> = {}) {
  const reader = await listen(person, query, headers);
  assert.equal(reader.status, 200, reader.body);
  await reader.waitFor('activity');
  return reader;
}

/** Whatever happened before is told by now: what happens afterwards, too. */
async function afterAll(reader: EventReader, actor: Person, seen: { id: string }): Promise<void> {
  const before = reader.of('comment').length;
  const mark = await actor.comments(seen, `a mark after ${before}`);
  await reader.waitFor('comment', (data) => data.id === mark.id);
}

test('a stream has the headers that keep it alive on its way', async () => {
  const reader = await hears(bob);
  assert.equal(reader.headers.get('content-type'), 'text/event-stream');
  assert.equal(reader.headers.get('cache-control'), 'no-store');
  assert.equal(reader.headers.get('x-accel-buffering'), 'no');
  assert.match(reader.headers.get('content-security-policy') ?? '', /default-src/);
  assert.match(reader.text(), /^retry: 3000\n\n/);
  await beatAll(other.app);
  await until(async () => (reader.text().includes('\n:\n') ? true : null), 'a heartbeat arrives');
});

test('whoever is not signed in is refused', async () => {
  for (const at of ['/live', '/live/changes']) {
    assert.equal((await world.call('GET', at)).status, 401);
    assert.equal((await world.call('GET', at, { token: 'x'.repeat(46) })).status, 401);
  }
});

test('a cursor, or a post, that cannot be one is refused', async () => {
  const tooMany = Array.from({ length: 31 }, (_, at) => String(BigInt(post.id) + BigInt(at))).join(',');
  for (const query of [
    '?after=0',
    '?after=-1',
    '?after=x',
    '?posts=x',
    `?posts=${tooMany}`,
    '?what=1',
    '?tab=<',
  ])
    for (const at of ['/live', '/live/changes'])
      assert.equal((await bob.act('GET', at + query)).status, 400, at + query);
  assert.equal((await listen(bob, '', { 'last-event-id': 'nonsense' })).status, 400);
});

test('likes, comments, their deletion and the counts of a post that is watched are told', async () => {
  const reader = await hears(bob, `?posts=${post.id}`);
  await cara.likes(post);
  await reader.waitFor('post', (data) => data.id === post.id && data.likeCount === 1);
  const comment = await cara.comments(post, 'live from cara');
  const { data } = await reader.waitFor('comment', (each) => each.id === comment.id);
  assert.equal(data.text, 'live from cara');
  assert.equal(data.canDelete, false);
  await reader.waitFor('post', (each) => each.commentCount === 1);
  await cara.must('DELETE', `/comments/${comment.id}`);
  await reader.waitFor('comment-gone', (each) => each.id === comment.id && each.postId === post.id);
  await reader.waitFor('post', (each) => each.commentCount === 0);
  await cara.unlikes(post);
  await until(async () => (reader.of('post').at(-1)?.likeCount === 0 ? true : null), 'the unlike is told');
});

test('whoever owns a post is told of activity, and everywhere when it was seen', async () => {
  const reader = await hears(ann);
  assert.equal(reader.of('activity').at(0)?.unread, 1, 'bob follows');
  await cara.likes(post);
  await reader.waitFor('activity', (data) => data.unread === 2);
  const [item] = (await ann.get('/activity')).items;
  await ann.must('PUT', '/activity/seen', { body: { activityId: item.id } });
  await until(async () => (reader.of('activity').at(-1)?.unread === 0 ? true : null), 'nothing is unread');
});

test('a new post is told to followers, and to nobody else', async () => {
  const [follower, stranger, author] = [await hears(bob), await hears(cara), await hears(ann)];
  const made = await ann.posts('the second');
  await follower.waitFor('feed', ({ postIds }) => (postIds as string[]).includes(made.id));
  // The one after it is told to her, so this one would have been.
  await cara.follows(ann);
  await world.settled();
  const next = await ann.posts('the third');
  const { data } = await stranger.waitFor('feed', ({ postIds }) => (postIds as string[]).includes(next.id));
  assert.deepEqual(stranger.of('feed'), [data]);
  assert.deepEqual(data, { count: 1, postIds: [next.id] });
  assert.deepEqual(author.of('feed'), []);
  await cara.unfollows(ann);
  await world.settled();
});

test('what was missed since the last event is told first, by stream and by asking', async () => {
  const first = await hears(bob, `?posts=${post.id}`);
  const cursor = first.lastId();
  await first.close();
  const comment = await cara.comments(post, 'said meanwhile');
  const made = await ann.posts('posted meanwhile');
  await ann.likes(post);
  await world.settled();
  const again = await hears(bob, `?posts=${post.id}`, { 'last-event-id': cursor });
  await again.waitFor('comment', (data) => data.id === comment.id);
  await again.waitFor('feed', ({ postIds }) => (postIds as string[]).includes(made.id));
  const asked = await bob.get(`/live/changes?after=${cursor}&posts=${post.id}`);
  const texts = asked.events.flatMap(
    (event: { type: string; data: { text?: string } }) => event.data.text ?? [],
  );
  assert.ok(texts.includes('said meanwhile'), JSON.stringify(asked));
  const types = new Set(asked.events.map((event: { type: string }) => event.type));
  assert.deepEqual([...types].sort(), ['activity', 'comment', 'feed', 'post']);
  assert.match(asked.next, /^\d{19}$/);
  assert.ok(BigInt(asked.next) > BigInt(cursor));
});

test('of more than fifty comments only that there are more is told', async () => {
  const busy = await ann.posts('busy');
  const cursor = (await bob.get('/live/changes')).next;
  for (let at = 0; at < 51; at++) await cara.comments(busy, `remark ${at}`);
  const { events } = await bob.get(`/live/changes?after=${cursor}&posts=${busy.id}`);
  const about = events.filter(
    (event: { type: string }) => event.type !== 'activity' && event.type !== 'feed',
  );
  assert.deepEqual(about, [
    { type: 'post', data: { id: busy.id, likeCount: 0, commentCount: 51, stale: true } },
  ]);
});

test('a lost hint is made up for by the next look', async () => {
  const reader = await hears(bob, `?posts=${post.id}`);
  const { publish } = world.app.events;
  world.app.events.publish = () => undefined;
  try {
    const comment = await cara.comments(post, 'nobody hears of this');
    const made = await ann.posts('nor of that');
    await cara.comments(post, 'hello @bob');
    await world.settled();
    await lookAll(other.app);
    await reader.waitFor('comment', (data) => data.id === comment.id);
    await reader.waitFor('feed', ({ postIds }) => (postIds as string[]).includes(made.id));
    await reader.waitFor('activity', (data) => data.unread === 1);
    const before = BigInt(reader.lastId());
    await lookAll(other.app);
    await cara.comments(post, 'one more');
    await lookAll(other.app);
    await reader.waitFor('comment', (data) => data.text === 'one more');
    assert.ok(BigInt(reader.lastId()) > before, 'the cursor goes on with each look');
  } finally {
    world.app.events.publish = publish;
  }
});

test('a tab that comes again takes the place of its last stream; the sixth of an account is refused', async () => {
  const first = await hears(cara, '?tab=one');
  for (const tab of ['two', 'three', 'four', 'five']) await hears(cara, `?tab=${tab}`);
  await hears(cara, '?tab=one');
  await first.ended();
  const sixth = await listen(cara, '?tab=six');
  assert.equal(sixth.status, 429);
  assert.equal(sixth.headers.get('retry-after'), '20');
  assert.equal((await cara.act('GET', '/live/changes')).status, 200);
});

test('a session that has ended is told so, and hears nothing more', async () => {
  const eve = await world.account('eve');
  const again = await world.signsIn('eve');
  const [kept, ended] = [await hears(eve, `?posts=${post.id}`), await hears(again, `?posts=${post.id}`)];
  await again.must('DELETE', '/sessions/current');
  const comment = await cara.comments(post, 'after the end of a session');
  await kept.waitFor('comment', (data) => data.id === comment.id);
  await ended.waitFor('signed-out');
  await ended.ended();
  assert.deepEqual(ended.told.at(-1)?.data, {});
  assert.ok(!ended.of('comment').some((data) => data.id === comment.id));
  await eve.leaves();
  await beatAll(other.app);
  await kept.waitFor('signed-out');
  await kept.ended();
});

test('a post that is archived, opened again or deleted while it is watched is told as it stands', async () => {
  const short = await ann.posts('not for long');
  const reader = await hears(bob, `?posts=${short.id}`);
  await reader.waitFor('post', (data) => data.id === short.id);
  const last = (is: (data: Record<string, unknown> | undefined) => boolean, what: string) =>
    until(async () => (is(reader.of('post').at(-1)) ? true : null), what);
  const gone = { id: short.id, likeCount: null, commentCount: null, stale: true };
  await ann.must('PUT', `/posts/${short.id}/archive`);
  await last((data) => data?.stale === true, 'it is told that it is gone');
  assert.deepEqual(reader.of('post').at(-1), gone);
  await ann.must('DELETE', `/posts/${short.id}/archive`);
  await last((data) => data?.commentCount === 0, 'it is back');
  await ann.must('PATCH', `/posts/${short.id}`, { body: { hidesLikeCount: true } });
  await last((data) => data?.likeCount === null && data.stale === undefined, 'its likes are hidden');
  await ann.deletes(short);
  await last((data) => data?.stale === true, 'it is deleted');
  assert.deepEqual(reader.of('post').at(-1), gone);
});

test('streams end at once when their process does', async () => {
  const third = await world.another();
  const reader = await openReader(third.base, '', { authorization: `Bearer ${bob.token}` });
  await reader.waitFor('activity');
  const startMs = performance.now();
  await third.close();
  await reader.ended();
  assert.ok(performance.now() - startMs < 5_000);
});

test('the counters of the truth and what was told agree after a storm of likes', async () => {
  const popular = await ann.posts('popular');
  const reader = await hears(bob, `?posts=${popular.id}`);
  const fans = await world.accounts('fan1', 'fan2', 'fan3', 'fan4', 'fan5', 'fan6');
  await Promise.all(fans.map((fan) => fan.likes(popular)));
  await until(
    async () => (reader.of('post').at(-1)?.likeCount === fans.length ? true : null),
    'all are told',
  );
  const [row] = await world.rows<{ like_count: string }>(
    sql`select like_count from posts where post_id = ${popular.id}`,
  );
  assert.equal(Number(row?.like_count), fans.length);
  await afterAll(reader, cara, popular);
});
