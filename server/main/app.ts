/** The one place where the parts are put together. Whoever calls openApp must call its close. */
import { createSecretKey, randomBytes } from 'node:crypto';
import path from 'node:path';
import pg from 'pg';
import { type Logger, pino } from 'pino';
import { type Config, ConfigFault, publicUrlOf } from '../config.ts';
import type { App } from '../infra/app.ts';
import { openCache } from '../infra/cache.ts';
import { openCloudFront } from '../infra/cloudfront.ts';
import { type Database, type DatabaseOptions, openDatabase } from '../infra/database.ts';
import { startImageWorkers } from '../infra/images/pool.ts';
import { openMailer } from '../infra/mail.ts';
import { openMetrics } from '../infra/metrics.ts';
import { AheadOfCode, migrate } from '../infra/migrations.ts';
import type { Fleet } from '../infra/moves/links.ts';
import { takeBackAbandonedSwitch } from '../infra/moves/take-back.ts';
import { openQueue, type Queue } from '../infra/queue.ts';
import { openReplicas } from '../infra/replicas.ts';
import { connectionAt, shardDatabaseAt, singlesOf, urlOfDatabase } from '../infra/server-address.ts';
import { isConnectionLost, ServerDown } from '../infra/server-down.ts';
import { FIRST_SERVER, openShards, type ServerRow } from '../infra/shard-map.ts';
import type { ShardServer, Shards } from '../infra/shards.ts';
import { sql } from '../infra/sql.ts';
import { openStorage } from '../infra/storage/open.ts';
import { jobKinds, jobs } from './jobs.ts';

export type OpenApp = { app: App; close(): Promise<void> };
export const root = path.resolve(import.meta.dirname, '../..');

/** Where a database of the server is: the embedded one's socket, or the configured URL. `name` is the database. */
export type Connect = (name: string) => pg.ClientConfig;

export const folders = { directory: path.join(root, 'db/directory'), shard: path.join(root, 'db/shard') };
const CONNECT_TIMEOUT_MS = 2_000;
const PREPARE_AGAIN_MS = 2_000;
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
  const shards = await openShards({
    directoryConnection: connect(names.directory),
    // The embedded server can be reached by this machine alone: it stays the only one.
    canGrow: config.databaseUrl !== '',
    openDirectory: (poolerUrl) =>
      openDatabase(
        'directory',
        poolerUrl ? connectionAt(poolerUrl, names.directory) : connect(names.directory),
        {
          onError,
          isPatient,
          ...(poolerUrl ? { singles: connectionAt(poolerUrl, singlesOf(names.directory)) } : {}),
        },
      ),
    open: (row) => openServer(row, config.databaseUrl, connect(names.shard), { onError, isPatient, log }),
    onServer: (server) => prepareServer(server, queue, say, onError),
    onSwitching: () => lookAfterSwitch(shards, log),
    onError,
  });
  const storage = await openStorage(config);
  const metrics = openMetrics();
  const images = startImageWorkers({ count: config.mediaWorkers, observe: metrics.observePhoto });
  const app: App = {
    config,
    publicUrl: publicUrlOf(config),
    signingKey: createSecretKey(await readSecret(shards.directory, 'signing')),
    addressKey: createSecretKey(await readSecret(shards.directory, 'addresses')),
    linkSecret: (await readSecret(shards.directory, 'links')).toString('base64url'),
    cloudFront: config.cloudFrontKeyPair
      ? openCloudFront(config.mediaUrl, config.cloudFrontKeyPair, config.cloudFrontKeyFile)
      : null,
    clock: { nowMs: Date.now },
    log,
    shards,
    queue,
    cache: openCache(),
    storage,
    images,
    metrics,
    mail: openMailer({
      smtpUrl: config.smtpUrl,
      from: config.mailFrom,
      outbox: path.join(config.dataDir, 'outbox'),
      onFiled: (file, mail) => say(`Mail to ${mail.to} ("${mail.subject}") was put into ${file}`),
    }),
  };
  return {
    app,
    async close() {
      await queue.stop();
      await images.stop();
      await storage.close();
      await shards.close();
    },
  };
}

/** One that does not answer is no reason not to start: it is made ready when it does. Without the first there is nothing. */
async function prepareServer(
  server: ShardServer,
  queue: Queue,
  say: (line: string) => void,
  onError: (error: Error) => void,
): Promise<void> {
  try {
    await migrate({ ...server.connection, connectionTimeoutMillis: CONNECT_TIMEOUT_MS }, folders.shard, say);
    await queue.addServer(server);
  } catch (error) {
    const isDown = error instanceof ServerDown || isConnectionLost(error);
    if (error instanceof AheadOfCode || (server.name === FIRST_SERVER && !isDown)) throw error;
    if (isDown) say(`The server ${server.name} does not answer. Its members wait; the others do not.`);
    else if (error instanceof Error) onError(error);
    const again = () => prepareServer(server, queue, () => undefined, onError).catch(onError);
    setTimeout(again, PREPARE_AGAIN_MS).unref();
  }
}

type ServerOptions = { onError(error: Error): void; isPatient: boolean; log: Logger };

/** `firstUrl` and `first`: the server that the configuration names. */
function openServer(
  row: ServerRow,
  firstUrl: string,
  first: pg.ClientConfig,
  { onError, isPatient, log }: ServerOptions,
) {
  const address = row.url || firstUrl;
  const connection = row.url === '' ? first : connectionAt(row.url, shardDatabaseAt(row.url));
  const isReplicated = () => row.replica_urls.length > 0;
  const open = (
    name: string,
    way: pg.ClientConfig,
    pooled: Partial<Pick<DatabaseOptions, 'singles' | 'straight'>> = {},
  ) =>
    openDatabase(name, way, {
      onError,
      isPatient,
      isReplicated,
      ...pooled,
      onTurn: (isDown) =>
        log.warn({ server: name }, isDown ? `${name} does not answer` : `${name} answers again`),
    });
  const replicas = row.replica_urls.map((each, at) =>
    open(`${row.name} replica ${at + 1}`, connectionAt(each, shardDatabaseAt(each))),
  );
  const pooler = row.pooler_url;
  // A pooler's connections are for short statements.
  const database =
    pooler && !isPatient
      ? open(row.name, connectionAt(pooler, shardDatabaseAt(pooler)), {
          singles: connectionAt(pooler, singlesOf(shardDatabaseAt(pooler))),
          straight: connection,
        })
      : open(row.name, connection);
  const url = address && urlOfDatabase(address, shardDatabaseAt(address));
  return { connection, url, database, replicas: openReplicas(database, replicas) };
}

async function lookAfterSwitch(shards: Shards, log: Logger): Promise<void> {
  const found = await takeBackAbandonedSwitch(fleetOf(shards));
  if (found !== 'nothing') log.warn(`A move whose mover is gone was ${found}. See ./pinhole shard move.`);
}

/** What a mover connects to. */
export function fleetOf({ directoryConnection, servers }: Shards): Fleet {
  return { directory: directoryConnection, servers };
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
