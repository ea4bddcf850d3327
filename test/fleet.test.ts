/** The harness of the tests with many servers tells the truth: what it kills is dead, what it cuts hangs, what it heals works. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { sql } from '../server/infra/sql.ts';
import { openApp } from '../server/main/app.ts';
import { atEnd } from './closing.ts';
import { openFleet, type PostgresServer, startPostgres, startReplica } from './fleet.ts';
import { startTcpProxy } from './tcp-proxy.ts';
import { openWorld, until } from './world.ts';

const fleet = await openFleet({ servers: 2, link: 'network' });
const [main, second = main] = fleet.servers;
const straight = await startPostgres();
await straight.query('postgres', 'create table notes (note integer primary key)');

const DEAD_MS = 500;
/** What became of a query within a moment: its answer, the code of its error, or nothing. */
async function fateOf(query: Promise<unknown>): Promise<string> {
  return Promise.race([
    query.then(
      () => 'answered',
      (error) => error.code ?? error.message,
    ),
    delay(DEAD_MS, 'hangs'),
  ]);
}

async function clientOf(server: { connection(database: string): pg.ClientConfig }): Promise<pg.Client> {
  const client = new pg.Client(server.connection('postgres'));
  client.on('error', () => undefined);
  await client.connect();
  atEnd(async () => client.connection.stream.destroy());
  return client;
}

const notesOf = async (server: PostgresServer) =>
  (await server.query<{ note: number }>('postgres', 'select note from notes order by note')).map(
    ({ note }) => note,
  );

test('a server killed with -9 forgets what was not committed, and nothing else', async () => {
  const [one, other] = [await clientOf(straight), await clientOf(straight)];
  await one.query('insert into notes values (1)');
  await other.query('begin; insert into notes values (2)');
  const before = straight.pid();
  await straight.kill();
  assert.equal(straight.pid(), 0);
  assert.equal(await fateOf(straight.query('postgres', 'select 1')), 'ECONNREFUSED');
  await straight.start();
  assert.notEqual(straight.pid(), before);
  assert.deepEqual(await notesOf(straight), [1]);
  await straight.stop();
  await straight.start();
  assert.deepEqual(await notesOf(straight), [1]);
});

test('servers keep what they acknowledge, and can give it to one another', async () => {
  const names = ['fsync', 'synchronous_commit', 'full_page_writes', 'wal_level', 'max_connections'];
  const found = await main.query<{ setting: string }>(
    'postgres',
    'select setting from pg_settings where name = any ($1) order by array_position($1, name)',
    [names],
  );
  assert.deepEqual(
    found.map(({ setting }) => setting),
    ['on', 'on', 'on', 'logical', '200'],
  );
  await main.query('postgres', 'create table carried (item integer primary key)');
  await main.query('postgres', 'insert into carried values (7)');
  await second.query('postgres', 'create table carried (item integer primary key)');
  await main.query('postgres', 'create publication p for table carried');
  const source = `host=${main.host} port=${main.port} user=pinhole dbname=postgres`;
  await second.query('postgres', `create subscription s connection '${source}' publication p`);
  const arrived = async () => (await second.query('postgres', 'select from carried')).length === 1 || null;
  await until(arrived, 'the row is carried over');
  await second.query('postgres', 'drop subscription s');
});

test('a replica follows, stands still while it is paused, and follows again; also after kill -9', async () => {
  const replica = await startReplica(straight);
  const sees = (note: number) =>
    until(async () => ((await notesOf(replica)).includes(note) ? true : null), `note ${note} is replayed`);
  await straight.query('postgres', 'insert into notes values (10)');
  await sees(10);
  await replica.pauseReplay();
  await straight.query('postgres', 'insert into notes values (11)');
  const received = `select pg_last_wal_receive_lsn() >= $1::pg_lsn as "isThere"`;
  const [{ at } = { at: '' }] = await straight.query<{ at: string }>(
    'postgres',
    'select pg_current_wal_lsn() as at',
  );
  const hasIt = async () =>
    (await replica.query<{ isThere: boolean }>('postgres', received, [at]))[0]?.isThere || null;
  await until(hasIt, 'the replica has received it');
  assert.ok(!(await notesOf(replica)).includes(11), 'it is not replayed');
  await replica.resumeReplay();
  await sees(11);
  await replica.kill();
  await straight.query('postgres', 'insert into notes values (12)');
  await replica.start();
  await sees(12);
});

test('cut off, a server hangs for connections old and new, and all go on when it is healed', async (t) => {
  t.diagnostic(second.proxy ? 'by a proxy that hangs' : 'by a router that drops packets');
  const old = await clientOf(second);
  await second.cut();
  assert.equal(await fateOf(main.query('postgres', 'select 1')), 'answered', 'the other is reached');
  const [first, fresh] = [old.query('select 1'), second.query('postgres', 'select 2')];
  assert.deepEqual(await Promise.all([fateOf(first), fateOf(fresh)]), ['hangs', 'hangs']);
  await second.heal();
  assert.equal((await first).rowCount, 1);
  assert.equal((await fresh).length, 1);
});

test('a statement that was on its way when a server was cut off is run only after healing', async () => {
  const old = await clientOf(main);
  await main.cut();
  const sent = old.query<{ at: Date }>('select clock_timestamp() as at');
  assert.equal(await fateOf(sent), 'hangs');
  const healedMs = Date.now();
  await main.heal();
  const { rows } = await sent;
  assert.ok(Number(rows[0]?.at) >= healedMs);
});

test('a proxy passes, delays, hangs and refuses, and heals from each', async () => {
  const proxy = await startTcpProxy({ host: '127.0.0.1', port: straight.port });
  atEnd(proxy.stop);
  const through = (database: string) => ({ ...straight.connection(database), port: proxy.port });
  const old = await clientOf({ connection: through });
  assert.equal(await fateOf(old.query('select 1')), 'answered');
  await proxy.delay(DEAD_MS + 200);
  const [late, later] = [old.query('select 1'), old.query('select 2')];
  assert.equal(await fateOf(late), 'hangs');
  await proxy.pass();
  await Promise.all([late, later]);
  assert.equal(await fateOf(old.query('select 1')), 'answered');

  await proxy.hang();
  const [held, fresh] = [old.query('select 1'), clientOf({ connection: through })];
  assert.deepEqual(await Promise.all([fateOf(held), fateOf(fresh)]), ['hangs', 'hangs']);
  await proxy.pass();
  await Promise.all([held, fresh]);

  const ended = new Promise((resolve) => old.once('end', resolve));
  await proxy.refuse();
  await ended;
  assert.equal(await fateOf(clientOf({ connection: through })), 'ECONNREFUSED');
  await proxy.pass();
  const again = await clientOf({ connection: through });
  assert.equal(await fateOf(again.query('select 1')), 'answered');
});

test('large answers come through a proxy whole', async () => {
  const proxied = await startPostgres({ link: 'proxy' });
  const [row] = await proxied.query<{ text: string }>(
    'postgres',
    `select repeat('abcdefghij', 1000000) as text`,
  );
  assert.equal(row?.text.length, 10_000_000);
  assert.equal(proxied.proxy?.port, proxied.port);
});

test('two processes of one Pinhole run on a fleet: what one is told, the other knows', async () => {
  const world = await openWorld({ fleet });
  const other = await world.another();
  const [ann, bob] = await world.accounts('ann', 'bob');
  await bob.follows(ann);
  const post = await ann.posts();
  assert.notEqual(other.base, world.base);
  const seen = await other.call('GET', `/posts/${post.id}`, { token: bob.token });
  assert.deepEqual([seen.status, seen.body.id], [200, post.id]);
  assert.equal((await main.query('pinhole_shard', 'select from posts')).length, 1);
});

test('a process whose jobs do not stop well closes all the rest, so that it can end', async () => {
  const world = await openWorld({ fleet, hasAdmin: false });
  const { app, close } = await openApp(world.app.config, fleet.connect, fleet.prefix, () => undefined);
  const { stop } = app.queue;
  app.queue.stop = async () => {
    await stop();
    throw new Error('its server is gone');
  };
  await assert.rejects(close(), /its server is gone/);
  await assert.rejects(app.shards.directory.rows(sql`select 1`), /closed/);
});

test('a process that cannot start leaves nothing open', async () => {
  const world = await openWorld({ fleet, hasAdmin: false });
  const watchers = async () => {
    const text = `select from pg_stat_activity where application_name = 'pinhole map'`;
    return (await main.query('postgres', text)).length;
  };
  const others = await until(async () => (await watchers()) || null, 'the other processes watch the map');
  await main.query('pinhole_directory', 'alter table secrets rename to mislaid');
  const opening = openApp(world.app.config, fleet.connect, fleet.prefix, () => undefined);
  await assert.rejects(opening, /secrets/);
  await main.query('pinhole_directory', 'alter table mislaid rename to secrets');
  await until(async () => (await watchers()) === others || null, 'it watches the map no more');
});
