/** What an account has switched off it is not told; what others are told does not change. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openWorld, type Person } from '../../../test/world.ts';
import { sql } from '../../infra/sql.ts';
import { tell } from './activity.ts';

const world = await openWorld();
const ALL = { likes: true, comments: true, follows: true, mentions: true };

async function toldOf(person: Person): Promise<string[]> {
  await world.settled();
  const { items } = await person.get('/activity');
  return items.map(({ kind }: { kind: string }) => kind).toSorted();
}

test('everything is on at first, and each choice is changed alone', async () => {
  const ann = await world.account('ann');
  assert.deepEqual((await ann.get('/me')).notifications, ALL);
  const reply = await ann.edits({ notifications: { likes: false } });
  assert.deepEqual(reply.body.notifications, { ...ALL, likes: false });
  await ann.edits({ notifications: { mentions: false, likes: true } });
  await ann.edits({ bio: 'unrelated' });
  await ann.edits({ notifications: {} });
  assert.deepEqual((await ann.get('/me')).notifications, { ...ALL, mentions: false });
  for (const notifications of [{ likes: 'no' }, { stories: false }, null, []])
    assert.equal((await ann.act('PATCH', '/me', { body: { notifications } })).status, 400);
  assert.deepEqual((await ann.get('/me')).notifications, { ...ALL, mentions: false });
});

const CHOICES = {
  likes: ['liked'],
  comments: ['commented'],
  follows: ['follow_accepted', 'followed'],
  mentions: ['mentioned'],
} as const;

for (const [at, [choice, kinds]] of Object.entries(CHOICES).entries())
  test(`without ${choice} one is told of all the rest, and of them again once they are on`, async () => {
    const [one, other] = await world.accounts(`one.${at}`, `other.${at}`);
    const open = await world.account(`open.${at}`, { isPrivate: true });
    const post = await one.posts('a pier');
    await one.edits({ notifications: { [choice]: false } });
    const acts = async () => {
      await other.follows(one);
      await other.likes(post);
      await other.comments(post, `with @${one.handle}`);
      await other.posts(`here @${one.handle}`);
      await one.follows(open);
      await world.settled();
      await open.accepts(one);
    };
    await acts();
    const all = Object.values(CHOICES).flat() as string[];
    assert.deepEqual(
      await toldOf(one),
      all.filter((kind) => !(kinds as readonly string[]).includes(kind)).toSorted(),
    );
    assert.deepEqual(await toldOf(open), ['followed'], 'others are told as before');

    await other.unfollows(one);
    await other.unlikes(post);
    await one.unfollows(open);
    await world.settled();
    await one.edits({ notifications: { [choice]: true } });
    await acts();
    const again = await toldOf(one);
    for (const kind of kinds) assert.ok(again.includes(kind), `${kind} in ${again}`);
  });

test('of requests to follow one is told whatever one has switched off', async () => {
  const shy = await world.account('shy', { isPrivate: true });
  const asker = await world.account('asker');
  await shy.edits({ notifications: { likes: false, comments: false, follows: false, mentions: false } });
  await asker.follows(shy);
  assert.deepEqual(await toldOf(shy), ['follow_requested']);
  await asker.unfollows(shy);
  assert.deepEqual(await toldOf(shy), []);
});

test('what was told before is taken back as ever, and what was not told leaves nothing to take back', async () => {
  const [ira, jon] = await world.accounts('ira', 'jon');
  const [first, second] = [await ira.posts('first'), await ira.posts('second')];
  await jon.likes(first);
  assert.deepEqual(await toldOf(ira), ['liked']);
  await ira.edits({ notifications: { likes: false } });
  await jon.likes(second);
  assert.deepEqual(await toldOf(ira), ['liked'], 'what came before stays');
  await jon.unlikes(first);
  await jon.unlikes(second);
  assert.deepEqual(await toldOf(ira), []);
  assert.deepEqual(await world.rows(sql`select 1 from activity where account_id = ${ira.id}`), []);
  assert.equal((await ira.get('/me')).unreadActivity, 0);
});

test('of many that are told together each goes by its own choice, in the order in which they were told', async () => {
  const [kay, lee, max] = await world.accounts('kay', 'lee', 'max');
  const quiet = await world.account('quiet');
  await quiet.edits({ notifications: { likes: false } });
  const posts = await Promise.all([0, 1, 2, 3].map((at) => kay.posts(`${at}`)));
  await world.settled();
  const [server] = world.app.shards.servers;
  const accounts = [kay.id, quiet.id];
  await server?.database.transaction((tx) =>
    tell(
      world.app,
      tx,
      posts.flatMap((post) =>
        accounts.flatMap((accountId) =>
          [lee, max].map((actor) => ({
            accountId: accountId as never,
            kind: 'liked' as const,
            actorId: actor.id as never,
            postId: post.id,
          })),
        ),
      ),
    ),
  );
  const rows = await world.rows<{ account_id: string; post_id: string; actor_id: string }>(
    sql`select account_id, post_id, actor_id from activity where account_id = any(${accounts}) order by activity_id`,
  );
  assert.deepEqual(
    rows.map((row) => [row.account_id, row.post_id, row.actor_id]),
    posts.flatMap((post) => [lee, max].map((actor) => [kay.id, post.id, actor.id])),
  );
});
