/** The servers of this process, the directory among them: opened, made ready, kept in step with the map. */
import path from 'node:path';
import type pg from 'pg';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { type Database, type DatabaseOptions, openDatabase } from '../infra/database.ts';
import { AheadOfCode, migrate } from '../infra/migrations.ts';
import type { Fleet } from '../infra/moves/links.ts';
import { takeBackAbandonedSwitch } from '../infra/moves/take-back.ts';
import type { Queue } from '../infra/queue.ts';
import { openReplicas } from '../infra/replicas.ts';
import { connectionAt, shardDatabaseAt, singlesOf, urlOfDatabase } from '../infra/server-address.ts';
import { isConnectionLost, ServerDown } from '../infra/server-down.ts';
import { FIRST_SERVER, openShards, type ServerRow } from '../infra/shard-map.ts';
import type { ShardServer, Shards } from '../infra/shards.ts';
import type { Connect } from './app.ts';

const db = path.resolve(import.meta.dirname, '../../db');
export const folders = { directory: path.join(db, 'directory'), shard: path.join(db, 'shard') };
const CONNECT_TIMEOUT_MS = 2_000;
const PREPARE_AGAIN_MS = 2_000;

type Options = {
  config: Config;
  connect: Connect;
  names: { directory: string; shard: string };
  queue: Queue;
  isPatient: boolean;
  log: Logger;
  onError(error: Error): void;
  say(line: string): void;
};

export async function openServers(options: Options): Promise<Shards> {
  const { config, connect, names, queue, log, onError, say } = options;
  const shards = await openShards({
    directoryConnection: connect(names.directory),
    // The embedded server can be reached by this machine alone: it stays the only one.
    canGrow: config.databaseUrl !== '',
    openDirectory: (poolerUrl) => openDirectory(poolerUrl, options),
    open: (row) => openServer(row, options),
    onServer: (server) => prepareServer(server, queue, say, onError),
    onSwitching: () => lookAfterSwitch(shards, log),
    onError,
  });
  return shards;
}

function openDirectory(poolerUrl: string, { connect, names, isPatient, onError }: Options): Database {
  if (!poolerUrl) return openDatabase('directory', connect(names.directory), { onError, isPatient });
  const singles = connectionAt(poolerUrl, singlesOf(names.directory));
  return openDatabase('directory', connectionAt(poolerUrl, names.directory), { onError, isPatient, singles });
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

function openServer(row: ServerRow, { config, connect, names, isPatient, log, onError }: Options) {
  const address = row.url || config.databaseUrl;
  const connection = row.url === '' ? connect(names.shard) : connectionAt(row.url, shardDatabaseAt(row.url));
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
