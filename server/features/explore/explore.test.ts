import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PostId } from '../../../core/ids.ts';
import type { PostCard } from '../../../core/shapes.ts';
import { openWorld } from '../../../test/world.ts';
import { sql } from '../../infra/sql.ts';
import { indexPost } from './explore.ts';

const world = await openWorld();
const [ann, bob] = await world.accounts('ann', 'bob');

const handlesOf = (items: { handle: string }[]) => items.map(({ handle }) => handle);
const idsOf = (items: { id: string }[]) => items.map(({ id }) => id);
const search = (q: string, person = ann) => person.get(`/search?q=${encodeURIComponent(q)}`);
const tagsOf = async (q: string) =>
  (await search(q)).hashtags.map(
    ({ tag, postCount }: { tag: string; postCount: number }) => `${tag} ${postCount}`,
  );
const accountsOf = async (q: string, person = ann) => handlesOf((await search(q, person)).accounts);

test('accounts are found by the first letters of handle or name, in any case, handles first', async () => {
  await world.account('marigold', { name: 'Zoë' });
  await world.account('zebra', { name: 'Márta Nagy' });
  await world.account('quinn', { name: 'Marigold Fan' });
  await world.settled();
  assert.deepEqual(await accountsOf('MARI'), ['marigold', 'quinn']);
  assert.deepEqual(await accountsOf('@mari'), ['marigold', 'quinn']);
  assert.deepEqual(await accountsOf('zo'), ['marigold']);
  assert.deepEqual(await accountsOf('márta n'), ['zebra']);
  assert.deepEqual(await accountsOf('ari'), [], 'not by letters in the middle');
  const { status, body } = await world.call('GET', '/search?q=mari');
  assert.deepEqual([status, handlesOf(body.accounts)], [200, ['marigold', 'quinn']], 'by strangers too');
});

test('% and _ and \\ are letters like others', async () => {
  await world.account('under_score', { name: '100% wool' });
  await world.account('underxscore', { name: '100 yards' });
  await world.settled();
  assert.deepEqual(await accountsOf('under_'), ['under_score']);
  assert.deepEqual(await accountsOf('100%'), ['under_score']);
  for (const q of ['%', '_', '\\', '%%%', 'u%e']) assert.deepEqual(await accountsOf(q), [], q);
});

test('a private account is found, since its header is public, and marked as what it is', async () => {
  await world.account('private.eye', { isPrivate: true });
  await world.settled();
  const { accounts } = await search('private.e');
  assert.deepEqual([handlesOf(accounts), accounts[0].isPrivate], [['private.eye'], true]);
});

test('hashtags are found by their first letters, the most used first, in any case and script', async () => {
  for (const caption of ['#Summer #sunset', '#summer', '#SUMMER #sun', '#Ünïcode #京都'])
    await ann.posts(caption);
  await world.settled();
  assert.deepEqual(await tagsOf('su'), ['summer 3', 'sun 1', 'sunset 1']);
  assert.deepEqual(await tagsOf('#SUN'), ['sun 1', 'sunset 1']);
  assert.deepEqual([await tagsOf('üN'), await tagsOf('京')], [['ünïcode 1'], ['京都 1']]);
  assert.deepEqual(await tagsOf('@su'), []);
  assert.deepEqual((await search('#su')).accounts, []);
  const page = await bob.get(`/hashtags/${encodeURIComponent('SUMMER')}`);
  assert.deepEqual([page.tag, page.postCount, page.items.length], ['summer', 3, 3]);
  assert.equal((await bob.act('GET', '/hashtags/never.used')).status, 404);
});

test('a hashtag page is paged to its end, newest first, each post once', async () => {
  const posts = [];
  for (let each = 0; each < 7; each++) posts.push((await (each % 2 ? ann : bob).posts('#paged')).id);
  await world.settled();
  const seen: string[] = [];
  let cursor: string | null = '';
  for (let pages = 0; cursor !== null && pages < 10; pages++) {
    const page: { items: { id: string }[]; nextCursor: string | null } = await ann.get(
      `/hashtags/paged?limit=3${cursor && `&cursor=${cursor}`}`,
    );
    seen.push(...idsOf(page.items));
    cursor = page.nextCursor;
  }
  assert.deepEqual(seen, posts.reverse());
});

test('what a private account tags appears nowhere, neither by name nor by count, and follows its privacy', async () => {
  const cara = await world.account('cara', { isPrivate: true });
  await bob.follows(cara);
  await world.settled();
  await cara.accepts(bob);
  const post = await cara.posts('#secretplan #summerhouse');
  await world.settled();
  assert.deepEqual(await tagsOf('secret'), []);
  assert.equal((await bob.act('GET', '/hashtags/secretplan')).status, 404, 'not even for its followers');
  await cara.edits({ isPrivate: false });
  await world.settled();
  assert.deepEqual(await tagsOf('secret'), ['secretplan 1']);
  assert.deepEqual(idsOf((await ann.get('/hashtags/summerhouse')).items), [post.id]);
  await cara.edits({ isPrivate: true });
  assert.deepEqual((await ann.get('/hashtags/summerhouse')).items, [], 'at once for strangers');
  await world.settled();
  assert.deepEqual([await tagsOf('secret'), await tagsOf('summerh')], [[], []]);
});

test('many posts with one hashtag that are indexed at once are all counted, and so are those taken out', async () => {
  const posts: PostCard[] = [];
  for (let each = 0; each < 12; each++) posts.push(await (each % 2 ? ann : bob).posts('#rush hour'));
  await world.settled();
  const indexAll = () => Promise.all(posts.map(({ id }) => indexPost(world.app, id as PostId)));
  const postIds = posts.map(({ id }) => id);
  for (let turn = 0; turn < 30; turn++) {
    for (const state of ['deleted', 'published']) {
      await world.rows(sql`update posts set state = ${state} where post_id = any(${postIds})`);
      await indexAll();
      assert.deepEqual(await tagsOf('rush'), state === 'deleted' ? [] : ['rush 12'], `turn ${turn}`);
    }
  }
});

test('suggested are accounts that one neither is, follows, asked, blocks nor is blocked by', async () => {
  const dan = await world.account('dan');
  const [followed, blocked, blocker, fresh] = (await world.accounts(
    'sug.followed',
    'sug.blocked',
    'sug.blocker',
    'sug.fresh',
  )) as [typeof ann, typeof ann, typeof ann, typeof ann];
  const asked = await world.account('sug.asked', { isPrivate: true });
  await world.settled();
  await dan.follows(followed);
  await dan.follows(asked);
  await dan.blocks(blocked);
  await blocker.blocks(dan);
  const suggested = handlesOf((await dan.get('/suggestions')).items);
  assert.ok(suggested.includes(fresh.handle));
  for (const person of [dan, followed, asked, blocked, blocker])
    assert.ok(!suggested.includes(person.handle), person.handle);
});
