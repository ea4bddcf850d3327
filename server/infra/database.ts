/**
 * One PostgreSQL database. Reads go through a few pipelined connections (many queries in flight on each: three times
 * the throughput of a pool, facts in docs/performance.md), and what changes something through a pool:
 * a statement that waits, for a lock or the disk, would hold up those behind it in a pipeline.
 * Whatever waits for it is looked after by infra/waiting.ts.
 */
import type { Socket } from 'node:net';
import pg from 'pg';
import { parseLogPosition } from './log-position.ts';
import { noteWrite, REQUEST_TURNS, requestContext, TURN_MS } from './request-context.ts';
import { isConnectionLost, ServerDown } from './server-down.ts';
import { openSockets } from './sockets.ts';
import { nameOf, type Statement } from './sql.ts';
import { openWaiting } from './waiting.ts';

export type Row = Record<string, unknown>;
export type Transaction = {
  /** Of the database: its server. */
  server: string;
  rows<Shape extends Row>(statement: Statement): Promise<Shape[]>;
  /** Runs plain text, for libraries that write their own statements. */
  execute(text: string, values?: unknown[]): Promise<{ rows: Row[] }>;
  /** Called once the transaction has been committed; not when it was rolled back. */
  afterCommit(then: () => void): void;
};
/** All of it throws ServerDown while the server does not answer. */
export type Database = {
  name: string;
  rows<Shape extends Row>(statement: Statement): Promise<Shape[]>;
  transaction<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result>;
  /** Plain text outside a transaction, for libraries that write their own statements; without values, several statements. */
  execute(text: string, values?: unknown[]): Promise<{ rows: Row[] }>;
  /** Statements sent since start, BEGIN and COMMIT included, those of libraries not. */
  statementCount(): number;
  isDown(): boolean;
  close(): Promise<void>;
};
export type DatabaseOptions = {
  onError(error: Error): void;
  /** Called when the server stops to answer, and when it answers again. */
  onTurn?(isDown: boolean): void;
  /**
   * The connection leads to a pgbouncer in transaction mode: no named statements, no settings of the session. What is no
   * transaction goes by this one, to connections of its own there, as here.
   */
  singles?: pg.ClientConfig;
  /** Around that pgbouncer, for reads: a few pipelined connections do by themselves what it does. */
  straight?: pg.ClientConfig;
  /** Has replicas: how far the log has come is noted after each write of a request. */
  isReplicated?(): boolean;
  /** For commands that read whole tables: statements may take minutes. */
  isPatient?: boolean;
};

const READ_CONNECTIONS = 2;
const TRANSACTION_CONNECTIONS = 12;
/** Apart from those of transactions, so that a transaction that waits for a single write cannot wait for itself. */
const WRITE_CONNECTIONS = 4;
const LIBRARY_CONNECTIONS = 2;
/** A member's request waits no longer; what else reads, reads in bounded parts. */
const REQUEST_TIMEOUT_MS = REQUEST_TURNS * TURN_MS;
const STATEMENT_TIMEOUT_MS = 10_000;
const LIBRARY_TIMEOUT_MS = 60_000;
const PATIENT_TIMEOUT_MS = 600_000;
const IDLE_IN_TRANSACTION_MS = 30_000;
/** Also for a place in a pool; whoever waits shorter says so by his context, and a server that is cut off is found out sooner. */
const CONNECT_TIMEOUT_MS = 10_000;
const IDLE_MS = 20_000;
/** What is under way when all is closed has this long. */
const CLOSE_MAX_MS = 10_000;
const LOOK_MS = 1_000;
const STUCK_MS = REQUEST_TIMEOUT_MS + 2_000;
const DEADLOCK = '40P01';
/** One message, and so one turn of a pooler: what comes after a commit that failed is not run. */
const COMMIT_AND_LOG_POSITION = 'commit; select pg_current_wal_insert_lsn() as position';
const TRANSACTION_TRIES = 3;
/** Our statements look up keys: a plan made for these values alone is never worth its making (a third of a like's cost). */
const GENERIC_PLANS = '-c plan_cache_mode=force_generic_plan';
/** A library's depend on what is in the tables. By the usual figure, that of turning disks, the queue reads its whole table for each job. */
const LIBRARY_PLANS = '-c random_page_cost=1.1';

export function openDatabase(name: string, connection: pg.ClientConfig, options: DatabaseOptions): Database {
  const { singles, straight } = options;
  /** Whoever waits for a connection that breaks is told so; that all of them break is told by onTurn. */
  const onError = (error: Error) => {
    if (!isConnectionLost(error)) options.onError(error);
  };
  const sockets = openSockets();
  const settingsWith = settingsOf(connection, sockets.make, options);
  const singlesWith = singles ? settingsOf(singles, sockets.make, options) : settingsWith;
  const readersWith = straight
    ? settingsOf(straight, sockets.make, { isPatient: options.isPatient })
    : singlesWith;
  const { transactions: pool, writers, libraries, ...pools } = openPools(settingsWith, singlesWith, onError);
  const readers = openReaders(readersWith(REQUEST_TIMEOUT_MS), options, onError);
  const waiting = openWaiting({
    server: name,
    probe: () =>
      probe([settingsWith(REQUEST_TIMEOUT_MS), ...(straight ? [readersWith(REQUEST_TIMEOUT_MS)] : [])]),
    onDown() {
      sockets.destroyAll();
      readers.destroyAll();
      options.onTurn?.(true);
    },
    onUp: () => options.onTurn?.(false),
  });
  const named = ({ text, values, ...statement }: Statement) =>
    singles ? { text, values } : { ...statement, text, values };
  let statements = 0;

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

  async function connect(): Promise<pg.PoolClient> {
    let connecting: Promise<pg.PoolClient> | undefined;
    try {
      const client = await waiting.on(() => {
        connecting = pool.connect();
        return connecting;
      });
      // The pool hears only what happens to those at rest; unheard it would end the process.
      client.on('error', onError);
      return client;
    } catch (error) {
      connecting?.then(
        (late) => late.release(),
        () => undefined,
      );
      throw error;
    }
  }

  function release(client: pg.PoolClient, broken: Error | undefined): void {
    client.off('error', onError);
    client.release(broken);
  }

  async function transactOnce<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    const client = await connect();
    const after: (() => void)[] = [];
    const send = (query: { text: string; values?: unknown[]; name?: string }) => {
      statements++;
      return waiting.on(() => client.query(query));
    };
    let broken: Error | undefined;
    try {
      // Waited for: if it failed alone, what follows would be committed one by one.
      await send({ text: beginning(options) });
      const result = await work({
        server: name,
        rows: async <Shape extends Row>(statement: Statement) =>
          (await send(named(statement))).rows as Shape[],
        execute: async (text, values) => ({ rows: (await send(textOf(text, values))).rows as Row[] }),
        afterCommit: (then) => after.push(then),
      });
      await commit(send);
      for (const then of after) then();
      return result;
    } catch (error) {
      // Where no answer came, none to the rollback would either: the connection is let go, which rolls back too.
      if (error instanceof ServerDown && error.server === name) broken = error;
      else
        await send({ text: 'rollback' }).catch((fault: Error) => {
          broken = fault;
        });
      throw error;
    } finally {
      release(client, broken);
    }
  }

  const marksWrites = () => requestContext() !== undefined && options.isReplicated?.() === true;

  async function commit(send: (query: { text: string }) => Promise<pg.QueryResult>): Promise<void> {
    if (!marksWrites()) return void (await send({ text: 'commit' }));
    const results: pg.QueryResult | pg.QueryResult[] = await send({ text: COMMIT_AND_LOG_POSITION });
    const [row] = [results].flat().flatMap(({ rows }) => rows);
    noteWrite(name, parseLogPosition(row?.position));
  }

  function textOf(text: string, values?: unknown[]) {
    if (!values) return { text };
    return singles ? { text, values } : { name: nameOf(text), text, values };
  }

  return {
    name,
    rows<Shape extends Row>(statement: Statement) {
      // For the sake of its deadline and of its mark.
      if (statement.isWrite && requestContext()) return transaction((tx) => tx.rows<Shape>(statement));
      statements++;
      return waiting.on<Shape[]>(() =>
        statement.isWrite
          ? writers.query(named(statement)).then(rowsOf)
          : readers.ask(straight ? statement : named(statement)),
      );
    },
    transaction,
    execute(text, values) {
      return waiting.on(async () => {
        const result: pg.QueryResult | pg.QueryResult[] = await libraries.query(
          values ? { text, values } : { text },
        );
        return { rows: [result].flat().flatMap(({ rows }) => rows) };
      });
    },
    statementCount: () => statements,
    isDown: waiting.isDown,
    async close() {
      waiting.close();
      const letGo = () => {
        sockets.destroyAll();
        readers.destroyAll();
      };
      if (waiting.isDown()) letGo();
      const late = setTimeout(letGo, CLOSE_MAX_MS).unref();
      await readers.close();
      await pools.end();
      clearTimeout(late);
    },
  };
}

const rowsOf = ({ rows }: pg.QueryResult) => rows;

type Settings = (statementTimeoutMs: number) => pg.ClientConfig;

function settingsOf(
  connection: pg.ClientConfig,
  stream: () => Socket,
  { singles, isPatient }: Pick<DatabaseOptions, 'singles' | 'isPatient'>,
): Settings {
  return (statementTimeoutMs) => ({
    ...connection,
    application_name: 'pinhole',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    stream,
    // A pooler's sessions are not ours: its configuration says the same for all of them.
    ...(singles
      ? {}
      : {
          ...(isPatient ? {} : { options: GENERIC_PLANS }),
          statement_timeout: isPatient ? PATIENT_TIMEOUT_MS : statementTimeoutMs,
          idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
        }),
  });
}

function openPools(settings: Settings, singles: Settings, onError: (error: Error) => void) {
  const open = (config: pg.ClientConfig, max: number, isPipeline = false) => {
    const pool = new pg.Pool({
      ...config,
      max,
      idleTimeoutMillis: IDLE_MS,
      pipeline: isPipeline,
    });
    pool.on('error', onError);
    return pool;
  };
  const transactions = open(settings(REQUEST_TIMEOUT_MS), TRANSACTION_CONNECTIONS, true);
  const writers = open(singles(STATEMENT_TIMEOUT_MS), WRITE_CONNECTIONS);
  const { options, ...plain } = singles(LIBRARY_TIMEOUT_MS);
  const libraries = open(options ? { ...plain, options: LIBRARY_PLANS } : plain, LIBRARY_CONNECTIONS);
  const end = () => Promise.all([transactions.end(), writers.end(), libraries.end()]);
  return { transactions, writers, libraries, end };
}

/** What a member waits for is not worked on longer than he waits. What the session has set needs no word. */
function beginning({ singles, isPatient }: DatabaseOptions): string {
  const turns = requestContext()?.turnsLeft ?? Number.POSITIVE_INFINITY;
  if (isPatient || (!singles && turns === REQUEST_TURNS)) return 'begin';
  const timeoutMs = Number.isFinite(turns) ? Math.max(1, turns) * TURN_MS : STATEMENT_TIMEOUT_MS;
  return `begin; set local statement_timeout = ${timeoutMs}`;
}

/** Connections made anew test all of the way. That there are too many connections is an answer too. */
function probe(ways: pg.ClientConfig[]) {
  const sockets = openSockets();
  const ask = async (way: pg.ClientConfig) => {
    const client = new pg.Client({ ...way, stream: sockets.make });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query('select 1');
    } catch (error) {
      if (!(error instanceof pg.DatabaseError) || isConnectionLost(error)) throw error;
    } finally {
      client.end().catch(() => undefined);
    }
  };
  return { answer: Promise.all(ways.map(ask)).then(() => undefined), giveUp: sockets.destroyAll };
}

type Reader = {
  client: Promise<pg.Client>;
  letGo(): void;
  inFlight: number;
  /** When it last answered, or had nothing to answer. */
  progressMs: number;
};

/**
 * Takes turns over a few pipelined connections, which are let go when nobody reads. One that has not answered anything for
 * longer than a statement may take is let go too: the server may be well, and only the way of this connection broken.
 */
function openReaders(
  settings: pg.ClientConfig,
  { isPatient }: DatabaseOptions,
  onError: (error: Error) => void,
) {
  const places: (Reader | undefined)[] = Array.from({ length: READ_CONNECTIONS });
  /** All that are open, also those that have left their place and answer what is still in flight on them. */
  const open = new Set<Reader>();
  let turn = 0;
  let readMs = 0;
  let isClosed = false;
  const lookTimer = setInterval(() => {
    const nowMs = performance.now();
    if (nowMs - readMs > IDLE_MS) end().catch(onError);
    for (const reader of isPatient ? [] : places)
      if (reader && reader.inFlight > 0 && nowMs - reader.progressMs > STUCK_MS) reader.letGo();
  }, LOOK_MS).unref();

  /** When what is in flight on them has been answered. */
  async function end(): Promise<void> {
    const clients = await Promise.allSettled(places.splice(0).map((each) => each?.client));
    await Promise.all(clients.map((each) => (each.status === 'fulfilled' ? each.value?.end() : undefined)));
  }

  function connect(place: number): Reader {
    const sockets = openSockets();
    const client = new pg.Client({ ...settings, pipeline: true, stream: sockets.make });
    const reader: Reader = {
      client: client.connect().then(() => client),
      letGo: sockets.destroyAll,
      inFlight: 0,
      progressMs: performance.now(),
    };
    // By now another may have its place.
    const forget = () => {
      open.delete(reader);
      if (places[place] === reader) places[place] = undefined;
    };
    open.add(reader);
    client.on('error', onError);
    client.on('end', forget);
    reader.client.catch(forget);
    places[place] = reader;
    return reader;
  }

  return {
    async ask(statement: pg.QueryConfig) {
      // Nobody would close a connection that is opened now.
      if (isClosed) throw new Error('The database is closed.');
      readMs = performance.now();
      const place = turn++ % READ_CONNECTIONS;
      const reader = places[place] ?? connect(place);
      if (reader.inFlight++ === 0) reader.progressMs = readMs;
      try {
        return (await (await reader.client).query(statement)).rows;
      } finally {
        reader.inFlight--;
        reader.progressMs = performance.now();
      }
    },
    destroyAll(): void {
      for (const reader of open) reader.letGo();
    },
    async close() {
      isClosed = true;
      clearInterval(lookTimer);
      await end();
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
