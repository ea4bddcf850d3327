/** Streaming replicas: they take over reads, and nobody can tell by what he is shown. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PostCard } from '../core/shapes.ts';
import { LAG_MAX_MS } from '../server/infra/replicas.ts';
import { sql } from '../server/infra/sql.ts';
import { startReplica } from './fleet.ts';
import { openFleetWorld } from './fleet-world.ts';
import { PASSWORD, type Person, type Reply, samplePhoto, until } from './world.ts';

const { fleet, world, accountOn } = await openFleetWorld({ servers: 2 });
const [main, pg2] = fleet.servers;
assert.ok(pg2);
const replica = await startReplica(pg2);
const { shards } = world.app;
const server = shards.servers.find(({ name }) => name === 'pg2');
assert.ok(server);
const HEADER = 'pinhole-seen';

await main.query(`${fleet.prefix}_directory`, `update servers set replica_urls = $1 where name = 'pg2'`, [
  [replica.url(fleet.prefix)],
]);
await main.query(`${fleet.prefix}_directory`, 'select publish_map()');
await until(async () => (lag() !== null ? true : null), 'the replica is known');

let reads = 0;
const { pick } = server.replicas;
server.replicas.pick = () => {
  const picked = pick();
  if (picked) reads++;
  return picked;
};

const ann = await accountOn('pg2', 'ann');
const bob = await accountOn('pg2', 'bob');
const eve = await accountOn('main', 'eve');

function lag() {
  return server?.replicas.list()[0]?.lag ?? null;
}

/** The replica has all that was written until now. */
async function caughtUp(): Promise<void> {
  await world.settled();
  const [row] =
    (await pg2?.query<{ at: string }>('postgres', 'select pg_current_wal_insert_lsn() as at')) ?? [];
  await until(async () => {
    const [there] = await replica.query<{ is: boolean }>(
      'postgres',
      'select pg_last_wal_replay_lsn() >= $1::pg_lsn as is',
      [row?.at],
    );
    const isRead = performance.now() > shards.replicasFromMs;
    return isRead && there?.is && lag()?.ms === 0 ? true : null;
  }, 'the replica has caught up');
}

/** A session that says what it has seen, as our client does. */
function sessionOf(me: Person) {
  let seen = '';
  return async (method: string, at: string, body?: unknown): Promise<Reply> => {
    const reply = await me.must(method, at, { headers: { [HEADER]: seen }, ...(body ? { body } : {}) });
    seen = reply.headers.get(HEADER) ?? seen;
    return reply;
  };
}

const ids = (reply: Reply): string[] => reply.body.items.map((item: { id: string }) => item.id);

/** How often a replica was chosen to answer. */
async function readsDuring(work: () => Promise<unknown>): Promise<number> {
  const before = reads;
  await work();
  return reads - before;
}

test('reads that tolerate it are answered by the replica, for whoever says what he has seen', async () => {
  const post = await ann.posts('a lighthouse #coast');
  await bob.follows(ann);
  await caughtUp();
  const reader = sessionOf(bob);
  const lists = [
    '/feed',
    `/accounts/${ann.id}/posts`,
    `/accounts/${ann.id}/followers`,
    `/posts/${post.id}/likes`,
  ];
  for (const at of lists)
    assert.ok((await readsDuring(() => reader('GET', at))) > 0, `${at} is answered by the replica`);
  assert.deepEqual(ids(await reader('GET', '/feed')), [post.id]);
  assert.equal(
    await readsDuring(async () => assert.deepEqual((await bob.get('/feed')).items[0].id, post.id)),
    0,
  );
  for (const bad of [
    'pg2',
    'pg2:XYZ',
    `pg2:${'F'.repeat(17)}`,
    ':1',
    'pg2:1,pg2:2',
    '\u00e9',
    'x'.repeat(3_000),
  ]) {
    const feed = () => bob.must('GET', '/feed', { headers: { [HEADER]: bad } });
    assert.equal(await readsDuring(async () => assert.deepEqual(ids(await feed()), [post.id])), 0, bad);
  }
  // Of a server that is not there, or has promised more than this one has written.
  for (const odd of ['pg9:1', `pg2:${'F'.repeat(16)}`, 'main:FFFFFFFF'])
    assert.deepEqual(ids(await bob.must('GET', '/feed', { headers: { [HEADER]: odd } })), [post.id]);
});

test('whoever has written something finds it at once, while the replica stands still', async () => {
  await caughtUp();
  await replica.pauseReplay();
  try {
    const session = sessionOf(bob);
    const other = await eve.posts('seen by bob');
    const mine = await publishAs(session, bob);
    assert.ok(ids(await session('GET', '/feed')).includes(mine.id));
    assert.ok(ids(await session('GET', `/accounts/${bob.id}/posts`)).includes(mine.id));
    assert.equal((await session('PUT', `/posts/${mine.id}/like`)).body.likeCount, 1);
    assert.equal(cardIn(await session('GET', '/feed'), mine.id)?.liked, true);
    await session('PUT', `/accounts/${eve.id}/follow`);
    assert.ok(ids(await session('GET', `/accounts/${bob.id}/following`)).includes(eve.id));
    assert.ok(ids(await session('GET', '/feed')).includes(other.id));
    await session('PUT', `/accounts/${ann.id}/block`);
    assert.deepEqual(ids(await session('GET', '/blocks')), [ann.id]);
    await session('DELETE', `/accounts/${ann.id}/block`);
    await session('DELETE', `/posts/${mine.id}`);
    assert.ok(!ids(await session('GET', '/feed')).includes(mine.id));
  } finally {
    await replica.resumeReplay();
  }
});

function cardIn(reply: Reply, postId: string): PostCard | undefined {
  return reply.body.items.find((item: PostCard) => item.id === postId);
}

async function publishAs(session: ReturnType<typeof sessionOf>, me: Person): Promise<PostCard> {
  const uploadId = await me.uploads(samplePhoto);
  const edits = { look: { filter: 'none' } };
  const { body } = await session('POST', '/posts', {
    caption: 'mine',
    photos: [{ uploadId, edits, altText: '' }],
  });
  return until(async () => {
    const now = (await session('GET', `/posts/${body.id}`)).body as PostCard;
    return now.state === 'published' ? now : null;
  }, 'it is published');
}

test('browsers carry in cookies how far they have written, of each server by itself', async () => {
  await caughtUp();
  await replica.pauseReplay();
  try {
    const jar = new Map<string, string>();
    const ask = async (method: string, at: string, body?: unknown) => {
      const response = await fetch(`${world.base}/api/v1${at}`, {
        method,
        headers: {
          origin: world.base,
          cookie: [...jar].map((pair) => pair.join('=')).join('; '),
          ...(body ? { 'content-type': 'application/json' } : {}),
        },
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
      assert.ok(response.ok, `${method} ${at}: ${response.status}`);
      for (const each of response.headers.getSetCookie()) {
        const [name = '', value = ''] = each.split(';')[0]?.split('=') ?? [];
        jar.set(name, value);
      }
      return response.json();
    };
    await ask('POST', '/sessions', { login: 'bob', password: PASSWORD, kind: 'web' });
    assert.ok(jar.has('pinhole_seen_pg2'));
    jar.delete('pinhole_seen_pg2');
    const feed = () => ask('GET', '/feed');
    assert.ok((await readsDuring(feed)) > 0);
    await ask('PUT', `/accounts/${eve.id}/follow`);
    const { items } = await ask('GET', `/accounts/${bob.id}/following`);
    assert.ok(items.some((item: { id: string }) => item.id === eve.id));
    assert.equal(await readsDuring(feed), 0);
    jar.set('pinhole_seen_pg2', 'nonsense');
    assert.equal(await readsDuring(feed), 0);
  } finally {
    await replica.resumeReplay();
  }
});

test('a deletion, a block and going private hold at once, while the replica stands still', async () => {
  const people = {
    ...{ gone: await accountOn('pg2', 'gone'), shy: await accountOn('pg2', 'shy') },
    ...{ cross: await accountOn('pg2', 'cross'), parted: await accountOn('pg2', 'parted') },
  };
  const posts = new Map<string, PostCard>();
  for (const each of Object.values(people)) posts.set(each.handle, await each.posts('here today #today'));
  for (const each of Object.values(people)) await eve.follows(each);
  for (const each of Object.values(people)) await each.likes(posts.get('gone') as PostCard);
  await caughtUp();
  const postOf = (me: Person) => posts.get(me.handle)?.id ?? '';
  const lists = [
    '/feed',
    '/hashtags/today',
    ...Object.values(people).map(({ id }) => `/accounts/${id}/posts`),
  ];
  const all = [...posts.values()].map(({ id }) => id).sort();
  const shown = async () => {
    const found = new Set<string>();
    for (const at of lists) {
      const reply = await eve.act('GET', at, { headers: { [HEADER]: '' } });
      assert.ok([200, 404].includes(reply.status), `${at}: ${reply.status}`);
      for (const id of reply.status === 200 ? ids(reply) : []) if (all.includes(id)) found.add(id);
    }
    return [...found].sort();
  };
  assert.ok((await readsDuring(async () => assert.deepEqual(await shown(), all))) > 0);
  await replica.pauseReplay();
  try {
    await people.gone.deletes({ id: postOf(people.gone) });
    await people.shy.edits({ isPrivate: true });
    await people.shy.removes(eve);
    await people.cross.blocks(eve);
    await people.parted.leaves();
    assert.ok((await readsDuring(async () => assert.deepEqual(await shown(), []))) > 0);
    for (const each of Object.values(people)) {
      const at = `/posts/${postOf(each)}`;
      assert.equal((await eve.act('GET', at, { headers: { [HEADER]: '' } })).status, 404, at);
      for (const more of ['likes', 'comments'])
        assert.equal((await eve.act('GET', `${at}/${more}`, { headers: { [HEADER]: '' } })).status, 404);
    }
    const activity = await sessionOf(eve)('GET', '/activity');
    assert.ok(!activity.text.includes('"handle":"cross"'));
    for (const at of [`/accounts/${eve.id}/following`, '/search?q=cross'])
      assert.ok(!(await sessionOf(eve)('GET', at)).text.includes('"handle":"cross"'), at);
  } finally {
    await replica.resumeReplay();
  }
});

test('a replica that lags too far, or is dead, gets no reads, and nobody notices', async () => {
  await caughtUp();
  const reader = sessionOf(bob);
  const feed = async () => {
    const reply = await reader('GET', '/feed');
    assert.equal(reply.body.isPartial, undefined);
    return ids(reply);
  };
  const before = await feed();
  assert.ok((await readsDuring(feed)) > 0);
  await replica.kill();
  assert.deepEqual(await Promise.all([feed(), feed(), feed()]), [before, before, before]);
  await until(async () => (lag() === null ? true : null), 'it is known to be dead');
  assert.equal(await readsDuring(feed), 0);
  await replica.start();
  await until(async () => ((await readsDuring(feed)) > 0 ? true : null), 'it is read again');

  await replica.pauseReplay();
  await server.database.rows(sql`select next_id(8000)`);
  const write = () =>
    pg2.query(`${fleet.prefix}_shard`, 'create table if not exists ping (); drop table ping');
  await write();
  await until(async () => ((lag()?.ms ?? 0) > LAG_MAX_MS ? true : null), 'it lags', LAG_MAX_MS + 5_000);
  assert.equal(await readsDuring(feed), 0);
  await replica.resumeReplay();
  await until(async () => ((await readsDuring(feed)) > 0 ? true : null), 'it is read again');
});
