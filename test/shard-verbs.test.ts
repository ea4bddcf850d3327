/** The operator's verbs on servers, as commands, on real servers, beside a Pinhole that runs. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { readServerGauges } from '../server/infra/fleet/gauges.ts';
import { judgeServer } from '../server/infra/fleet/judge.ts';
import { openSlotWatch } from '../server/infra/fleet/slots.ts';
import { pgbouncerConfig } from '../server/main/admin/pgbouncer.ts';
import { atEnd } from './closing.ts';
import { openFleet, startPgbouncer, startPostgres, startReplica } from './fleet.ts';
import { openWorld, until } from './world.ts';

const cli = path.join(import.meta.dirname, '../server/main/cli.ts');
const fleet = await openFleet({ servers: 2 });
const [main, second = main] = fleet.servers;
/** PostgreSQL 18, and it can be cut off. */
const third = await startPostgres({ isEmbedded: true, link: 'proxy' });
const replica = await startReplica(second);
const pooler = await startPgbouncer((port, authFile) =>
  pgbouncerConfig({ url: second.url('pinhole'), name: 'pg2', port, authFile, socketDir: '' }),
);

type Given = { databaseUrl?: string; begun?(child: ChildProcess): Promise<void> };
async function shard(args: string[], { databaseUrl = fleet.databaseUrl, begun }: Given = {}) {
  const env = { ...process.env, PINHOLE_DATABASE: databaseUrl };
  const child = spawn(process.execPath, [cli, 'shard', ...args], { env });
  const said = Promise.all([text(child.stdout), text(child.stderr)]);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await begun?.(child);
  const [code, [out, err]] = [await ended, await said];
  if (process.env.PINHOLE_TEST_SHOW) console.log(`$ pinhole shard ${args.join(' ')}\n${out}${err}`);
  return { code, out, said: out + err };
}
const localhost = (url: string) => url.replace('127.0.0.1', 'localhost');

const fresh = await shard(['list']);
const world = await openWorld({ fleet, config: { databaseUrl: fleet.databaseUrl } });
const { shards } = world.app;
const knownNames = () => shards.servers.map(({ name }) => name);
const [ann] = await world.accounts('ann');
await ann?.posts();

test('the embedded database, and a server that has no directory yet, are refused with what to do', async () => {
  const embedded = await shard(['list'], { databaseUrl: '' });
  assert.equal(embedded.code, 1);
  assert.match(embedded.said, /PINHOLE_DATABASE/);
  assert.equal(fresh.code, 1);
  assert.match(fresh.said, /no network at PINHOLE_DATABASE yet\. \.\/pinhole up/);
  assert.match((await shard([])).said, /shard add NAME URL[\s\S]*shard list[\s\S]*shard set[\s\S]*rebalance/);
});

test('all that is wrong with a server is told at once, with the lines that mend it, and nothing is made there', async () => {
  const settings = {
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    data_sync_retry: 'on',
    wal_level: 'replica',
    max_replication_slots: '2',
    max_wal_senders: '1',
    max_logical_replication_workers: '1',
    max_worker_processes: '2',
    max_connections: '30',
  };
  const bad = await startPostgres({ settings });
  await bad.query('postgres', `create role weak login password 'pass-word-of-weak'`);
  const url = bad.url('pinhole').replace('pinhole@', 'weak:pass-word-of-weak@');
  const { code, said } = await shard(['add', 'pg9', url]);
  assert.equal(code, 1);
  for (const line of [
    'fsync = on',
    'synchronous_commit = on',
    'full_page_writes = on',
    'data_sync_retry = off',
    'wal_level = logical',
    'max_replication_slots = 10',
    'max_wal_senders = 10',
    'max_logical_replication_workers = 4',
    'max_worker_processes = 8',
    'max_slot_wal_keep_size = 20GB',
    'max_connections = 200',
    'alter role weak replication;',
    'alter role weak superuser;',
    `create database pinhole_shard owner weak encoding 'UTF8' template template0;`,
  ])
    assert.ok(said.includes(`        ${line}\n`), `${line} is missing in:\n${said}`);
  assert.ok(!said.includes('pass-word-of-weak'), 'no password is shown');
  assert.equal((await bad.query('postgres', `select from pg_database where datname ~ 'pinhole_'`)).length, 0);

  await bad.query(
    'postgres',
    `create database pinhole_shard encoding 'LATIN1' locale 'C' template template0`,
  );
  assert.match((await shard(['add', 'pg9', url])).said, /in LATIN1, and must be in UTF8/);
  await bad.kill();
  assert.match((await shard(['add', 'pg9', url])).said, /does not answer: .*ECONNREFUSED/);
});

test('a clock, a version and a setting that no server here has are judged as well', () => {
  const fit = {
    version: 150_004,
    role: 'pinhole',
    isReplica: false,
    isSuperuser: true,
    mayReplicate: true,
    mayMakeDatabases: true,
    maySubscribe: true,
    settings: {
      fsync: 'on',
      synchronous_commit: 'local',
      full_page_writes: 'on',
      data_sync_retry: 'off',
      wal_level: 'logical',
      max_replication_slots: '10',
      max_wal_senders: '10',
      max_logical_replication_workers: '4',
      max_worker_processes: '8',
      max_slot_wal_keep_size: '1000',
      max_connections: '200',
      superuser_reserved_connections: '3',
    },
    slots: 0,
    senders: 0,
    encoding: null,
    mayCreate: true,
    hasDirectory: false,
    clockMs: 400,
  };
  const judge = (more: Partial<typeof fit>) => {
    const { faults, warnings } = judgeServer({ ...fit, ...more }, 'pinhole_shard');
    return [faults.map(({ says }) => says).join(' '), warnings.map(({ says }) => says).join(' ')];
  };
  assert.deepEqual(judge({}), ['', '']);
  assert.match(judge({ clockMs: -2_345 })[0] ?? '', /^Its clock is 2\.3 s behind the directory's/);
  assert.match(judge({ clockMs: 1_001 })[0] ?? '', /1\.0 s ahead of/);
  assert.match(judge({ version: 140_011 })[0] ?? '', /PostgreSQL 14; 15 to 18/);
  assert.match(judge({ version: 190_000 })[1] ?? '', /PostgreSQL 19 is newer/);
  const standby = { ...fit.settings, synchronous_standby_names: 'one' };
  assert.match(judge({ settings: standby })[1] ?? '', /synchronous_commit is local/);
  const newer = { ...fit.settings, max_active_replication_origins: '1' };
  assert.match(judge({ settings: newer })[0] ?? '', /max_active_replication_origins is 1/);
});

test('a server is added with its pooler and its replica, and the running Pinhole knows it', async () => {
  const others = ['--pooler', third.url('pinhole'), '--replica', third.url('pinhole')];
  const wrong = await shard(['add', 'pg2', second.url('pinhole'), ...others]);
  assert.match(wrong.said, /is no replica: it can be written to/);
  const alone = await shard(['add', 'pg2', second.url('pinhole'), ...others.slice(0, 2)]);
  assert.match(alone.said, /The pooler .* does not give the database pinhole_shard/);
  const ways = ['--pooler', pooler.url('pinhole'), '--replica', replica.url('pinhole')];
  const { code, said } = await shard(['add', 'pg2', second.url('pinhole'), ...ways]);
  assert.equal(code, 0, said);
  assert.match(said, /pg2 is a part of the network\.[\s\S]*shard rebalance[\s\S]*shard move .* --to pg2/);
  await until(async () => knownNames().includes('pg2') || null, 'the running process knows it');
  const [owned] = await second.query<{ count: string }>('pinhole_shard', 'select count(*) from owned_shards');
  assert.equal(owned?.count, '0', 'it owns nothing');
  const [pg2] = shards.servers.filter(({ name }) => name === 'pg2');
  await until(async () => (pg2?.replicas.list()[0]?.lag ? true : null), 'its replica is read');
});

test('no server is added twice, whatever it is called', async () => {
  assert.match((await shard(['add', 'pg2', second.url('pinhole')])).said, /a server pg2 already/);
  for (const url of [second.url('pinhole'), localhost(second.url('pinhole')), pooler.url('pinhole')]) {
    const { code, said } = await shard(['add', 'pg3', url]);
    assert.deepEqual([code, /it is the server pg2/.test(said)], [1, true], said);
  }
  assert.match((await shard(['add', 'pg3', localhost(main.url('pinhole'))])).said, /it is the server main/);
  assert.match((await shard(['add', 'pg3', replica.url('pinhole')])).said, /It is a replica/);
  assert.match((await shard(['add', 'PG3', third.url('pinhole')])).said, /cannot be the name of a server/);
  assert.match((await shard(['add', 'pg3', 'http://example.org'])).said, /must be an address like postgres:/);
});

test('a database that is not new is refused', async () => {
  await third.query('postgres', 'create database other_shard');
  await third.query('other_shard', 'create table invoices (invoice integer)');
  const foreign = await shard(['add', 'pg3', third.url('other')]);
  assert.match(foreign.said, /tables of something else \(public\.invoices\)/);
  await third.query('postgres', 'create database another_directory');
  assert.match((await shard(['add', 'pg3', third.url('another')])).said, /first server of a Pinhole/);
  assert.deepEqual(knownNames().toSorted(), ['main', 'pg2']);
});

test('killed while it makes the database, it is run again; rows and shards of another network stay', async () => {
  const args = ['add', 'pg3', third.url('pinhole'), '--closed'];
  const isMade = async () =>
    (await third.query('postgres', `select from pg_database where datname = 'pinhole_shard'`))[0] ?? null;
  const killed = await shard(args, {
    begun: async (child) => {
      await until(isMade, 'the database is made');
      child.kill('SIGKILL');
    },
  });
  assert.equal(killed.code, null);
  assert.ok(!knownNames().includes('pg3'));
  const first = await shard(['add', 'pg3', third.url('pinhole'), '--pooler', main.url('pinhole')]);
  assert.match(first.said, /The pooler .* leads to another server/, 'by now it is migrated');
  await third.query('pinhole_shard', 'insert into owned_shards values (1)');
  assert.match((await shard(args)).said, /owns 1 logical shards, so it is a part of another network/);
  await third.query(
    'pinhole_shard',
    `insert into accounts (account_id, handle, email) values (next_id(1), 'eve', '')`,
  );
  assert.match((await shard(args)).said, /holds rows already \(accounts\)/);
  await third.query('pinhole_shard', 'delete from accounts; delete from owned_shards');
  const { code, said } = await shard(args);
  assert.deepEqual([code, /closed to newcomers/.test(said)], [0, true], said);
});

test('a server is closed, opened and reached in other ways, and the running Pinhole takes it over', async () => {
  const isOpen = (name: string) => shards.servers.find((each) => each.name === name)?.isOpen;
  const closed = await shard(['set', 'main', '--closed']);
  assert.match(closed.said, /main is closed[\s\S]*no server with shards is open now, so nobody can sign up/);
  await until(async () => isOpen('main') === false || null, 'it is closed in the process');
  assert.equal((await shard(['set', 'main', '--open'])).code, 0);
  await until(async () => isOpen('main') || null, 'it is open again');

  const other = await shard([
    'set',
    'pg3',
    '--pooler',
    pooler.url('pinhole'),
    '--replica',
    replica.url('pinhole'),
  ]);
  assert.match(other.said, /leads to another server[\s\S]*is a replica of another server/);
  const noDirectory = await shard(['set', 'main', '--pooler', pooler.url('pinhole')]);
  assert.match(noDirectory.said, /does not give the database pinhole_directory|leads to another server/);
  const straight = await shard(['set', 'pg2', '--pooler', 'none']);
  assert.deepEqual([straight.code, /pooler {4}none/.test(straight.said)], [0, true], straight.said);
  assert.match((await shard(['set', 'nobody', '--open'])).said, /There are: main, pg2, pg3/);
  assert.match((await shard(['set', 'pg2', '--open', '--closed'])).said, /Usage/);
});

test('shards are weighed, and moved until both servers that are open hold as much and are as busy', async () => {
  const makeAccounts = (id: string) =>
    main.query(
      'pinhole_shard',
      `insert into accounts (account_id, handle, email) select ${id}, n, '' from generate_series(1, 3000) as n`,
    );
  await makeAccounts('next_id((n * 7919) % 8192)');
  // From 2010, so of no load.
  await makeAccounts('(1::bigint << 33) | ((n * 7919) % 8192) << 10');
  const { code, said } = await shard(['rebalance']);
  assert.equal(code, 0, said);
  assert.match(said, /pg3 is closed, so it is left out: it keeps its 0 shards/);
  assert.match(said, /^main +8,192 .* 200 % +3,0\d\d +200 %$/m);
  assert.match(said, /from main to pg2, about .*: \.\/pinhole shard move [0-9,-]+ --to pg2/);
  assert.match(said, /Nothing was moved/);
  const countElsewhere = async () => {
    const [row] = await main.query<{ count: number }>(
      'pinhole_directory',
      `select count(*)::integer as count from logical_shards where server = 'pg2'`,
    );
    return row?.count ?? 0;
  };
  assert.equal(await countElsewhere(), 0);
  const done = await shard(['rebalance', '--yes']);
  assert.equal(done.code, 0, done.said);
  assert.ok((await countElsewhere()) > 3_000);
  const again = await shard(['rebalance']);
  assert.match(again.said, /Nothing to move: all open servers are within 10 % of their mean/);
  const shares = [...again.said.matchAll(/^(?:main|pg2) .* (\d+) % .* (\d+) %$/gm)].flatMap(
    ([, ...each]) => each,
  );
  assert.equal(shares.length, 4);
  for (const share of shares) assert.ok(Math.abs(Number(share) - 100) <= 10, again.said);
});

test('the list shows what each server holds, and what is wrong, also with one cut off', async () => {
  await second.query('pinhole_shard', `select pg_create_physical_replication_slot('forgotten', true)`);
  await third.cut();
  atEnd(third.heal);
  const { code, out } = await shard(['list', '--exact']);
  assert.equal(code, 0, out);
  assert.match(out, /^main +open +[0-9,]+ +[0-9,]+ +[0-9,]+ +\d+\.\d MB /m);
  assert.match(out, /^pg3 +closed +0 .*does not answer$/m);
  assert.match(out, /! does not answer: .*timeout/i);
  assert.match(out, /^! slot {5}forgotten: read by nobody, holds back /m);
  assert.match(out, /^ {2}replica {2}postgres:.*: .* < 1 s behind$/m);
  const owned = async (name: string) => {
    const [row] = await main.query<{ owned: string }>(
      'pinhole_directory',
      `select count(*) as owned from logical_shards where server = $1`,
      [name],
    );
    return Number(row?.owned).toLocaleString('en-US');
  };
  assert.match(out, new RegExp(`^pg2 +open +${await owned('pg2')} +3,\\d\\d\\d `, 'm'));
  const listed = JSON.parse((await shard(['list', '--json'])).out);
  assert.deepEqual(
    listed.servers.map(({ name, isOpen, logicalShards, fault }: Record<string, unknown>) => [
      name,
      isOpen,
      Number(logicalShards) > 0,
      fault === null,
    ]),
    [
      ['main', true, true, true],
      ['pg2', true, true, true],
      ['pg3', false, false, false],
    ],
  );
  assert.equal(
    (await shard(['set', 'pg3', '--open'])).code,
    0,
    'one that is cut off can be opened and closed',
  );
});

test('a forgotten slot is warned of: at once, and again after an hour or when it changes', async () => {
  const warned: string[] = [];
  let nowMs = 0;
  const log = { warn: (_: unknown, says?: string) => void warned.push(says ?? '') };
  const watch = openSlotWatch(shards, log, { nowMs: () => nowMs });
  await watch();
  await watch();
  assert.equal(warned.length, 1);
  assert.match(warned[0] ?? '', /slot forgotten of pg2 is read by nobody/);
  nowMs = 3_600_000;
  await watch();
  assert.equal(warned.length, 2);
  await second.query('pinhole_shard', `select pg_drop_replication_slot('forgotten')`);
  await watch();
  await second.query('pinhole_shard', `select pg_create_physical_replication_slot('forgotten', true)`);
  await watch();
  assert.equal(warned.length, 3);
});

test('Prometheus is told of each server, its slots and its replicas; of one that is cut off that it is not up', async () => {
  const figures = await readServerGauges(shards);
  assert.match(figures, /^pinhole_server_up\{server="main"\} 1$/m);
  assert.match(figures, /^pinhole_server_up\{server="pg3"\} 0$/m);
  assert.match(figures, /^pinhole_server_connections\{server="main"\} [1-9]/m);
  assert.match(figures, /^pinhole_server_logical_shards\{server="main"\} [34]\d\d\d$/m);
  assert.match(figures, /^pinhole_slot_retained_bytes\{server="pg2",slot="forgotten",active="false"\} \d/m);
  assert.match(figures, /^pinhole_replica_lag_seconds\{server="pg2",replica="1"\} \d/m);
  await replica.kill();
  await until(
    async () =>
      (await readServerGauges(shards)).includes('pinhole_replica_up{server="pg2",replica="1"} 0') || null,
    'the replica is known to be dead',
  );
});
