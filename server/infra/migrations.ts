/**
 * Applies the numbered SQL files of a folder to a database, each once, in order. A file runs in a transaction of its
 * own, or, where its first line asks for it, statement by statement outside one.
 *
 * A lock on a table is waited for no longer than a second, since all who come later wait behind that wait: then the file
 * lets go of everything and comes again after a pause. Killed anywhere, it can be run again. It must not go through a
 * pooler: it holds a session lock, so that one process at a time does it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { flat, type MigrationFile, readMigrations } from './migration-files.ts';

/** `name` is what the operator calls the database. */
export type MigrationTarget = { name: string; connection: pg.ClientConfig; folder: string };
type Say = (line: string) => void;

const LOCK = 7_234_770_001;
const LOCK_TIMEOUT = '1s';
/** Building or dropping an index concurrently makes nobody wait, and waits for every older transaction. */
const CONCURRENT_LOCK_TIMEOUT = '1h';
const AGAIN_FOR_MS = 10 * 60_000;
const PAUSE_FIRST_MS = 250;
const PAUSE_MAX_MS = 15_000;
const TURN_MAX_MS = 60 * 60_000;
const TURN_POLL_MS = 100;
const WATCH_MS = 300;
const SAY_AGAIN_MS = 60_000;
const LOCK_NOT_AVAILABLE = '55P03';
const DEADLOCK = '40P01';

/** The database has migrations that this version does not know. */
export class AheadOfCode extends Error {
  readonly isForOperator = true;

  constructor(database: string, file: string) {
    super(
      `The database ${database} is ahead of this version of Pinhole, which does not know its migration ${file}. Run the version that made it, or a newer one.`,
    );
  }
}

/** Some databases could not be brought up to date; the others were. */
class MigrationsFailed extends Error {
  readonly isForOperator = true;
}

/**
 * Gives the names of the files that were applied now. Several processes may call it at once. Throws AheadOfCode, and
 * what PostgreSQL says when a file fails or does not get its locks within 10 minutes.
 */
export async function migrate(
  connection: pg.ClientConfig,
  folder: string,
  say: Say = () => undefined,
): Promise<string[]> {
  const files = await readMigrations(folder);
  const client = new pg.Client({ ...connection, application_name: 'pinhole migrate', keepAlive: true });
  // A connection that breaks between two statements is reported by the next one.
  client.on('error', () => undefined);
  await client.connect();
  try {
    if ((await listLeft(client, files)).length === 0) return [];
    await client.query('set statement_timeout = 0');
    await waitForTurn(client, say);
    const left = await listLeft(client, files);
    if (left.length > 0) await withWatcher(client, connection, say, (watch) => applyAll(client, left, watch));
    return left.map(({ name }) => name);
  } finally {
    await client.end();
  }
}

/** All at once; does all it can, says how each ended, then throws one error that names those that failed. */
export async function migrateAll(targets: MigrationTarget[], say: Say): Promise<void> {
  const failed: string[] = [];
  await Promise.all(
    targets.map(async ({ name, connection, folder }) => {
      try {
        const applied = await migrate(connection, folder, (line) => say(`${name}: ${line}`));
        say(applied.length > 0 ? `${name}: applied ${applied.join(', ')}.` : `${name}: nothing to do.`);
      } catch (error) {
        failed.push(name);
        say(`${name}: failed. ${error instanceof Error ? error.message : error}`);
      }
    }),
  );
  if (failed.length > 0)
    throw new MigrationsFailed(
      `Not up to date: ${failed.sort().join(', ')}. What was done stays; run it again when the cause is gone.`,
    );
}

/** Files that the database does not have yet. */
async function listLeft(client: pg.Client, files: MigrationFile[]): Promise<MigrationFile[]> {
  const { rows } = await client.query<{ isThere: boolean; database: string }>(
    `select to_regclass('schema_migrations') is not null as "isThere", current_database() as database`,
  );
  const [state] = rows;
  if (!state?.isThere) return files;
  const applied = await client.query<{ name: string }>('select name from schema_migrations order by name');
  const done = new Set(applied.rows.map(({ name }) => name));
  const unknown = [...done].find((name) => !files.some((file) => file.name === name));
  if (unknown) throw new AheadOfCode(state.database, unknown);
  return files.filter(({ name }) => !done.has(name));
}

/**
 * Until the end of the session. Asked for again and again rather than waited for: a statement that waits holds a
 * snapshot, and building an index concurrently waits for those.
 */
async function waitForTurn(client: pg.Client, say: Say): Promise<void> {
  const startMs = performance.now();
  for (let hasSaid = false; ; ) {
    const { rows } = await client.query<{ isOurs: boolean }>('select pg_try_advisory_lock($1) as "isOurs"', [
      LOCK,
    ]);
    if (rows[0]?.isOurs) return;
    const waitedMs = performance.now() - startMs;
    if (waitedMs > TURN_MAX_MS)
      throw new Error('Another process has held the lock of migrations for an hour.');
    if (!hasSaid && waitedMs > SAY_AGAIN_MS / 30) {
      say('another process brings this database up to date; waiting for it …');
      hasSaid = true;
    }
    await delay(TURN_POLL_MS);
  }
}

type Watch = (file: string) => void;

/** While `work` runs, a second connection says who holds up the first one. */
async function withWatcher(
  client: pg.Client,
  connection: pg.ClientConfig,
  say: Say,
  work: (watch: Watch) => Promise<void>,
): Promise<void> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  const watcher = new pg.Client({ ...connection, application_name: 'pinhole migrate watch' });
  watcher.on('error', () => undefined);
  await watcher.connect();
  let file = '';
  let saidMs = -Infinity;
  let isAsking = false;
  const ask = async () => {
    const waits = await describeBlockers(watcher, rows[0]?.pid ?? 0);
    if (waits === '' || performance.now() - saidMs < SAY_AGAIN_MS) return;
    saidMs = performance.now();
    say(`${file} waits for ${waits}`);
  };
  const timer = setInterval(() => {
    if (isAsking) return;
    isAsking = true;
    ask()
      .catch(() => clearInterval(timer))
      .finally(() => {
        isAsking = false;
      });
  }, WATCH_MS);
  try {
    await work((name) => {
      file = name;
      saidMs = -Infinity;
    });
  } finally {
    clearInterval(timer);
    await watcher.end();
  }
}

async function describeBlockers(watcher: pg.Client, pid: number): Promise<string> {
  const { rows } = await watcher.query<{ who: string }>(
    `select format('%s (process %s, %s, its transaction is %s s old: %s)', coalesce(nullif(application_name, ''), backend_type),
        pid, state, round(extract(epoch from clock_timestamp() - xact_start)), left(regexp_replace(query, '\\s+', ' ', 'g'), 80)) as who
     from pg_stat_activity where pid = any(pg_blocking_pids($1))`,
    [pid],
  );
  return rows.map(({ who }) => who).join(', ');
}

async function applyAll(client: pg.Client, files: MigrationFile[], watch: Watch): Promise<void> {
  await client.query(
    'create table if not exists schema_migrations (name text primary key, applied_at timestamptz not null default now())',
  );
  for (const file of files) {
    watch(file.name);
    if (file.statements) await applyOutside(client, file.name, file.statements);
    else await untilUnlocked(file.name, () => applyWithin(client, file));
  }
}

async function applyWithin(client: pg.Client, { name, text }: MigrationFile): Promise<void> {
  await client.query('begin');
  try {
    await client.query(`set local lock_timeout = '${LOCK_TIMEOUT}'`);
    await client.query(text);
    await client.query('insert into schema_migrations (name) values ($1)', [name]);
    await client.query('commit');
  } catch (error) {
    // If the connection is lost the server does so by itself, and the first error is the one to report.
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}

async function applyOutside(client: pg.Client, name: string, statements: string[]): Promise<void> {
  for (const statement of statements)
    await untilUnlocked(name, async () => {
      const isConcurrent = / index concurrently /.test(flat(statement));
      await client.query(`set lock_timeout = '${isConcurrent ? CONCURRENT_LOCK_TIMEOUT : LOCK_TIMEOUT}'`);
      await dropInvalid(client, statement);
      await client.query(statement);
    });
  await client.query('insert into schema_migrations (name) values ($1)', [name]);
}

/** What a build that did not come to its end leaves behind: it has the name of the index, and is never used. */
async function dropInvalid(client: pg.Client, statement: string): Promise<void> {
  const [, index] = / index concurrently if not exists (\S+) /.exec(flat(statement)) ?? [];
  if (!index) return;
  const { rowCount } = await client.query(
    'select from pg_index where indexrelid = to_regclass($1) and not indisvalid',
    [index],
  );
  if (rowCount) await client.query(`drop index concurrently ${index}`);
}

/** Again and again while it fails for want of a lock, with growing pauses in which everybody else gets on. */
async function untilUnlocked(file: string, work: () => Promise<void>): Promise<void> {
  const startMs = performance.now();
  for (let pauseMs = PAUSE_FIRST_MS; ; pauseMs = Math.min(2 * pauseMs, PAUSE_MAX_MS)) {
    try {
      return await work();
    } catch (error) {
      const isLocked =
        error instanceof pg.DatabaseError && [LOCK_NOT_AVAILABLE, DEADLOCK].includes(error.code ?? '');
      if (isLocked && performance.now() - startMs < AGAIN_FOR_MS) {
        await delay(pauseMs);
        continue;
      }
      if (error instanceof Error) error.message = `${file}: ${error.message}`;
      throw error;
    }
  }
}
