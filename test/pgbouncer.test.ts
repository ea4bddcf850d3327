/** What ./pinhole pgbouncer prints, in a real pgbouncer before a real PostgreSQL server. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import pg from 'pg';
import { openDatabase } from '../server/infra/database.ts';
import { migrate } from '../server/infra/migrations.ts';
import { singlesOf } from '../server/infra/server-address.ts';
import { sql } from '../server/infra/sql.ts';
import { pgbouncerConfig } from '../server/main/admin/pgbouncer.ts';
import { atEnd } from './closing.ts';
import { openFleet, type Pooler, startPgbouncer } from './fleet.ts';
import { until } from './world.ts';

const root = path.resolve(import.meta.dirname, '..');
const CONNECTIONS_MAX = 40;
const COUNTS_TOGETHER = 5;
const PROCESSES = 8;

const { servers, databaseUrl, connect } = await openFleet({ servers: 1 });
const [server] = servers;
for (const each of ['shard', 'directory']) await server.query('postgres', `create database pinhole_${each}`);
await migrate(connect('pinhole_directory'), path.join(root, 'db/directory'), () => undefined);
const pooler = await startPgbouncer((port, authFile) =>
  pgbouncerConfig({ url: databaseUrl, name: 'main', port, authFile, socketDir: '' }),
);

async function clientOf(of: Pick<Pooler, 'connection'>, more: pg.ClientConfig = {}): Promise<pg.Client> {
  const client = new pg.Client({ ...of.connection('pinhole_shard'), ...more });
  client.on('error', () => undefined);
  await client.connect();
  atEnd(() => client.end().catch(() => undefined));
  return client;
}

/**
 * As a process opens the two databases: through the pooler, and around it to read shards and to hear of the map. Events go
 * through Redis; without it each process has one more connection for them.
 */
async function openProcess() {
  const [shard, directory] = ['shard', 'directory'].map((name) =>
    openDatabase(name, pooler.connection(`pinhole_${name}`), {
      onError: () => undefined,
      singles: pooler.connection(singlesOf(`pinhole_${name}`)),
      ...(name === 'shard' ? { straight: server.connection(`pinhole_${name}`) } : {}),
    }),
  );
  assert.ok(shard && directory);
  atEnd(shard.close);
  atEnd(directory.close);
  await (await clientOf({ connection: server.connection })).query('listen pinhole_map');
  return { shard, directory };
}

const countHeld = async () => {
  const [row] = await server.query<{ count: number }>(
    'postgres',
    `select count(*)::integer as count from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`,
  );
  return row?.count ?? 0;
};

test('eight processes at work hold no more than 40 connections of the server, and all get their answers', async () => {
  const processes = await Promise.all(Array.from({ length: PROCESSES }, openProcess));
  const counts: number[] = [];
  let isDone = false;
  const counting = (async () => {
    while (!isDone) counts.push(await countHeld());
  })();
  let answers = 0;
  const asks = processes.flatMap(({ shard, directory }, at) =>
    [shard, directory].flatMap((database) =>
      Array.from({ length: 40 }, async (_, number) => {
        const sent = at * 1_000 + number;
        const rows = await database.rows<{ got: number }>(
          sql`select ${sent}::integer as got, pg_sleep(0.01)`,
        );
        const [row] = await database.transaction((tx) =>
          tx.rows<{ got: number }>(sql`select ${sent + 1}::integer as got, pg_sleep(0.01)`),
        );
        if (rows[0]?.got === sent && row?.got === sent + 1) answers++;
      }),
    ),
  );
  await Promise.all(asks);
  isDone = true;
  await counting;
  assert.equal(answers, PROCESSES * 2 * 40);
  // One that ends is counted until it is gone, when another has taken its place already.
  const starts = counts.slice(0, 1 - COUNTS_TOGETHER).keys();
  const held = [...starts].map((at) => Math.min(...counts.slice(at, at + COUNTS_TOGETHER)));
  const [most, clients] = [Math.max(...held), await countClients()];
  assert.ok(clients > 2 * CONNECTIONS_MAX, `${clients} connections to pgbouncer`);
  assert.ok(most > PROCESSES && most <= CONNECTIONS_MAX, `${most} connections to the server`);
});

/** Asked in pgbouncer's console, which knows simple queries alone. */
async function countClients(): Promise<number> {
  const client = new pg.Client(pooler.connection('pgbouncer'));
  await client.connect();
  const { rows } = await client.query<{ database: string; cl_active: number; cl_waiting: number }>(
    'show pools',
  );
  await client.end();
  return rows
    .filter(({ database }) => database !== 'pgbouncer')
    .reduce((sum, row) => sum + Number(row.cl_active) + Number(row.cl_waiting), 0);
}

test('many statements in flight on one connection are answered each with its own, errors among them', async () => {
  const clients = await Promise.all(Array.from({ length: 24 }, () => clientOf(pooler, { pipeline: true })));
  const fates = await Promise.all(
    clients.flatMap((client, at) =>
      Array.from({ length: 200 }, async (_, number) => {
        const sent = at * 1_000 + number;
        const text = number % 9 === 0 ? 'select 1 / ($1::integer * 0) as got' : 'select $1::integer as got';
        const fate = await client.query({ text, values: [sent] }).then(
          ({ rows }) => rows[0].got,
          (error) => error.code,
        );
        return fate === (number % 9 === 0 ? '22012' : sent);
      }),
    ),
  );
  assert.equal(fates.filter((isRight) => !isRight).length, 0);
});

test('timeouts are those of the configuration, whatever a client asks for; a transaction can have its own', async () => {
  const client = await clientOf(pooler, { statement_timeout: 77, lock_timeout: 78 });
  const timeout = async () => (await client.query('show statement_timeout')).rows[0].statement_timeout;
  assert.equal(await timeout(), '10s');
  await client.query('begin; set local statement_timeout = 100');
  assert.equal(await timeout(), '100ms');
  await assert.rejects(client.query('select pg_sleep(5)'), { code: '57014' });
  await client.query('rollback');
  assert.equal(await timeout(), '10s');
});

test('a client that is gone within a transaction leaves nothing open and nothing written', async () => {
  await server.query('pinhole_shard', 'create table notes (note integer)');
  const client = await clientOf(pooler);
  await client.query('begin; insert into notes values (1)');
  client.connection.stream.destroy();
  const isFree = async () =>
    (await server.query('postgres', "select from pg_stat_activity where state like 'idle in transaction%'"))
      .length === 0 || null;
  await until(isFree, 'the transaction is rolled back');
  assert.equal((await server.query('pinhole_shard', 'select from notes')).length, 0);
});

test('when all connections are in use for long, a client is told so and does not wait for ever', async () => {
  const holders = await Promise.all(Array.from({ length: 8 }, () => clientOf(pooler)));
  for (const holder of holders) await holder.query('begin');
  const late = await clientOf(pooler);
  const refused = assert.rejects(late.query('select 1'), { code: '08P01', message: 'query_wait_timeout' });
  const member = server.query('postgres', 'select pg_sleep(3)');
  const first = await Promise.race([refused.then(() => 'refused'), member.then(() => 'a member gave up')]);
  assert.equal(first, 'refused');
  for (const holder of holders) await holder.query('rollback');
  assert.equal((await (await clientOf(pooler)).query('select 1')).rowCount, 1);
});

test('clients of a pgbouncer that is killed get errors, and go on when it runs again', async () => {
  const { shard } = await openProcess();
  const write = () => shard.transaction((tx) => tx.rows(sql`select 1`));
  await write();
  await pooler.kill();
  await assert.rejects(write());
  await pooler.start();
  const answers = () => write().catch(() => null);
  assert.equal((await until(answers, 'it is reached again')).length, 1);
});

test('a server that was killed is reached again by itself', async () => {
  const { shard } = await openProcess();
  const write = () => shard.transaction((tx) => tx.rows(sql`select 1`));
  await write();
  await server.kill();
  await assert.rejects(write());
  await server.start();
  const answers = () => write().catch(() => null);
  assert.equal((await until(answers, 'it is reached again')).length, 1);
});

test('with passwords: none is in the configuration, and the line of the server lets in those who know it', async () => {
  const password = "s3cr'et:%";
  await server.query('postgres', `create role "the.web" superuser login password 's3cr''et:%'`);
  const hba = path.join(server.dataDir, 'pg_hba.conf');
  const [rule] = ['host all "the.web" all scram-sha-256', 'host all all all trust', ''].map(
    (line) => `${line}\n`,
  );
  await writeFile(hba, `${rule}host all all all trust\n`);
  await server.query('postgres', 'select pg_reload_conf()');
  const url = databaseUrl.replace('pinhole@', `the.web:${encodeURIComponent(password)}@`);
  const [line] = await server.query<{ text: string }>(
    'postgres',
    `select format('"%s" "%s"', rolname, rolpassword) as text from pg_authid where rolname = 'the.web'`,
  );
  const guarded = await startPgbouncer((port, authFile) => {
    const config = pgbouncerConfig({ url, name: 'main', port, authFile, socketDir: '' });
    for (const each of [password, encodeURIComponent(password), "s3cr''et"])
      assert.ok(!config.includes(each));
    return config;
  }, line?.text);
  const known = await clientOf(guarded, { user: 'the.web', password });
  assert.equal((await known.query('select current_user')).rows[0].current_user, 'the.web');
  await assert.rejects(clientOf(guarded, { user: 'the.web', password: 'wrong' }), { code: '08P01' });
});

test('the verb prints that of any server by its name', async () => {
  const other = 'postgres://other@db2.example.org:5544/photos';
  await server.query('pinhole_directory', `insert into servers (name, url) values ('second', '${other}')`);
  const script = `await (await import('./server/main/admin/pgbouncer.ts')).run(process.argv.slice(1))`;
  const print = (name: string) =>
    promisify(execFile)(process.execPath, ['--input-type=module', '-e', script, name], {
      cwd: root,
      env: { ...process.env, PINHOLE_DATABASE: databaseUrl },
    });
  const { stdout: second } = await print('second');
  assert.equal(second, pgbouncerConfig({ url: other, name: 'second' }));
  assert.match(second, /^photos_shard = host='db2\.example\.org' port=5544 /m);
  assert.doesNotMatch(second, /_directory/);
  assert.match((await print('main')).stdout, /^pinhole_directory = /m);
  await assert.rejects(print('third'), /There is no server "third"\. There are: second/);
});
