/** The one place where the parts are put together. Whoever calls openApp must call its close. */
import { createSecretKey, randomBytes } from 'node:crypto';
import path from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import { LOGICAL_SHARDS } from '../../core/ids.ts';
import { type Config, ConfigFault, publicUrlOf } from '../config.ts';
import type { App } from '../infra/app.ts';
import { openCache } from '../infra/cache.ts';
import { openCloudFront } from '../infra/cloudfront.ts';
import { type Database, openDatabase } from '../infra/database.ts';
import { startImageWorkers } from '../infra/images/pool.ts';
import { openMailer } from '../infra/mail.ts';
import { openMetrics } from '../infra/metrics.ts';
import { migrate } from '../infra/migrations.ts';
import { openQueue } from '../infra/queue.ts';
import { mapShards, type ShardServer } from '../infra/shards.ts';
import { sql } from '../infra/sql.ts';
import { openStorage } from '../infra/storage/open.ts';
import { jobKinds, jobs } from './jobs.ts';

export type OpenApp = { app: App; close(): Promise<void> };
export const root = path.resolve(import.meta.dirname, '../..');

/** Where a database of the server is: the embedded one's socket, or the configured URL. `name` is the database. */
export type Connect = (name: string) => pg.ClientConfig;

const FIRST_SERVER = 'main';

export async function openApp(
  config: Config,
  connect: Connect,
  prefix: string,
  say: (line: string) => void,
): Promise<OpenApp> {
  const log = pino(
    { level: config.logLevel, base: null, serializers: { err: describeError } },
    pino.destination(2),
  );
  const onError = (error: Error) => log.error({ err: error }, error.message);
  const names = { directory: `${prefix}_directory`, shard: `${prefix}_shard` };
  await makeDatabases(connect, Object.values(names));
  const directory = openDatabase(names.directory, connect(names.directory), onError);
  const shard = openDatabase(names.shard, connect(names.shard), onError);
  const applied = [
    ...(await migrate(directory, path.join(root, 'db/directory'))),
    ...(await migrate(shard, path.join(root, 'db/shard'))),
  ];
  if (applied.length > 0) say('The database is up to date.');
  const shards = await readMap(directory, shard);
  const queue = await openQueue(
    shards.servers.map((server) => ({ server, connection: connect(names.shard) })),
    jobKinds,
    onError,
  );
  const storage = await openStorage(config);
  const metrics = openMetrics();
  const images = startImageWorkers({ count: config.mediaWorkers, observe: metrics.observePhoto });
  const app: App = {
    config,
    publicUrl: publicUrlOf(config),
    signingKey: createSecretKey(await readSecret(directory, 'signing')),
    addressKey: createSecretKey(await readSecret(directory, 'addresses')),
    linkSecret: (await readSecret(directory, 'links')).toString('base64url'),
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
      await Promise.all([directory.close(), shard.close()]);
    },
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

async function makeDatabases(connect: Connect, names: string[]): Promise<void> {
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

/** The map of logical shards; at the first start all of them on the first server. */
async function readMap(directory: Database, shard: Database) {
  await directory.transaction(async (tx) => {
    await tx.rows(sql`insert into servers (name, url) values (${FIRST_SERVER}, '') on conflict do nothing`);
    await tx.rows(sql`
      insert into logical_shards (logical_shard, server)
      select shard, ${FIRST_SERVER} from generate_series(0, ${LOGICAL_SHARDS}::integer - 1) as shard on conflict do nothing`);
  });
  const servers = await directory.rows<{ name: string; is_open: boolean }>(
    sql`select name, is_open from servers`,
  );
  const known: ShardServer[] = servers.map(({ name, is_open }) => ({
    name,
    isOpen: is_open,
    database: shard,
  }));
  const rows = await directory.rows<{ logicalShard: number; server: string }>(sql`
    select logical_shard as "logicalShard", server from logical_shards`);
  return mapShards(directory, known, rows);
}

async function readSecret(directory: Database, name: string): Promise<Buffer> {
  await directory.rows(
    sql`insert into secrets (name, value) values (${name}, ${randomBytes(32)}) on conflict do nothing`,
  );
  const [row] = await directory.rows<{ value: Buffer }>(sql`select value from secrets where name = ${name}`);
  if (!row) throw new Error(`The secret ${name} is missing.`);
  return row.value;
}
