import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccountId } from '../../../core/ids.ts';
import { openWorld, type Person, until } from '../../../test/world.ts';
import { sql } from '../../infra/sql.ts';
import { mirrorAnswer, mirrorFollow } from './mirror.ts';

const world = await openWorld();

const handlesOf = (page: { items: { handle: string }[] }) => page.items.map(({ handle }) => handle);
const followersOf = async (person: Person) => handlesOf(await person.get(`/accounts/${person.id}/followers`));
const followingOf = async (person: Person) => handlesOf(await person.get(`/accounts/${person.id}/following`));
const requestsOf = async (person: Person) => handlesOf(await person.get('/follow-requests'));
const tieOf = async (person: Person, other: Person) =>
  (await person.get(`/accounts/${other.id}`)).relationship.following as string;
const toldOf = async (person: Person) =>
  (await person.get('/activity')).items.map(
    ({ kind, account }: { kind: string; account: { handle: string } }) => `${account.handle} ${kind}`,
  );

/** Following and followed, as the profile says. */
async function countsOf(person: Person): Promise<[number, number]> {
  const { followingCount, followerCount } = await person.get('/me');
  return [followingCount, followerCount];
}

/** Both sides of every follow agree, and so do all counters. */
async function assertSidesEqual(): Promise<void> {
  const differing = await world.rows(sql`
    select coalesce(follows.account_id, follower_id) as follower, coalesce(target_id, followers.account_id) as followed,
      follows.state as at_source, followers.state as at_mirror
    from follows full join followers on followers.account_id = target_id and follower_id = follows.account_id
    where (follows.follow_id, follows.state) is distinct from (followers.follow_id, followers.state)`);
  assert.deepEqual(differing, [], 'both sides are equal');
  const miscounted = await world.rows(sql`
    select handle, following_count, follower_count from accounts
    where following_count <> (select count(*) from follows where follows.account_id = accounts.account_id and state = 'accepted')
      or follower_count <> (select count(*) from followers where followers.account_id = accounts.account_id and state = 'accepted')`);
  assert.deepEqual(miscounted, [], 'counters equal the rows');
}

async function settle(): Promise<void> {
  await world.settled();
  await assertSidesEqual();
}

test('following a public account is done at once, counted on both sides, told once, and undone whole', async () => {
  const [ann, bob] = await world.accounts('ann', 'bob');
  const reply = await bob.follows(ann);
  assert.deepEqual(reply.body, { isSelf: false, following: 'yes', followsYou: false, blocked: false });
  await bob.follows(ann);
  await settle();
  assert.deepEqual(
    [await countsOf(bob), await countsOf(ann)],
    [
      [1, 0],
      [0, 1],
    ],
  );
  assert.deepEqual([await followersOf(ann), await followingOf(bob)], [['bob'], ['ann']]);
  assert.equal((await ann.get(`/accounts/${bob.id}`)).relationship.followsYou, true);
  assert.deepEqual(await toldOf(ann), ['bob followed']);

  assert.equal((await bob.unfollows(ann)).body.following, 'no');
  await bob.unfollows(ann);
  await settle();
  assert.deepEqual(
    [await countsOf(bob), await countsOf(ann)],
    [
      [0, 0],
      [0, 0],
    ],
  );
  assert.deepEqual([await followersOf(ann), await followingOf(bob), await toldOf(ann)], [[], [], []]);
});

test('nobody follows himself, or somebody who does not exist', async () => {
  const ann = await world.signsIn('ann');
  assert.equal((await ann.act('PUT', `/accounts/${ann.id}/follow`)).body.error.code, 'follow_self');
  const absent = await ann.act('PUT', '/accounts/4467570830351532032/follow');
  assert.equal(absent.status, 404);
});

test('a private account is asked first; the one who accepts is counted and seen', async () => {
  const carol = await world.account('carol', { isPrivate: true });
  const dan = await world.account('dan');
  const post = await carol.posts('for friends');
  assert.equal((await dan.follows(carol)).body.following, 'requested');
  await settle();
  assert.deepEqual([await requestsOf(carol), await toldOf(carol)], [['dan'], ['dan follow_requested']]);
  assert.deepEqual(
    [await countsOf(dan), await countsOf(carol)],
    [
      [0, 0],
      [0, 0],
    ],
  );
  assert.equal((await dan.act('GET', `/posts/${post.id}`)).status, 404);

  await carol.accepts(dan);
  assert.equal((await dan.get(`/posts/${post.id}`)).caption, 'for friends', 'from the answer on');
  assert.equal((await carol.act('PUT', `/follow-requests/${dan.id}`)).status, 404, 'answered already');
  await settle();
  assert.equal(await tieOf(dan, carol), 'yes');
  assert.deepEqual(
    [await countsOf(dan), await countsOf(carol)],
    [
      [1, 0],
      [0, 1],
    ],
  );
  assert.deepEqual([await requestsOf(carol), await toldOf(carol)], [[], ['dan followed']]);
  assert.deepEqual(await toldOf(dan), ['carol follow_accepted']);
});

test('a request that is declined, or taken back, leaves no trace, and can be made again', async () => {
  const erin = await world.account('erin', { isPrivate: true });
  const fay = await world.account('fay');
  for (const end of [() => erin.declines(fay), () => fay.unfollows(erin)]) {
    await fay.follows(erin);
    await settle();
    assert.deepEqual(await requestsOf(erin), ['fay']);
    await end();
    await settle();
    assert.equal(await tieOf(fay, erin), 'no');
    assert.deepEqual([await requestsOf(erin), await toldOf(erin), await toldOf(fay)], [[], [], []]);
  }
  assert.equal((await erin.act('PUT', `/follow-requests/${fay.id}`)).status, 404);
  await fay.follows(erin);
  await settle();
  assert.deepEqual(await requestsOf(erin), ['fay']);
});

test('a follower who was removed sees nothing from then on, and may ask again', async () => {
  const gus = await world.account('gus', { isPrivate: true });
  const hal = await world.account('hal');
  const post = await gus.posts('inside');
  await hal.follows(gus);
  await settle();
  await gus.accepts(hal);
  await settle();
  assert.equal((await hal.act('GET', `/posts/${post.id}`)).status, 200);
  await gus.removes(hal);
  assert.equal((await hal.act('GET', `/posts/${post.id}`)).status, 404);
  assert.deepEqual((await hal.get('/feed')).items, []);
  await settle();
  assert.deepEqual(
    [await countsOf(hal), await countsOf(gus)],
    [
      [0, 0],
      [0, 0],
    ],
  );
  assert.equal(await tieOf(hal, gus), 'no');

  await hal.follows(gus);
  await settle();
  assert.equal((await hal.act('GET', `/posts/${post.id}`)).status, 404, 'asking is not being accepted');
  await gus.accepts(hal);
  await settle();
  assert.deepEqual(
    [await countsOf(hal), await countsOf(gus)],
    [
      [1, 0],
      [0, 1],
    ],
  );
});

test('a removal is not undone by jobs of the follow that are delivered again, before or after it is mirrored', async () => {
  const ida = await world.account('ida', { isPrivate: true });
  const jon = await world.account('jon');
  await jon.follows(ida);
  await settle();
  await ida.accepts(jon);
  await settle();
  const ids = [jon.id as AccountId, ida.id as AccountId] as const;
  const news: unknown[] = [];
  const again = async () => {
    await mirrorFollow(world.app, ...ids, async (_tx, what) => void news.push(what));
    await mirrorAnswer(world.app, ...ids, async () => void news.push('answered'));
  };
  await again();
  await ida.removes(jon);
  await again();
  await again();
  await settle();
  await again();
  await settle();
  assert.deepEqual(await followersOf(ida), []);
  assert.deepEqual(
    [await countsOf(jon), await countsOf(ida)],
    [
      [0, 0],
      [0, 0],
    ],
  );
  assert.ok(
    !news.includes('accepted') && !news.includes('requested') && !news.includes('answered'),
    String(news),
  );
});

test('an account that becomes public accepts who waits; one that becomes private keeps its followers', async () => {
  const kim = await world.account('kim', { isPrivate: true });
  const [leo, mia] = await world.accounts('leo', 'mia');
  await leo.follows(kim);
  await mia.follows(kim);
  await settle();
  assert.deepEqual(await requestsOf(kim), ['mia', 'leo']);
  await kim.edits({ isPrivate: false });
  await settle();
  assert.deepEqual([await requestsOf(kim), await followersOf(kim)], [[], ['mia', 'leo']]);
  assert.deepEqual(await countsOf(kim), [0, 2]);
  assert.equal(await tieOf(leo, kim), 'yes');

  await kim.edits({ isPrivate: true });
  await settle();
  const post = await kim.posts('still among us');
  assert.deepEqual(await followersOf(kim), ['mia', 'leo']);
  assert.equal((await mia.get('/feed')).items[0].id, post.id);
});

test('lists of followers are paged to the end, each once, newest first', async () => {
  const nora = await world.account('nora');
  const fans: Person[] = [];
  for (let each = 0; each < 7; each++) {
    fans.push(await world.account(`fan_${each}x`));
    await fans[each]?.follows(nora);
    await nora.follows(fans[each] as Person);
  }
  await settle();
  for (const list of ['followers', 'following']) {
    const seen: string[] = [];
    let cursor: string | null = '';
    for (let pages = 0; cursor !== null && pages < 10; pages++) {
      const page: { items: { handle: string }[]; nextCursor: string | null } = await nora.get(
        `/accounts/${nora.id}/${list}?limit=3${cursor && `&cursor=${cursor}`}`,
      );
      seen.push(...handlesOf(page));
      cursor = page.nextCursor;
    }
    assert.deepEqual(seen, fans.map(({ handle }) => handle).reverse(), list);
  }
});

test('storms of following and unfollowing end with both sides equal', async () => {
  const open = await world.account('open.one');
  const closed = await world.account('closed.one', { isPrivate: true });
  const crowd: Person[] = [];
  for (let each = 0; each < 8; each++) crowd.push(await world.account(`storm_${each}x`));
  await Promise.all(
    crowd.flatMap((person, at) =>
      [open, closed].flatMap((target) => [
        person.follows(target),
        person.unfollows(target),
        person.follows(target),
        at % 2 === 0 ? person.unfollows(target) : person.follows(target),
        ...(at % 3 === 0 ? [target.removes(person)] : []),
      ]),
    ),
  );
  await Promise.all([
    ...crowd.map((person) => closed.act('PUT', `/follow-requests/${person.id}`)),
    ...crowd.slice(4).map((person) => person.unfollows(closed)),
    closed.edits({ isPrivate: false }),
  ]);
  await settle();
});

test('many who follow one account at the same moment do not lock each other out', async () => {
  const star = await world.account('star');
  const crowd: Person[] = [];
  for (let each = 0; each < 12; each++) crowd.push(await world.account(`crowd_${each}x`));
  const deadlocks = async () => {
    const [row] = await world.rows<{ deadlocks: string }>(
      sql`select deadlocks from pg_stat_database where datname = current_database()`,
    );
    return Number(row?.deadlocks);
  };
  const before = await deadlocks();
  await Promise.all(crowd.map((person) => person.follows(star)));
  await settle();
  assert.deepEqual(await countsOf(star), [0, 12]);
  assert.equal(await deadlocks(), before);
});

test('a follow that is being mirrored while the followed one blocks does not survive the block', async () => {
  const [olga, pete] = await world.accounts('olga', 'pete');
  const ids = [pete.id as AccountId, olga.id as AccountId] as const;
  await pete.follows(olga);
  await world.settled();
  await world.rows(sql`delete from followers where account_id = ${olga.id} and follower_id = ${pete.id}`);
  await world.rows(sql`update accounts set follower_count = 0 where account_id = ${olga.id}`);
  let isBlocked = false;
  let blocking: Promise<unknown> = Promise.resolve();
  await mirrorFollow(world.app, ...ids, async () => {
    blocking = olga.blocks(pete).then(() => {
      isBlocked = true;
    });
    await until(async () => {
      const waiting = await world.rows(
        sql`select 1 from pg_locks where locktype = 'advisory' and not granted`,
      );
      return isBlocked || waiting.length > 0 ? true : null;
    }, 'the block is through, or waits for the mirror');
  });
  await blocking;
  await settle();
  assert.deepEqual([await followersOf(olga), await countsOf(olga)], [[], [0, 0]]);
});
