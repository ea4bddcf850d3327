import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statementCount } from '../../../test/bad-input.ts';
import { openWorld, type Person } from '../../../test/world.ts';
import { sql } from '../../infra/sql.ts';

const world = await openWorld();
type Suggested = {
  id: string;
  handle: string;
  followedBy: { accounts: { handle: string }[]; count: number } | null;
};

const suggestedTo = async (person: Person): Promise<Suggested[]> => (await person.get('/suggestions')).items;
const shown = (items: Suggested[]) =>
  items.flatMap(({ handle, followedBy }) =>
    followedBy
      ? `${handle}: ${followedBy.accounts.map((each) => each.handle).join(' ')} (${followedBy.count})`
      : [],
  );
const people = async (...handles: string[]) =>
  (await world.accounts(...handles)) as Person[] as [Person, Person, Person, Person, Person, Person];

test('first come those whom several of one’s own follow, by how many, with up to two names and a count', async () => {
  const [ann, friend1, friend2, friend3, known, wanted] = await people(
    ...['ann', 'friend.a', 'friend.b', 'friend.c', 'known', 'wanted'],
  );
  const [second, blocked, blocker, asked, third] = await people(
    'second',
    'blocked',
    'blocker',
    'asked',
    'third',
  );
  await asked.edits({ isPrivate: true });
  await third.edits({ isPrivate: true });
  for (const person of [friend1, friend2, friend3, known, asked]) await ann.follows(person);
  for (const friend of [friend1, friend2, friend3])
    for (const person of [wanted, blocked, blocker, asked, known]) await friend.follows(person);
  for (const friend of [friend1, friend2]) await friend.follows(second);
  await friend2.follows(third);
  await world.settled();
  await third.accepts(friend2);
  await ann.blocks(blocked);
  await blocker.blocks(ann);
  await world.settled();
  const items = await suggestedTo(ann);
  assert.deepEqual(shown(items), [
    'wanted: friend.c friend.b (3)',
    'second: friend.b friend.a (2)',
    'third: friend.b (1)',
  ]);
  assert.deepEqual(
    items.slice(0, 3).map(({ handle }) => handle),
    ['wanted', 'second', 'third'],
  );
  assert.equal(new Set(items.map(({ id }) => id)).size, items.length, 'nobody twice');
  for (const person of [ann, friend1, known, asked, blocked, blocker])
    assert.ok(!items.some(({ id }) => id === person.id), person.handle);

  await ann.follows(wanted);
  await friend2.unfollows(second);
  await world.settled();
  assert.deepEqual(shown(await suggestedTo(ann)), ['third: friend.b (1)', 'second: friend.a (1)']);
});

test('a friend whose follows one may not see (any more) is neither named nor counted', async () => {
  const [bea, open, closed, foe, target] = await people('bea', 'f.open', 'f.closed', 'f.foe', 'b.target');
  await closed.edits({ isPrivate: true });
  for (const friend of [open, closed, foe]) await bea.follows(friend);
  await world.settled();
  await closed.accepts(bea);
  for (const friend of [open, closed, foe]) await friend.follows(target);
  await world.settled();
  const of = async () => shown(await suggestedTo(bea)).filter((line) => line.startsWith('b.target'));
  assert.deepEqual(await of(), ['b.target: f.foe f.closed (3)'], 'private ones that accepted count');
  // As it stands between the removal, or the block, and the job that ends the follow at its other side.
  await world.rows(
    sql`update followers set state = 'removed' where account_id = ${closed.id} and follower_id = ${bea.id}`,
  );
  assert.deepEqual(await of(), ['b.target: f.foe f.open (2)']);
  await world.rows(sql`insert into blocks values (${foe.id}, ${bea.id}, 1)`);
  assert.deepEqual(await of(), ['b.target: f.open (1)']);
});

test('then come the liveliest public accounts, and the newest, so that nobody finds it empty', async () => {
  const newcomer = await world.account('newcomer');
  const [loud, dull, hidden, fan] = await people('loud', 'dull', 'hidden', 'fan');
  await hidden.edits({ isPrivate: true });
  const [post] = [await loud.posts(), await dull.posts(), await hidden.posts(), await hidden.posts()];
  for (const person of [fan, dull, hidden]) await person.likes(post);
  await world.settled();
  world.app.cache.delete('explore:lively');
  const items = await suggestedTo(newcomer);
  assert.deepEqual(
    items.slice(0, 2).map(({ handle }) => handle),
    ['loud', 'dull'],
  );
  assert.ok(
    items.some(({ handle }) => handle === 'fan'),
    'the newest, without any post',
  );
  assert.ok(items.length <= 20);
  assert.ok(items.every(({ followedBy }) => followedBy === null));
  await loud.leaves();
  assert.ok(
    !(await suggestedTo(newcomer)).some(({ handle }) => handle === 'loud'),
    'at once, though it is remembered',
  );
});

test('it costs as many statements whatever one follows', async () => {
  const reader = await world.account('reader');
  const countOnce = async () => {
    const before = statementCount(world);
    await suggestedTo(reader);
    return statementCount(world) - before;
  };
  /** The least of three: what is looked for every few seconds may come between. */
  const count = async () => {
    await suggestedTo(reader);
    return Math.min(await countOnce(), await countOnce(), await countOnce());
  };
  assert.equal(await count(), 4, 'follows, newest, what may be seen, ties');
  await world.rows(sql`
    insert into accounts (account_id, handle, email)
    select (1 << 23) + n, 'm' || n, 'm' || n from generate_series(1, 3000) as n`);
  await world.rows(sql`
    insert into follows (account_id, target_id, follow_id, state)
    select ${reader.id}, (1 << 23) + n, n, 'accepted' from generate_series(1, 1500) as n`);
  await world.rows(sql`
    insert into follows (account_id, target_id, follow_id, state)
    select (1 << 23) + n, (1 << 23) + 1500 + (n * 37 + k * k) % 1500, k, 'accepted'
    from generate_series(1300, 1500) as n, generate_series(1, 210) as k on conflict do nothing`);
  const first = await countOnce();
  assert.ok(
    first === 6 || first === 7,
    'and what may be seen of those whom one follows, and whom they follow',
  );
  assert.equal(await count(), 5, 'the latter is remembered for a while');
  const items = await suggestedTo(reader);
  assert.equal(items.length, 20);
  const counts = items.map(({ followedBy }) => followedBy?.count ?? 0);
  assert.deepEqual(
    counts,
    counts.toSorted((a, b) => b - a),
  );
});
