import assert from 'node:assert/strict';
import path from 'node:path';
import { after, test } from 'node:test';
import type { AccountId } from '../../core/ids.ts';
import { openClient, openEmptyDatabases } from '../../test/empty-databases.ts';
import { openDatabase } from './database.ts';
import { migrate } from './migrations.ts';
import { openReplicas } from './replicas.ts';
import { ServerDown } from './server-down.ts';
import { openShards } from './shard-map.ts';
import { readAt, sweepServers, writeAt } from './shards.ts';
import { sql } from './sql.ts';

const db = path.resolve(import.meta.dirname, '../../db');
const make = await openEmptyDatabases();
const [directory, shard] = [await make(), await make()];
await migrate(directory, path.join(db, 'directory'));
await migrate(shard, path.join(db, 'shard'));
const [atDirectory, atShard] = [await openClient(directory), await openClient(shard)];
const onError = () => undefined;
/** Its logical shard is 6. */
const account = String((1n << 23n) | (6n << 10n)) as AccountId;

async function openMap(watch = directory) {
  const shards = await openShards({
    directoryConnection: watch,
    openDirectory: () => openDatabase('directory', directory, { onError }),
    canGrow: true,
    open: (row) => {
      const database = openDatabase(row.name, shard, { onError });
      return { connection: shard, url: '', database, replicas: openReplicas(database, []) };
    },
    onServer: async () => undefined,
    onSwitching: async () => undefined,
    onError,
  });
  after(() => shards.close());
  return shards;
}

test('a process that the directory does not know asks the server after each read, however new its map is', async () => {
  const shards = await openMap({ ...directory, host: '127.0.0.1', port: 1 });
  await shards.reload();
  assert.equal((await atDirectory.query('select from processes')).rowCount, 0);
  const read = () => readAt(shards, account, sql`select 1 as one`);
  assert.equal((await read()).length, 1);
  await atShard.query('delete from owned_shards where logical_shard = 6');
  try {
    await assert.rejects(read(), ServerDown);
    await assert.rejects(
      writeAt(shards, account, async (tx) => tx.rows(sql`delete from likes where account_id = ${account}`)),
      ServerDown,
      'a write that meets no row is no sign that it was at the right place',
    );
  } finally {
    await atShard.query('insert into owned_shards values (6)');
  }
  assert.equal((await read()).length, 1);
});

test('a process says which map it has, hears of a change at once, and says so again', async () => {
  const shards = await openMap();
  const said = async () =>
    (await atDirectory.query('select map_version from processes')).rows[0]?.map_version;
  for (const startMs = performance.now(); (await said()) === undefined; )
    assert.ok(performance.now() - startMs < 10_000);
  await atDirectory.query('begin');
  await atDirectory.query("update servers set is_open = false where name = 'main'");
  const { rows } = await atDirectory.query('select publish_map() as version');
  await atDirectory.query('commit');
  for (const startMs = performance.now(); (await said()) !== rows[0].version; )
    assert.ok(performance.now() - startMs < 10_000);
  assert.deepEqual([shards.version, shards.servers[0]?.isOpen], [Number(rows[0].version), false]);
});

test('a sweep is done again when a fence came and was taken back meanwhile', async () => {
  const shards = await openMap();
  await atShard.query(
    "insert into activity (account_id, activity_id, kind, actor_id) values ($1, 1, 'liked', 77)",
    [account],
  );
  let runs = 0;
  await sweepServers(shards, async (database) => {
    const isFirst = runs++ === 0;
    if (isFirst) await atShard.query('delete from owned_shards where logical_shard = 6');
    await database.rows(sql`delete from activity where actor_id = 77 and is_owned(account_id)`);
    if (isFirst) await atShard.query('insert into owned_shards values (6)');
  });
  assert.equal((await atShard.query('select from activity where actor_id = 77')).rowCount, 0);
  assert.equal(runs, 2);
});
