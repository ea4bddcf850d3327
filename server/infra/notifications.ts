/**
 * Short texts between processes by PostgreSQL's LISTEN and NOTIFY, on a connection of its own: a transaction that notifies
 * commits behind a lock of the whole server, where no other work of ours is to wait. What is sent while the connection is
 * broken waits for the next one; what others sent meanwhile is lost.
 */
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { isConnectionLost } from './server-down.ts';
import { openSockets } from './sockets.ts';

export type Notifications = { send(text: string): void; close(): Promise<void> };
type Options = {
  /** Straight to the server: a pooler would give the connection to others. */
  connection: pg.ClientConfig;
  channel: string;
  hear(text: string): void;
  onError(error: Error): void;
};

/** A connection that has died without a word is found out by the next question. */
const BEAT_MS = 2_000;
const ANSWER_MAX_MS = 2_000;
const AGAIN_MS = 200;
/** Sent by one statement. PostgreSQL tells equal texts of one transaction once. */
const BATCH_MAX = 200;
/** Of more that wait the oldest are lost. */
const WAITING_MAX = 2_000;

export function openNotifications({ connection, channel, hear, onError }: Options): Notifications {
  const waiting: string[] = [];
  let isClosed = false;
  let wake = () => {};
  let client: pg.Client | null = null;
  let sockets = openSockets();

  async function connect(): Promise<pg.Client> {
    sockets = openSockets();
    const opened = new pg.Client({
      ...connection,
      application_name: channel.replace('_', ' '),
      connectionTimeoutMillis: ANSWER_MAX_MS,
      query_timeout: ANSWER_MAX_MS,
      keepAlive: true,
      stream: sockets.make,
    });
    opened.on('error', () => {
      if (client === opened) wake();
    });
    opened.on('notification', ({ payload }) => hear(payload ?? ''));
    await opened.connect();
    await opened.query(`listen ${opened.escapeIdentifier(channel)}`);
    return opened;
  }

  async function sendWaiting(to: pg.Client): Promise<void> {
    const texts = waiting.splice(0, BATCH_MAX);
    await to.query('select pg_notify($1, text) from unnest($2::text[]) as text', [channel, texts]);
  }

  async function run(): Promise<void> {
    while (!isClosed) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      let pauseMs = BEAT_MS;
      try {
        client ??= await connect();
        await sendWaiting(client);
        if (waiting.length > 0) continue;
      } catch (error) {
        pauseMs = AGAIN_MS;
        client = null;
        sockets.destroyAll();
        if (error instanceof Error && !isConnectionLost(error)) onError(error);
      }
      await Promise.race([delay(pauseMs, undefined, { ref: false }), woken]);
    }
    if (client && waiting.length > 0) await sendWaiting(client).catch(() => undefined);
    sockets.destroyAll();
  }

  const running = run();
  return {
    send(text) {
      waiting.push(text);
      if (waiting.length > WAITING_MAX) waiting.shift();
      wake();
    },
    async close() {
      isClosed = true;
      wake();
      await running;
    },
  };
}
