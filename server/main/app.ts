/** The one place where the parts are put together. Whoever calls openApp must call its close. */
import { createSecretKey, randomBytes } from 'node:crypto';
import path from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import { type Config, ConfigFault, publicUrlOf } from '../config.ts';
import type { App } from '../infra/app.ts';
import { forgetWithOthers, openCache } from '../infra/cache.ts';
import { openCloudFront } from '../infra/cloudfront.ts';
import type { Database } from '../infra/database.ts';
import { openEvents } from '../infra/events.ts';
import { startImageWorkers } from '../infra/images/pool.ts';
import { type Mailer, openMailer } from '../infra/mail.ts';
import { openMetrics } from '../infra/metrics.ts';
import { migrate } from '../infra/migrations.ts';
import { openQueue } from '../infra/queue.ts';
import { ServerDown } from '../infra/server-down.ts';
import type { Shards } from '../infra/shards.ts';
import { sql } from '../infra/sql.ts';
import { openStorage } from '../infra/storage/open.ts';
import { openAccelerators } from './accelerators.ts';
import { jobKinds, jobs } from './jobs.ts';
import { folders, openServers } from './servers.ts';

export type OpenApp = { app: App; close(): Promise<void> };
export const root = path.resolve(import.meta.dirname, '../..');

/** Where a database of the server is: the embedded one's socket, or the configured URL. `name` is the database. */
export type Connect = (name: string) => pg.ClientConfig;

const SAME_ERROR_MS = 10_000;
const ERRORS_KEPT = 1_000;

export type OpenOptions = {
  /** For commands that read whole tables. */
  isPatient?: boolean;
};

export async function openApp(
  config: Config,
  connect: Connect,
  prefix: string,
  say: (line: string) => void,
  { isPatient = false }: OpenOptions = {},
): Promise<OpenApp> {
  const log = pino(
    { level: config.logLevel, base: null, serializers: { err: describeError } },
    pino.destination(2),
  );
  const onError = quietly((error: Error) => log.error({ err: error }, error.message));
  const names = { directory: `${prefix}_directory`, shard: `${prefix}_shard` };
  await makeDatabases(connect, Object.values(names));
  const applied = await Promise.all([
    migrate(connect(names.directory), folders.directory, say),
    migrate(connect(names.shard), folders.shard, say),
  ]);
  if (applied.flat().length > 0) say('The database is up to date.');
  const queue = openQueue(jobKinds, onError);
  let shards: Shards | undefined;
  try {
    shards = await openServers({ config, connect, names, queue, isPatient, log, onError, say });
    return await openRest(config, { shards, queue, log }, { say, onError });
  } catch (error) {
    // What is open would keep the process from ending; the first error is the one to report.
    await closeAll([queue.stop, ...(shards ? [shards.close] : [])]).catch(() => undefined);
    throw error;
  }
}

async function openRest(
  config: Config,
  { shards, queue, log }: Pick<App, 'shards' | 'queue' | 'log'>,
  { say, onError }: { say(line: string): void; onError(error: Error): void },
): Promise<OpenApp> {
  const storage = await openStorage(config);
  const metrics = openMetrics();
  const { directory } = shards;
  const [signing, addresses, links] = [
    await readSecret(directory, 'signing'),
    await readSecret(directory, 'addresses'),
    await readSecret(directory, 'links'),
  ];
  const accelerators = await openAccelerators(config, { shards, metrics, log, onError });
  const { redis, epoch, memcached } = accelerators;
  const cache = openCache();
  const events = openEvents({ redis: redis.events, shards, onError });
  forgetWithOthers(cache, events);
  const images = startImageWorkers({ count: config.mediaWorkers, observe: metrics.observePhoto });
  const app: App = {
    config,
    publicUrl: publicUrlOf(config),
    signingKey: createSecretKey(signing),
    addressKey: createSecretKey(addresses),
    linkSecret: links.toString('base64url'),
    cloudFront: config.cloudFrontKeyPair
      ? openCloudFront(config.mediaUrl, config.cloudFrontKeyPair, config.cloudFrontKeyFile)
      : null,
    clock: { nowMs: Date.now },
    log,
    shards,
    queue,
    cache,
    events,
    redis,
    epoch,
    memcached,
    storage,
    images,
    metrics,
    mail: openMail(config, say),
  };
  return {
    app,
    close: () =>
      closeAll([queue.stop, images.stop, storage.close, events.close, accelerators.close, shards.close]),
  };
}

/** One after the other, also when one does not close well. */
async function closeAll(closers: (() => Promise<void>)[]): Promise<void> {
  const faults: unknown[] = [];
  for (const close of closers) await close().catch((fault) => faults.push(fault));
  if (faults.length > 0) throw faults[0];
}

function openMail({ smtpUrl, mailFrom, dataDir }: Config, say: (line: string) => void): Mailer {
  return openMailer({
    smtpUrl,
    from: mailFrom,
    outbox: path.join(dataDir, 'outbox'),
    onFiled: (file, mail) => say(`Mail to ${mail.to} ("${mail.subject}") was put into ${file}`),
  });
}

/** A server that is down is told once, when it goes; the same error not more than every ten seconds. */
function quietly(tell: (error: Error) => void): (error: Error) => void {
  const told = new Map<string, number>();
  return (error) => {
    if (error instanceof ServerDown || error.cause instanceof ServerDown) return;
    const nowMs = performance.now();
    if (nowMs - (told.get(error.message) ?? Number.NEGATIVE_INFINITY) < SAME_ERROR_MS) return;
    if (told.size >= ERRORS_KEPT) told.clear();
    told.set(error.message, nowMs);
    tell(error);
  };
}

/** What a log says of an error: never the objects that libraries hang on it, which may hold secrets. */
function describeError(error: Error & { code?: unknown }) {
  return { message: error.message, code: error.code, stack: error.stack };
}

/** Begins to work on the jobs, in this process. */
export async function startWorker(app: App): Promise<void> {
  await app.queue.work(app, jobs);
}

export async function makeDatabases(connect: Connect, names: string[]): Promise<void> {
  const client = new pg.Client(connect('postgres'));
  try {
    await client.connect();
    for (const name of names) {
      const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [name]);
      if (!rowCount)
        await client.query(
          `create database ${client.escapeIdentifier(name)} encoding 'UTF8' template template0`,
        );
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigFault(
      `The PostgreSQL server cannot be used: ${reason}\nIt must be reachable, and the user must own, or be allowed to make, the databases ${names.join(' and ')}.`,
    );
  } finally {
    await client.end();
  }
}

async function readSecret(directory: Database, name: string): Promise<Buffer> {
  await directory.rows(
    sql`insert into secrets (name, value) values (${name}, ${randomBytes(32)}) on conflict do nothing`,
  );
  const [row] = await directory.rows<{ value: Buffer }>(sql`select value from secrets where name = ${name}`);
  if (!row) throw new Error(`The secret ${name} is missing.`);
  return row.value;
}
