/**
 * The map of logical shards in this process: read from the directory, and kept the newest. A change is heard at once
 * (NOTIFY), and seen within a second where that was lost; each process says in turn which version it has, so that a move
 * can wait until nobody reads at the old place any more.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { LOGICAL_SHARDS } from '../../core/ids.ts';
import type { Database } from './database.ts';
import { runOutsideRequests } from './request-context.ts';
import { mustBeWhole, type ShardServer, type Shards } from './shards.ts';
import { openSockets } from './sockets.ts';
import { sql } from './sql.ts';

export const FIRST_SERVER = 'main';
/** What processes tell one another: infra/events.ts. */
export const TEXT_CHANNEL = 'pinhole_events';

/** A row of `servers`. */
export type ServerRow = {
  name: string;
  /** '' for the server that the configuration names. */
  url: string;
  is_open: boolean;
  /** '' : there is none. */
  pooler_url: string;
  replica_urls: string[];
};
type MapRow = { version: string; servers: ServerRow[]; logical_shards: number[]; owners: string[] };

type Options = {
  /** '' : straight. */
  openDirectory(poolerUrl: string): Database;
  /** Straight to the directory. */
  directoryConnection: pg.ClientConfig;
  /** False where there is one server for ever. */
  canGrow: boolean;
  /** Connections to a server that is new, or is reached in another way from now on. */
  open(row: ServerRow): Omit<ShardServer, 'name' | 'isOpen'>;
  /** Makes a server ready that this process did not know; one that does not answer is no reason to wait. */
  onServer(server: ShardServer): Promise<void>;
  /** Called once a second while a move has its writes paused: perhaps its mover is dead. */
  onSwitching(): Promise<void>;
  onError(error: Error): void;
};

const BEAT_MS = 1_000;
const BEAT_MAX_MS = 2_000;
const AGAIN_MS = 200;
/** What is under way on connections that were replaced has this long. */
const CLOSE_AFTER_MS = 10_000;
const NO_REPLICAS_MS = 10_000;
const PREPARE_MAX_MS = 5_000;

export async function openShards(options: Options): Promise<Shards> {
  let directoryPooler = '';
  const known = new Map<string, { server: ShardServer; way: string }>();
  const closing = new Set<Promise<unknown>>();
  let reloading: { started: boolean; done: Promise<void> } | null = null;
  let stop = async () => {};

  const shards: Shards = {
    directory: options.openDirectory(''),
    directoryConnection: options.directoryConnection,
    servers: [],
    map: [],
    version: 0,
    // Only what was also said in the directory counts: a mover waits for nobody else.
    confirmedMs: options.canGrow ? Number.NEGATIVE_INFINITY : null,
    replicasFromMs: 0,
    listen: null,
    reload,
    async close() {
      await stop();
      for (const { server } of known.values()) closing.add(closeServer(server));
      closing.add(shards.directory.close());
      await Promise.all(closing);
    },
  };

  /** Those who ask while another's question is on its way must not be content with its answer, which may be older. */
  function reload(): Promise<void> {
    if (reloading && !reloading.started) return reloading.done;
    const before = reloading?.done.catch(() => undefined);
    const mine = { started: false, done: Promise.resolve() };
    mine.done = runOutsideRequests(async () => {
      await before;
      mine.started = true;
      await readMap();
    }).finally(() => {
      if (reloading === mine) reloading = null;
    });
    reloading = mine;
    return mine.done;
  }

  async function readMap(): Promise<void> {
    const [row] = await shards.directory.rows<MapRow>(sql`
      select version, changed.logical_shards, changed.owners,
        (select json_agg(json_build_object('name', name, 'url', url, 'is_open', is_open, 'pooler_url', pooler_url,
          'replica_urls', replica_urls)) from servers) as servers
      from map_version, (
        select coalesce(array_agg(logical_shard), '{}') as logical_shards, coalesce(array_agg(server), '{}') as owners
        from logical_shards where logical_shards.version > ${shards.version}) as changed`);
    if (!row) throw new Error('The directory has no map.');
    await Promise.all(row.servers.map(takeServer));
    const map = shards.map.length > 0 ? shards.map : Array.from<ShardServer>({ length: LOGICAL_SHARDS });
    for (const [at, logicalShard] of row.logical_shards.entries()) {
      const owner = known.get(row.owners[at] ?? '')?.server;
      if (owner) map[logicalShard] = owner;
    }
    mustBeWhole(map);
    if (row.logical_shards.length > 0 && shards.version > 0)
      shards.replicasFromMs = performance.now() + NO_REPLICAS_MS;
    shards.map = map;
    shards.version = Number(row.version);
  }

  /** The directory lies on the first server, so what is in front of that is in front of the directory too. */
  function takeDirectory(poolerUrl: string): void {
    if (poolerUrl === directoryPooler) return;
    const before = shards.directory;
    shards.directory = options.openDirectory(poolerUrl);
    directoryPooler = poolerUrl;
    closing.add(delay(CLOSE_AFTER_MS, before, { ref: false }).then((directory) => directory.close()));
  }

  async function takeServer(row: ServerRow): Promise<void> {
    if (row.name === FIRST_SERVER) takeDirectory(row.pooler_url);
    const way = JSON.stringify([row.url, row.pooler_url, row.replica_urls]);
    const before = known.get(row.name);
    if (before && before.way === way) {
      before.server.isOpen = row.is_open;
      return;
    }
    const opened = { ...options.open(row), isOpen: row.is_open };
    if (before) {
      closing.add(delay(CLOSE_AFTER_MS, { ...before.server }, { ref: false }).then(closeServer));
      Object.assign(before.server, opened);
      before.way = way;
      return;
    }
    const server = { name: row.name, ...opened };
    known.set(row.name, { server, way });
    shards.servers.push(server);
    const preparing = options.onServer(server);
    // What takes longer goes on beside it.
    preparing.catch(() => undefined);
    await Promise.race([preparing, delay(PREPARE_MAX_MS, undefined, { ref: false })]);
  }

  try {
    await makeFirstMap(shards.directory);
    await reload();
  } catch (error) {
    await shards.close();
    throw error;
  }
  if (options.canGrow) stop = watchMap(shards, options);
  return shards;
}

async function closeServer({ database, replicas }: ShardServer): Promise<void> {
  await replicas.close();
  await database.close();
}

/** Makes the map of a network that begins: all shards on the first server. */
async function makeFirstMap(directory: Database): Promise<void> {
  await directory.transaction(async (tx) => {
    await tx.rows(sql`insert into servers (name, url) values (${FIRST_SERVER}, '') on conflict do nothing`);
    await tx.rows(sql`
      insert into logical_shards (logical_shard, server)
      select shard, ${FIRST_SERVER} from generate_series(0, ${LOGICAL_SHARDS}::integer - 1) as shard
      where not exists (select from logical_shards) on conflict do nothing`);
  });
}

/** Gives what ends it. */
function watchMap(shards: Shards, options: Options): () => Promise<void> {
  const processId = randomUUID();
  let isStopped = false;
  let wake = () => {};
  let client: pg.Client | null = null;
  let sockets = openSockets();
  let hearText = (_text: string) => {};
  shards.listen = (hear) => {
    hearText = hear;
  };

  async function connect(): Promise<pg.Client> {
    sockets = openSockets();
    const opened = new pg.Client({
      ...options.directoryConnection,
      application_name: 'pinhole map',
      connectionTimeoutMillis: BEAT_MAX_MS,
      query_timeout: BEAT_MAX_MS,
      keepAlive: true,
      stream: sockets.make,
    });
    opened.on('error', () => wake());
    opened.on('notification', ({ channel, payload }) => {
      if (channel === TEXT_CHANNEL) hearText(payload ?? '');
      else wake();
    });
    await opened.connect();
    await opened.query(`listen pinhole_map; listen ${TEXT_CHANNEL}`);
    return opened;
  }

  /** Says which version is here; when there is a newer one, reads it and says so again. */
  async function beat(watcher: pg.Client): Promise<void> {
    for (;;) {
      const askedMs = performance.now();
      const { rows } = await watcher.query<{ version: string; is_switching: boolean }>(
        `insert into processes (process_id, name, map_version) values ($1, $2, $3)
         on conflict (process_id) do update set map_version = excluded.map_version, seen_at = now()
         returning (select version from map_version), exists (select from moves where state = 'switching') as is_switching`,
        [processId, `${hostname()} ${process.pid}`, shards.version],
      );
      const [row] = rows;
      if (Number(row?.version) === shards.version) {
        shards.confirmedMs = askedMs;
        if (row?.is_switching) lookAfterSwitch();
        return;
      }
      await shards.reload();
    }
  }

  /** Beside the beat: what it does waits for all processes to take up a new map, this one among them. */
  let looking: Promise<void> | null = null;
  function lookAfterSwitch(): void {
    looking ??= options
      .onSwitching()
      .catch(options.onError)
      .finally(() => {
        looking = null;
      });
  }

  async function run(): Promise<void> {
    while (!isStopped) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      let pauseMs = BEAT_MS;
      try {
        client ??= await connect();
        await beat(client);
      } catch (error) {
        pauseMs = AGAIN_MS;
        client = null;
        sockets.destroyAll();
        if (error instanceof Error) options.onError(error);
      }
      await Promise.race([delay(pauseMs, undefined, { ref: false }), woken]);
    }
    await client?.query('delete from processes where process_id = $1', [processId]).catch(() => undefined);
    sockets.destroyAll();
  }

  const running = run();
  return async () => {
    isStopped = true;
    wake();
    await running;
    await looking;
  };
}
