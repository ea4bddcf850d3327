import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { openClient, openEmptyDatabases } from '../../test/empty-databases.ts';
import { migrate } from './migrations.ts';
import { type ShardTable, shardTables } from './shard-tables.ts';

const FENCED = 'PHF01';
const [OWNED, GONE] = [5, 6];
/** Tables of the shard schema that do not move. */
const AT_HOME = ['schema_migrations', 'owned_shards', 'move_marks'];

const makeDatabase = await openEmptyDatabases();
const connection = await makeDatabase();
await migrate(connection, path.resolve(import.meta.dirname, '../../db/shard'));
const client = await openClient(connection);
await client.query('delete from owned_shards where logical_shard = $1', [GONE]);

type Column = { table: string; name: string; type: string; check: string | null };
const { rows: columns } = await client.query<Column>(`
  select relname as table, attname as name, format_type(atttypid, atttypmod) as type, (
    select string_agg(pg_get_constraintdef(oid), ' ') from pg_constraint
    where conrelid = attrelid and contype = 'c' and attnum = any(conkey)) as check
  from pg_attribute join pg_class on pg_class.oid = attrelid
  where relnamespace = 'public'::regnamespace and relkind = 'r' and attnum > 0 and attnotnull and not atthasdef`);

/** The columns that must be given, with values that the table accepts; all IDs of one logical shard. */
function rowOf({ name }: ShardTable, logicalShard: number): string {
  const needed = columns.filter((column) => column.table === name);
  const values = needed.map(({ type, check }) => {
    if (type === 'bigint') return String((1 << 23) | (logicalShard << 10));
    if (type === 'text') return /'[^']*'/.exec(check ?? '')?.[0] ?? "'x'";
    if (type === 'bytea') return `'\\x0${logicalShard}'`;
    return type.startsWith('timestamp') ? 'now()' : '0';
  });
  return `insert into ${name} (${needed.map((column) => column.name).join(', ')}) values (${values.join(', ')})`;
}

/** The SQLSTATE with which a statement fails, or null; what it did is undone. */
async function outcomeOf(statement: string, setting = 'select 1'): Promise<string | null> {
  await client.query('begin');
  try {
    await client.query(setting);
    await client.query(statement);
    return null;
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code) return error.code;
    throw error;
  } finally {
    await client.query('rollback');
  }
}

test('every table of members’ data is in the list of tables that move', async () => {
  const { rows } = await client.query<{ name: string }>(
    `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')`,
  );
  assert.deepEqual(
    rows.map(({ name }) => name).sort(),
    [...shardTables.map(({ name }) => name), ...AT_HOME].sort(),
  );
});

for (const table of shardTables) {
  const { name, id, key } = table;

  test(`${name}: its identity for replication names its logical shard, its key is unique`, async () => {
    const { rows } = await client.query<{ columns: string[]; isIdentity: boolean; isKey: boolean }>(
      `select array(select attname::text from unnest(indkey) with ordinality as part (number, place)
          join pg_attribute on attrelid = indrelid and attnum = number order by place) as columns,
        case relreplident when 'd' then indisprimary else indisreplident end as "isIdentity",
        indisunique and indpred is null and indisvalid as "isKey"
       from pg_index join pg_class on pg_class.oid = indrelid where indrelid = $1::regclass`,
      [name],
    );
    const identity = rows.find(({ isIdentity }) => isIdentity);
    assert.ok(identity?.columns.includes(id), `identity: ${identity?.columns}`);
    assert.ok(rows.some(({ columns, isKey }) => isKey && String(columns) === String(key)));
  });

  test(`${name}: rows of a logical shard that the server does not own cannot be written, except by the mover`, async () => {
    const isGone = `where (${id} >> 10) & 8191 = ${GONE}`;
    const isOwned = `where (${id} >> 10) & 8191 = ${OWNED}`;
    await client.query('begin; set local session_replication_role = replica');
    for (const logicalShard of [OWNED, GONE]) await client.query(rowOf(table, logicalShard));
    await client.query('commit');
    const triggers = await client.query(
      "select from pg_trigger where tgrelid = $1::regclass and tgname in ('fence', 'fence_delete') and tgenabled = 'O'",
      [name],
    );
    assert.equal(triggers.rowCount, 2);

    const writes = [
      rowOf(table, GONE),
      `${rowOf(table, GONE)} on conflict do nothing`,
      `${rowOf(table, GONE)} on conflict (${key}) do update set ${id} = excluded.${id}`,
      `update ${name} set ${id} = ${id} ${isGone}`,
      `delete from ${name} ${isGone}`,
    ];
    for (const write of writes) assert.equal(await outcomeOf(write), FENCED, write);
    for (const write of writes.slice(1)) {
      const asMover = await outcomeOf(write, "set local pinhole.is_mover = 'on'");
      assert.notEqual(asMover, FENCED, write);
      assert.equal(await outcomeOf(write, 'set local session_replication_role = replica'), null, write);
    }
    assert.equal(await outcomeOf(`update ${name} set ${id} = ${id} ${isOwned}`), null);
    assert.notEqual(await outcomeOf(`delete from ${name} ${isOwned}`), FENCED);
    assert.notEqual(await outcomeOf(rowOf(table, OWNED)), FENCED);
  });
}

test('a delete that reaches a row of a shard that is not owned through a reference is refused as a whole', async () => {
  const account = `(select account_id from accounts where (account_id >> 10) & 8191 = ${OWNED})`;
  await client.query('begin; set local session_replication_role = replica');
  await client.query(`update sessions set account_id = ${account} where (session_id >> 10) & 8191 = ${GONE}`);
  await client.query('commit');
  assert.equal(await outcomeOf(`delete from accounts where account_id = ${account}`), FENCED);
});

test('is_owned says what owned_shards says, whatever changed it, and not what was undone', async () => {
  const compare = async () => {
    const { rows } = await client.query<{ wrong: number; owned: number }>(`
      select count(*) filter (where is_owned((1::bigint << 23) | (number << 10) | 77) <> (logical_shard is not null))::integer as wrong,
        count(logical_shard)::integer as owned
      from generate_series(0::bigint, 8191) as number left join owned_shards on logical_shard = number`);
    return rows[0];
  };
  assert.deepEqual(await compare(), { wrong: 0, owned: 8_191 });
  await client.query('begin');
  try {
    await client.query(
      'delete from owned_shards where logical_shard % 3 = 1 or logical_shard between 4000 and 5000',
    );
    assert.equal((await compare())?.wrong, 0);
    await client.query('truncate owned_shards');
    assert.deepEqual(await compare(), { wrong: 0, owned: 0 });
    await client.query('set local session_replication_role = replica');
    await client.query('insert into owned_shards values (0), (8191)');
    assert.deepEqual(await compare(), { wrong: 0, owned: 2 });
  } finally {
    await client.query('rollback');
  }
  assert.deepEqual(await compare(), { wrong: 0, owned: 8_191 });
});

/** Waits for every transaction that was running when the fence had been committed. */
async function drain(): Promise<void> {
  const running = `
    select virtualtransaction from pg_locks join pg_stat_activity using (pid)
    where locktype = 'virtualxid' and granted and datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()`;
  const { rows: before } = await client.query<{ virtualtransaction: string }>(running);
  const left = new Set(before.map(({ virtualtransaction }) => virtualtransaction));
  while (left.size > 0) {
    const { rows } = await client.query<{ virtualtransaction: string }>(running);
    const now = new Set(rows.map(({ virtualtransaction }) => virtualtransaction));
    for (const each of left) if (!now.has(each)) left.delete(each);
    await delay(1);
  }
}

test('once a shard is fenced and what ran has ended, nothing is written to it, by long statements neither', async () => {
  const shard = 9;
  let isOver = false;
  let refused = 0;
  const quick = 'insert into likes values (next_id($1), 1, 1)';
  const slow =
    'insert into likes select next_id($1), number, 1 from generate_series(1, 30) as number, pg_sleep(0.0006 * number)';
  const write = async (text: string) => {
    const writer = await openClient(connection);
    while (!isOver)
      await writer.query({ name: 'write', text, values: [shard] }).catch((error: pg.DatabaseError) => {
        assert.equal(error.code, FENCED);
        refused++;
      });
  };
  const writing = [...Array.from({ length: 4 }, () => write(quick)), write(slow), write(slow)];
  const count = async () =>
    (
      await client.query(
        `select count(*)::integer as count from likes where (account_id >> 10) & 8191 = ${shard}`,
      )
    ).rows[0].count;
  try {
    let last = 0;
    for (let round = 0; round < 8; round++) {
      while ((await count()) === last) await delay(5);
      await client.query('delete from owned_shards where logical_shard = $1', [shard]);
      await drain();
      last = await count();
      for (const enough = refused + 100; refused < enough; ) await delay(5);
      assert.equal(await count(), last, 'nothing came after the fence');
      await client.query('insert into owned_shards values ($1)', [shard]);
    }
  } finally {
    isOver = true;
    await Promise.all(writing);
  }
});

test('no two IDs are equal that are drawn at full speed while the clock is moved ahead, and later ones lie past it', async () => {
  let isOver = false;
  const drawing = Array.from({ length: 4 }, async () => {
    const drawer = await openClient(connection);
    const ids: string[] = [];
    while (!isOver) {
      const { rows } = await drawer.query({
        name: 'draw',
        text: 'select next_id(7)::text as id from generate_series(1, 200)',
      });
      for (const { id } of rows) ids.push(id);
    }
    return ids;
  });
  try {
    for (let turn = 0; turn < 300; turn++) {
      // Mostly a little ahead; sometimes behind, where it must not move the clock back over what others have drawn.
      const { rows } = await client.query("select pg_sequence_last_value('id_clock') + $1::bigint as tick", [
        turn % 3 === 0 ? -5_000 : 2_000,
      ]);
      await client.query('select id_clock_pass($1)', [rows[0].tick]);
      const { rows: next } = await client.query('select (next_id(7) >> 23 << 10) | 1023 >= $1 as "isPast"', [
        rows[0].tick,
      ]);
      assert.ok(next[0].isPast);
    }
  } finally {
    isOver = true;
  }
  const drawn = (await Promise.all(drawing)).flat();
  assert.ok(drawn.length > 20_000);
  assert.equal(new Set(drawn).size, drawn.length, 'no two are equal');
  const { rows } = await client.query("select pg_sequence_last_value('id_catch_ups') % 2 as mark");
  assert.equal(String(rows[0].mark), '0');
});
