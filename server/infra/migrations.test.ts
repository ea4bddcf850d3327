import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { atEnd } from '../../test/closing.ts';
import { openClient, openEmptyDatabases } from '../../test/empty-databases.ts';
import { flat, readMigrations, splitStatements } from './migration-files.ts';
import { AheadOfCode, migrate, migrateAll } from './migrations.ts';

const db = path.resolve(import.meta.dirname, '../../db');
const shard = path.join(db, 'shard');
const makeDatabase = await openEmptyDatabases();

async function folderOf(files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'pinhole-test-sql-'));
  atEnd(() => rm(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
  return folder;
}

/** All that a schema consists of, as lines. */
async function describe(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ line: string }>(`
    select concat_ws(' ', relname, attname, format_type(atttypid, atttypmod), attnotnull, relreplident) as line
      from pg_attribute join pg_class on pg_class.oid = attrelid
      where relnamespace = 'public'::regnamespace and relkind in ('r', 'v', 'S') and attnum > 0
    union all select concat_ws(' ', pg_get_indexdef(indexrelid), indisvalid, indisreplident)
      from pg_index where indrelid::regclass::text !~ '^pg_'
    union all select pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
    union all select pg_get_constraintdef(oid) from pg_constraint where connamespace = 'public'::regnamespace
    union all select proname || prosrc from pg_proc where pronamespace = 'public'::regnamespace
    union all select name from schema_migrations order by line`);
  return rows.map(({ line }) => line).join('\n');
}

/** Begins to migrate, and calls back with the first line that holds `word`. */
function hear(word: string) {
  const { promise, resolve } = Promise.withResolvers<string>();
  const say = (line: string) => line.includes(word) && resolve(line);
  return { heard: promise, say };
}

/** A process of its own that migrates, to be killed. */
function spawnMigration(connection: pg.ClientConfig, folder: string) {
  const program = `
    import { migrate } from ${JSON.stringify(path.join(import.meta.dirname, 'migrations.ts'))};
    await migrate(${JSON.stringify(connection)}, ${JSON.stringify(folder)}, console.log);`;
  return spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

test('of several that start at once one applies each file, and the others wait and find nothing left', async () => {
  const connection = await makeDatabase();
  const all = await Promise.all(Array.from({ length: 4 }, () => migrate(connection, shard)));
  const names = (await readMigrations(shard)).map(({ name }) => name);
  assert.deepEqual(
    all.toSorted((a, b) => b.length - a.length),
    [names, [], [], []],
  );
});

test('nobody is kept from a table while a migration waits for its lock, and the operator hears who holds it', async () => {
  const connection = { ...(await makeDatabase()) };
  const client = await openClient(connection);
  await client.query('create table hot (number integer)');
  const holder = await openClient({ ...connection, application_name: 'a slow report' });
  await holder.query('begin; insert into hot values (1)');
  const { heard, say } = hear('a slow report');
  const migrating = migrate(
    connection,
    await folderOf({ '0001_more.sql': 'alter table hot add more text;' }),
    say,
  );
  assert.match(await heard, /^0001_more\.sql waits for a slow report \(process \d+, idle in transaction/);
  // With a lock that waits for ever these would too, since they come after it in the queue.
  for (let number = 0; number < 3; number++) await client.query('insert into hot values ($1)', [number]);
  await holder.query('commit');
  assert.deepEqual(await migrating, ['0001_more.sql']);
});

test('a migration that deadlocks with a member’s transaction is tried again', async () => {
  const connection = await makeDatabase();
  const client = await openClient({ ...connection, options: '-c deadlock_timeout=60s' });
  await client.query('create table one (number integer); create table two (number integer)');
  await client.query('begin; insert into two values (1)');
  const folder = await folderOf({
    '0001_both.sql': 'alter table one add more text; alter table two add more text;',
  });
  const { heard, say } = hear('0001_both.sql waits');
  // Looked for at once, so that it is always the migration that PostgreSQL chooses to end.
  const migrating = migrate({ ...connection, options: '-c deadlock_timeout=600ms' }, folder, say);
  await heard;
  await client.query('insert into one values (1)');
  await client.query('commit');
  assert.deepEqual(await migrating, ['0001_both.sql']);
});

test('a server with the schema of the version before is brought up to date while members write', async () => {
  const connection = await makeDatabase();
  const before = await folderOf({});
  for (const name of ['0001_initial.sql', '0002_photos.sql'])
    await copyFile(path.join(shard, name), path.join(before, name));
  await migrate(connection, before);
  let isOver = false;
  let writes = 0;
  const like = 'insert into likes values (next_id(1), 1, 1)';
  const post = 'insert into posts (post_id, account_id) values (next_id(1), 1)';
  const account = 'update accounts set post_count = post_count + 1';
  const writing = [
    [like, post, account],
    [account, like, post],
    [post, account, like],
  ].map(async (statements) => {
    const writer = await openClient(connection);
    for (; !isOver; writes++) await writer.query(['begin', ...statements, 'commit'].join(';'));
  });
  try {
    while (writes < 50) await delay(5);
    assert.deepEqual((await migrate(connection, shard)).length, (await readMigrations(shard)).length - 2);
    for (const enough = writes + 50; writes < enough; ) await delay(5);
  } finally {
    isOver = true;
    await Promise.all(writing);
  }
});

test('killed anywhere and run again, the schema is the same as of a run that was not killed', async () => {
  const whole = await makeDatabase();
  await migrate(whole, shard);
  const wanted = await describe(await openClient(whole));
  let cut = 0;
  for (const progress of [0, 1, 3, 8, 20]) {
    const connection = await makeDatabase();
    const client = await openClient(connection);
    const child = spawnMigration(connection, shard);
    const reached = async () =>
      (
        await client.query(`select count(*)::integer + (to_regclass('accounts') is not null)::integer as count
        from pg_trigger where tgname like 'fence%'`)
      ).rows[0].count >= progress;
    while (child.exitCode === null && (progress === 0 ? !(await isConnected(client)) : !(await reached())));
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    if ((await migrate(connection, shard)).length > 0) cut++;
    assert.equal(await describe(client), wanted);
  }
  assert.ok(cut > 1, 'some were killed in the middle');
});

async function isConnected(client: pg.Client): Promise<boolean> {
  const { rowCount } = await client.query(
    "select from pg_stat_activity where application_name = 'pinhole migrate' and datname = current_database()",
  );
  return Boolean(rowCount);
}

const OUTSIDE = `-- outside a transaction
-- A comment; with a semicolon, and it's quoted.
create unique index concurrently if not exists hot_number on hot (number) where note <> 'a;b';
create index concurrently if not exists hot_note on hot (note);
`;

async function makeHot() {
  const connection = await makeDatabase();
  const client = await openClient(connection);
  await client.query("create table hot (number integer, note text not null default '')");
  const indexes = async () =>
    (
      await client.query(
        "select indexrelid::regclass::text as name, indisvalid from pg_index where indrelid = 'hot'::regclass order by 1",
      )
    ).rows.map(({ name, indisvalid }) => [name, indisvalid]);
  return { connection, client, indexes, folder: await folderOf({ '0001_indexes.sql': OUTSIDE }) };
}
const BOTH = [
  ['hot_note', true],
  ['hot_number', true],
];

test('an index is built outside a transaction while members write, and what a broken build left is replaced', async () => {
  const { connection, client, indexes, folder } = await makeHot();
  await client.query('insert into hot values (1), (1)');
  await assert.rejects(migrate(connection, folder), /0001_indexes\.sql: could not create unique index/);
  assert.deepEqual(await indexes(), [['hot_number', false]]);
  await client.query('truncate hot');
  const holder = await openClient(connection);
  await holder.query('begin; insert into hot values (7)');
  const { heard, say } = hear('0001_indexes.sql waits');
  const migrating = migrate(connection, folder, say);
  await heard;
  await client.query('insert into hot values (8)');
  await holder.query('commit');
  assert.deepEqual(await migrating, ['0001_indexes.sql']);
  assert.deepEqual(await indexes(), BOTH);
});

test('a process killed while it builds an index leaves nothing that the next one cannot finish', async () => {
  const { connection, indexes, folder } = await makeHot();
  const holder = await openClient(connection);
  await holder.query('begin; insert into hot values (7)');
  const child = spawnMigration(connection, folder);
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
  const next = migrate(connection, folder);
  // The session of the killed one goes on until it notices; then it is the turn of the next.
  await holder.query('commit');
  assert.deepEqual(await next, ['0001_indexes.sql']);
  assert.deepEqual(await indexes(), BOTH);
});

test('a database that is ahead of the code is refused, and nothing is changed in it', async () => {
  const connection = await makeDatabase();
  const client = await openClient(connection);
  await migrate(
    connection,
    await folderOf({ '0001_a.sql': 'create table a ();', '0007_later.sql': 'create table b ();' }),
  );
  const older = await folderOf({ '0001_a.sql': 'create table a ();', '0002_c.sql': 'create table c ();' });
  await assert.rejects(
    migrate(connection, older),
    (error) =>
      error instanceof AheadOfCode &&
      error.message.includes(String(connection.database)) &&
      error.message.includes('0007_later.sql'),
  );
  const { rows } = await client.query("select to_regclass('c') as c");
  assert.equal(rows[0].c, null);
});

test('all servers are migrated, whatever becomes of one, and those that failed are named', async () => {
  const folder = await folderOf({ '0001_a.sql': 'create table a ();' });
  const [first, second, ahead] = [await makeDatabase(), await makeDatabase(), await makeDatabase()];
  await migrate(ahead, await folderOf({ '0002_b.sql': 'create table b ();' }));
  const targets = [
    { name: 'first', connection: first, folder },
    { name: 'nowhere', connection: { ...first, host: '127.0.0.1', port: 1 }, folder },
    { name: 'ahead', connection: ahead, folder },
    { name: 'second', connection: second, folder },
  ];
  const lines: string[] = [];
  await assert.rejects(
    migrateAll(targets, (line) => lines.push(line)),
    /^Error: Not up to date: ahead, nowhere\./,
  );
  assert.deepEqual(
    lines.sort().map((line) => line.slice(0, 22)),
    ['ahead: failed. The dat', 'first: applied 0001_a.', 'nowhere: failed. conne', 'second: applied 0001_a'],
  );
  assert.deepEqual(await migrate(second, folder), []);
});

test('a file outside a transaction may hold only what can be run twice, and what can be split for sure', async () => {
  const connection = await makeDatabase();
  for (const statement of [
    'create index concurrently hot_number on hot (number)',
    'create index hot_number on hot (number)',
    'alter table hot add more text',
    'create or replace function f() returns void language sql as $$ select 1; $$',
    "create index concurrently if not exists a on hot ((number || E'\\';'))",
    'create index concurrently if not exists a /* ; */ on hot (number)',
  ]) {
    const folder = await folderOf({ '0001_wrong.sql': `-- outside a transaction\n${statement};\n` });
    await assert.rejects(
      migrate(connection, folder),
      /0001_wrong\.sql cannot run outside a transaction/,
      statement,
    );
  }
  assert.deepEqual(splitStatements(`a '1;''2' "x;y" -- c;d'\n; -5 - b;\n;c`), [
    `a '1;''2' "x;y"`,
    '-5 - b',
    'c',
  ]);
});

/** What in a file breaks the rules of docs/migrations.md, as far as its text shows. */
function faultsOf(text: string): string[] {
  const isOutside = text.startsWith('-- outside');
  const marked = text.replace(/\$(\w*)\$[\s\S]*?\$\1\$/g, "''").replace(/^\s*-- allowed: .+$/gm, ' allowed ');
  const statements = splitStatements(marked).map(flat);
  const made = new Set(statements.map((each) => /^create (?:unlogged )?table (\S+)/.exec(each)?.[1]));
  const locked = new Set<string>();
  const faults = statements.filter((each) => {
    if (each.startsWith('allowed ')) return false;
    if (/^(begin|commit|rollback|drop table|drop view|truncate|update|delete|lock) /.test(each)) return true;
    const [, table] = / on ((?!conflict)\S+)/.exec(each) ?? /^alter table (?:only )?(\S+)/.exec(each) ?? [];
    if (!table || made.has(table) || !/^(alter|create)/.test(each)) return false;
    if (/^create (unique )?index (?!concurrently)/.test(each)) return true;
    locked.add(table);
    return (
      / rename | drop (column )?(?!constraint|default|not|expression|identity)\S| type | set not null/.test(
        each,
      ) ||
      (/ add constraint | add (check|foreign|unique|primary) /.test(each) && !/ not valid /.test(each))
    );
  });
  return !isOutside && locked.size > 1 ? [...faults, `locks ${[...locked].join(', ')} together`] : faults;
}

test('migrations keep to the rules that a reader of their text can check', async () => {
  for (const [folder, first] of [
    ['shard', '0003'],
    ['directory', '0002'],
  ] as const)
    for (const { name, text } of await readMigrations(path.join(db, folder)))
      if (name >= first) assert.deepEqual(faultsOf(text), [], `${folder}/${name}; see docs/migrations.md`);
  for (const wrong of [
    'create index a on hot (b);',
    'alter table hot rename a to b;',
    'alter table hot drop column a;',
    'alter table hot alter a type bigint;',
    'alter table hot alter a set not null;',
    'alter table hot add constraint c check (a > 0);',
    'update hot set a = 1;',
    'drop table hot;',
    'alter table hot add a text; create trigger t before insert on warm execute function f();',
  ]) {
    assert.equal(faultsOf(wrong).length, 1, wrong);
    assert.deepEqual(faultsOf(wrong.replaceAll(/^|(?<=;) /g, '\n-- allowed: nobody reads it\n')), [], wrong);
  }
  assert.deepEqual(
    faultsOf('create table new (a text); create index a on new (a); alter table hot add b text;'),
    [],
  );
  assert.match(await readFile(path.resolve(db, '../docs/migrations.md'), 'utf8'), /-- allowed: /);
});
