/** One server refuses or is slow: only its own members notice. What only looks like that must not be taken for it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { sql } from '../server/infra/sql.ts';
import { openApp, startWorker } from '../server/main/app.ts';
import { buildWeb } from '../server/main/web.ts';
import { atEnd } from './closing.ts';
import { isError, startLoad } from './isolation-load.ts';
import { endure, mustBeWhole, openIsolationWorld, serverNamed, startMembers } from './isolation-world.ts';
import { until } from './world.ts';

const MAX_CONNECTIONS = 60;
const isolation = await openIsolationWorld({
  link: 'proxy',
  settings: { max_connections: String(MAX_CONNECTIONS) },
});
const { pg2, world, scene, fleet } = isolation;
const { proxy } = pg2;
assert.ok(proxy);
const shard = `${fleet.prefix}_shard`;

test('a server that refuses is missed by its own members alone', async () => {
  await endure(isolation, { dead: 'pg2', begin: proxy.refuse, end: proxy.pass });
});

test('a server that is 2 s slow is missed by its own members alone', async () => {
  await endure(isolation, { dead: 'pg2', begin: () => proxy.delay(2_000), end: proxy.pass });
});

/** How often the server was taken for dead meanwhile. */
async function alarmsDuring(work: () => Promise<void>): Promise<number> {
  const { database } = serverNamed(isolation, 'pg2');
  let alarms = 0;
  const timer = setInterval(() => {
    alarms += Number(database.isDown());
  }, 20);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return alarms;
}

/** Changes of profiles that wait for a lock there; jobs may wait longer. */
async function lockWaits(): Promise<number> {
  const rows = await pg2.query(
    shard,
    `select from pg_stat_activity where wait_event_type = 'Lock' and query like '%bio%' and pid <> pg_backend_pid()`,
  );
  return rows.length;
}

test('slow statements, row locks and a process that stands still are no reason to give up a server', async () => {
  const { pia, pol } = scene.people;
  const { database } = serverNamed(isolation, 'pg2');
  const load = startMembers(isolation, { dead: 'pg2' });
  const holder = new pg.Client(pg2.connection(shard));
  await holder.connect();
  try {
    const alarms = await alarmsDuring(async () => {
      const slow = database.execute('select pg_sleep(3)');
      await holder.query('begin');
      await holder.query('select from accounts where account_id = $1 for update', [pol.id]);
      const locked = pol.act('PATCH', '/me', { body: { bio: 'waits' } });
      await until(async () => ((await lockWaits()) > 0 ? true : null), 'it waits for the lock');
      const blockedUntilMs = performance.now() + 2_000;
      while (performance.now() < blockedUntilMs);
      await slow;
      const reply = await locked;
      assert.deepEqual([reply.status, reply.body.error?.code], [503, 'database_unavailable']);
      await until(async () => ((await lockWaits()) === 0 ? true : null), 'its statement has ended', 1_000);
      await holder.query('rollback');
    });
    assert.equal(alarms, 0);
  } finally {
    await holder.end();
    await load.stop();
  }
  const failed = load.of('living').filter(isError);
  assert.equal(failed.length, 0);
  await pia.must('GET', '/feed');
});

test('a server without a free connection is full, not dead', async () => {
  const { pia, ann } = scene.people;
  const fillers: pg.Client[] = [];
  const alarms = await alarmsDuring(async () => {
    await pg2.query(
      'postgres',
      `select pg_terminate_backend(pid, 1000) from pg_stat_activity where datname = $1 and application_name = 'pinhole'`,
      [shard],
    );
    const isKnown = () =>
      database()
        .execute('select 1')
        .catch(() => null);
    await until(isKnown, 'it is known that they have ended');
    // A statement that takes long has the server probed, and the probe gets no connection.
    const slow = database().execute('select pg_sleep(2)');
    await until(async () => ((await sleeping()) ? true : null), 'the long statement runs');
    for (let n = 0; n < MAX_CONNECTIONS; n++) {
      const filler = new pg.Client(pg2.connection('postgres'));
      filler.on('error', () => undefined);
      const isIn = await filler.connect().then(
        () => true,
        () => false,
      );
      if (isIn) fillers.push(filler);
    }
    await database()
      .rows(sql`select 1`)
      .catch(() => undefined);
    const answers = startLoad([
      {
        group: 'pg2',
        acts: { feed: () => pia.act('GET', '/feed'), upload: () => pia.act('POST', '/uploads') },
      },
      { group: 'main', acts: { feed: () => ann.act('GET', '/feed') } },
    ]);
    await answers.lasts(1_500);
    await answers.stop();
    await slow;
    assert.equal(answers.of('main').filter(isError).length, 0);
    assert.deepEqual(
      [...new Set(answers.of('pg2').map(({ status }) => status))].filter((s) => s >= 500 && s !== 503),
      [],
    );
  });
  await Promise.all(fillers.map((filler) => filler.end()));
  await until(
    async () => ((await pia.act('GET', '/feed')).status === 200 ? true : null),
    'it serves again',
    5_000,
  );
  await until(
    async () => ((await pia.act('POST', '/uploads')).status === 201 ? true : null),
    'and writes',
    5_000,
  );
  assert.equal(alarms, 0);
});

const database = () => serverNamed(isolation, 'pg2').database;

async function sleeping(): Promise<boolean> {
  const text = `select from pg_stat_activity where query = 'select pg_sleep(2)' and state = 'active'`;
  return (await pg2.query(shard, text)).length > 0;
}

test('a server that is restarted under load serves again at once, and nothing is lost', async () => {
  const { pia } = scene.people;
  const load = startMembers(isolation, { dead: 'pg2' });
  try {
    await load.lasts(300);
    await pg2.stop();
    await pg2.start();
    await until(
      async () => ((await pia.act('GET', '/feed')).status === 200 ? true : null),
      'it heals',
      5_000,
    );
    await load.lasts(500);
  } finally {
    await load.stop();
  }
  assert.equal(load.of('living').filter(isError).length, 0);
});

test('a process starts without a server that is dead, says so once, and serves its members when it is back', async () => {
  const { ann, pia } = scene.people;
  await pg2.kill();
  const lines: string[] = [];
  const { app, close } = await openApp(world.app.config, fleet.connect, fleet.prefix, (line) =>
    lines.push(line),
  );
  atEnd(close);
  const server = await buildWeb(app, () => false);
  atEnd(() => server.close());
  const base = await server.listen({ host: '127.0.0.1', port: 0 });
  await startWorker(app);
  const ask = async (token: string, method: string, at: string) =>
    (await fetch(`${base}/api/v1${at}`, { method, headers: { authorization: `Bearer ${token}` } })).status;
  assert.equal(lines.filter((line) => line.includes('pg2')).length, 1);
  assert.equal(await ask(ann.token, 'GET', '/feed'), 200);
  assert.equal(await ask(ann.token, 'PUT', `/posts/${scene.posts.bob.id}/like`), 200);
  assert.equal(await ask(pia.token, 'GET', '/feed'), 503);
  await delay(2_500);
  assert.equal(lines.filter((line) => line.includes('pg2')).length, 1);
  await pg2.start();
  const isBack = async () => (await ask(pia.token, 'GET', '/feed')) === 200;
  await until(async () => ((await isBack()) ? true : null), 'its members are served', 5_000);
  // A like is a job too: its queue is open.
  const likes = async () => (await ask(pia.token, 'PUT', `/posts/${scene.posts.pol.id}/like`)) === 200;
  await until(async () => ((await likes()) ? true : null), 'and its jobs', 5_000);
});

test('after all that nothing is lost, and both sides agree', () => mustBeWhole(isolation));
