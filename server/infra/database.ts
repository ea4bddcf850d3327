/**
 * One PostgreSQL database. Reads go through a few pipelined connections (many queries in flight on each: three times
 * the throughput of a pool, facts in docs/performance.md), and what changes something through a pool:
 * a statement that waits, for a lock or the disk, would hold up those behind it in a pipeline.
 */
import pg from 'pg';
import { nameOf, type Statement } from './sql.ts';

export type Row = Record<string, unknown>;
export type Transaction = {
  rows<Shape extends Row>(statement: Statement): Promise<Shape[]>;
  /** Runs plain text, for libraries that write their own statements. */
  execute(text: string, values?: unknown[]): Promise<{ rows: Row[] }>;
  /** Called once the transaction has been committed; not when it was rolled back. */
  afterCommit(then: () => void): void;
};
export type Database = {
  name: string;
  rows<Shape extends Row>(statement: Statement): Promise<Shape[]>;
  transaction<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result>;
  /** Statements sent since start, BEGIN and COMMIT included. */
  statementCount(): number;
  close(): Promise<void>;
};

const READ_CONNECTIONS = 2;
const TRANSACTION_CONNECTIONS = 12;
/** Apart from those of transactions, so that a transaction that waits for a single write cannot wait for itself. */
const WRITE_CONNECTIONS = 4;
const STATEMENT_TIMEOUT_MS = 10_000;
const CONNECT_TIMEOUT_MS = 5_000;
const IDLE_MS = 20_000;
const DEADLOCK = '40P01';
const TRANSACTION_TRIES = 3;

export function openDatabase(
  name: string,
  connection: pg.ClientConfig,
  onError: (error: Error) => void,
): Database {
  const settings = {
    ...connection,
    application_name: 'pinhole',
    statement_timeout: STATEMENT_TIMEOUT_MS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
  };
  const pool = new pg.Pool({
    ...settings,
    pipeline: true,
    max: TRANSACTION_CONNECTIONS,
    idleTimeoutMillis: IDLE_MS,
  });
  const writers = new pg.Pool({ ...settings, max: WRITE_CONNECTIONS, idleTimeoutMillis: IDLE_MS });
  for (const each of [pool, writers]) each.on('error', onError);
  const readers: (Promise<pg.Client> | undefined)[] = Array.from({ length: READ_CONNECTIONS });
  let turn = 0;
  let statements = 0;
  let readMs = 0;
  const idleTimer = setInterval(() => {
    if (performance.now() - readMs > IDLE_MS) closeReaders().catch(onError);
  }, IDLE_MS / 4).unref();

  function reader(): Promise<pg.Client> {
    const place = turn++ % READ_CONNECTIONS;
    const open = readers[place];
    if (open) return open;
    const opening = connect(place);
    readers[place] = opening;
    opening.catch(() => forget(place, opening));
    return opening;
  }

  async function connect(place: number): Promise<pg.Client> {
    const client = new pg.Client({ ...settings, pipeline: true });
    client.on('error', onError);
    client.on('end', () => forget(place, undefined));
    await client.connect();
    return client;
  }

  /** Ends them when what is in flight on them has been answered. */
  async function closeReaders(): Promise<void> {
    const open = await Promise.allSettled(readers.splice(0));
    await Promise.all(open.map((each) => (each.status === 'fulfilled' ? each.value?.end() : undefined)));
  }

  function forget(place: number, only: Promise<pg.Client> | undefined): void {
    if (only === undefined || readers[place] === only) readers[place] = undefined;
  }

  /** Of two transactions that wait for each other PostgreSQL ends one; that one is simply run again. */
  async function transaction<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    for (let tries = 1; ; tries++) {
      try {
        return await transactOnce(work);
      } catch (error) {
        const isDeadlock = error instanceof pg.DatabaseError && error.code === DEADLOCK;
        if (!isDeadlock || tries === TRANSACTION_TRIES) throw error;
      }
    }
  }

  async function transactOnce<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    const client = await pool.connect();
    const after: (() => void)[] = [];
    const send = (query: { text: string; values?: unknown[]; name?: string }) => {
      statements++;
      return client.query(query);
    };
    let broken: Error | undefined;
    try {
      // Waited for: if it failed alone, what follows would be committed one by one.
      await send({ text: 'begin' });
      const result = await work({
        rows: async <Shape extends Row>(statement: Statement) => (await send(statement)).rows as Shape[],
        execute: async (text, values) => ({
          rows: (await send(values ? { name: nameOf(text), text, values } : { text })).rows as Row[],
        }),
        afterCommit: (then) => after.push(then),
      });
      await send({ text: 'commit' });
      for (const then of after) then();
      return result;
    } catch (error) {
      await client.query('rollback').catch((fault: Error) => {
        broken = fault;
      });
      throw error;
    } finally {
      client.release(broken);
    }
  }

  return {
    name,
    async rows<Shape extends Row>(statement: Statement) {
      statements++;
      readMs = performance.now();
      const client = statement.isWrite ? writers : await reader();
      return (await client.query(statement)).rows as Shape[];
    },
    transaction,
    statementCount: () => statements,
    async close() {
      clearInterval(idleTimer);
      await closeReaders();
      await Promise.all([pool.end(), writers.end()]);
    },
  };
}

/** The single row of a statement that gives at most one. */
export async function oneOf<Shape extends Row>(
  from: { rows: Database['rows'] },
  statement: Statement,
): Promise<Shape | null> {
  return (await from.rows<Shape>(statement))[0] ?? null;
}

/** Whether an error is PostgreSQL's unique violation of the named constraint. */
export function violates(error: unknown, constraint: string): boolean {
  return error instanceof pg.DatabaseError && error.code === '23505' && error.constraint === constraint;
}
