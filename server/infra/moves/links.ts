/**
 * A mover's connections: straight to the servers, told apart by their application name, and never waiting for ever.
 *
 * All writing in the directory goes through the one session that holds the mover's lock, so a mover that lost the lock can
 * write nothing there. At the servers, whoever gets the lock first ends the connections of those who had it before
 * (`endOthers`), and a connection is used only once the lock was seen held after it was opened. So nothing that was sent
 * by an earlier mover can arrive late.
 */
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { ConnectionLost, MoveRefused } from './faults.ts';

export type MoveServer = {
  name: string;
  /** Straight to the database of its shards. */
  connection: pg.ClientConfig;
  /** The same as a libpq URI that the other servers can reach. */
  url: string;
};
export type Fleet = { directory: pg.ClientConfig; servers: MoveServer[] };

export type Link = {
  /** Of the server; `directory` for the directory's. */
  server: string;
  pid: number;
  /** Throws ConnectionLost when there is no answer within the time; the connection is then of no use any more. */
  rows<Shape extends pg.QueryResultRow>(
    text: string,
    values?: unknown[],
    timeoutMs?: number,
  ): Promise<Shape[]>;
  close(): void;
};

export const MOVER = 'pinhole shard move';
export const DIRECTORY = 'directory';
/** For what reads whole tables. A network that is gone is noticed earlier, by TCP's own probes. */
export const LONG_MS = 30 * 60_000;
const ANSWER_MS = 10_000;
const CONNECT_MS = 5_000;
const LOST = new Set(['57P01', '57P02', '57P03', '57P05', '25P03', '53300']);
const SWEEP_MS = 5_000;
/** Rows are compared as text, so both sides must write them alike; and pages are read along an index. */
const SETTINGS = `
  set statement_timeout = 0; set idle_in_transaction_session_timeout = 0; set idle_session_timeout = 0;
  set lock_timeout = '5s'; set synchronous_commit = on; set default_transaction_isolation = 'read committed';
  set timezone = 'UTC'; set datestyle = 'ISO'; set intervalstyle = 'postgres'; set bytea_output = 'hex';
  set extra_float_digits = 1; set client_min_messages = error; set enable_sort = off; set jit = off`;

export async function openLink(server: string, connection: pg.ClientConfig): Promise<Link> {
  const client = new pg.Client({
    ...connection,
    application_name: MOVER,
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: CONNECT_MS,
  });
  const close = () => {
    client.on('error', () => undefined);
    client.end().catch(() => undefined);
    client.connection.stream.destroy();
  };
  client.on('error', () => undefined);
  const ask = async (text: string, values: unknown[] | undefined, timeoutMs: number) => {
    const query = { text, ...(values ? { values } : {}), query_timeout: timeoutMs };
    try {
      return await client.query(query);
    } catch (error) {
      if (error instanceof pg.DatabaseError && !isLoss(error)) throw error;
      close();
      throw new ConnectionLost(server, error);
    }
  };
  try {
    await client.connect();
  } catch (error) {
    close();
    if (error instanceof pg.DatabaseError && !isLoss(error))
      throw new MoveRefused(`${server} lets nobody in: ${error.message}.`);
    throw new ConnectionLost(server, error);
  }
  await ask(SETTINGS, undefined, ANSWER_MS);
  const pid = (await ask('select pg_backend_pid() as pid', undefined, ANSWER_MS)).rows[0].pid;
  let turn: Promise<unknown> = Promise.resolve();
  /** What is asked while an answer is awaited is sent after it. */
  function rows<Shape extends pg.QueryResultRow>(
    text: string,
    values?: unknown[],
    timeoutMs = ANSWER_MS,
  ): Promise<Shape[]> {
    const answer = turn.then(async () => (await ask(text, values, timeoutMs)).rows as Shape[]);
    turn = answer.catch(() => undefined);
    return answer;
  }
  return { server, pid, rows, close };
}

/** Ends the connections of earlier movers to this database, and returns when they are gone. */
export async function endOthers(link: Link, own: readonly Link[]): Promise<void> {
  const others = `from pg_stat_activity where datname = current_database() and application_name = $1
    and pid <> pg_backend_pid() and pid <> all ($2::integer[])`;
  const values = [MOVER, own.map(({ pid }) => pid)];
  for (const startMs = performance.now(); performance.now() - startMs < SWEEP_MS; await delay(10)) {
    const ended = await link.rows(`select pg_terminate_backend(pid) ${others}`, values);
    if (ended.length === 0) return;
  }
  throw new ConnectionLost(link.server, new Error('connections of an earlier mover do not end'));
}

function isLoss({ code = '' }: pg.DatabaseError): boolean {
  return code.startsWith('08') || LOST.has(code);
}

export function serverNamed(fleet: Fleet, name: string): MoveServer {
  const server = fleet.servers.find((each) => each.name === name);
  if (server) return server;
  const known = fleet.servers.map((each) => each.name).join(', ');
  throw new MoveRefused(`There is no server ${name}. There are: ${known}.`);
}
