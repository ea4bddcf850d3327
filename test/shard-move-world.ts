/**
 * A small fleet, and members who write to it as the processes of the product do: by their map, drawn anew from the directory
 * when a server says that it does not own the shard. What was acknowledged to them is kept in a ledger, and compared.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { migrate } from '../server/infra/migrations.ts';
import type { Fleet } from '../server/infra/moves/links.ts';
import type { Limits } from '../server/infra/moves/session.ts';
import { takeBackAbandonedSwitch } from '../server/infra/moves/take-back.ts';
import { atEnd } from './closing.ts';
import { type PostgresServer, type ServerOptions, startPostgres } from './fleet.ts';

const root = path.resolve(import.meta.dirname, '..');
const SETTINGS = {
  wal_retrieve_retry_interval: '100ms',
  max_sync_workers_per_subscription: '4',
  max_logical_replication_workers: '10',
  max_worker_processes: '16',
  wal_receiver_timeout: '2s',
  wal_sender_timeout: '2s',
};
/**
 * Test processes say every 100 ms that they live, so nobody needs to wait long for one that is dead. Tests run side by
 * side on slow machines, where a pause as short as it must be would be tried for minutes.
 */
export const limits: Partial<Limits> = {
  silenceMs: 1_000,
  lateReadsMs: 0,
  pauseMs: 2_000,
  patienceMs: 100_000,
};
const GIVE_UP_MS = 30_000;

export type MoveWorld = {
  fleet: Fleet;
  directory: PostgresServer;
  servers: PostgresServer[];
  ask<Shape extends pg.QueryResultRow>(
    at: PostgresServer,
    text: string,
    values?: unknown[],
  ): Promise<Shape[]>;
};

/** The directory has a server of its own, so that each can be killed alone; all shards are on the first of the others, `a`. */
export async function openMoveWorld(names: string[], options: ServerOptions = {}): Promise<MoveWorld> {
  const settings = { ...SETTINGS, ...options.settings };
  const start = () => startPostgres({ ...options, settings });
  const [directory, ...servers] = await Promise.all([start(), ...names.map(start)]);
  if (!directory) throw new Error('No server.');
  await prepare(directory, 'pinhole_directory', 'directory');
  await Promise.all(servers.map((server) => prepare(server, 'pinhole_shard', 'shard')));
  for (const other of servers.slice(1)) await other.query('pinhole_shard', 'delete from owned_shards');
  for (const [at, name] of names.entries())
    await directory.query('pinhole_directory', 'insert into servers (name, url) values ($1, $2)', [
      name,
      servers[at]?.url('pinhole') ?? '',
    ]);
  await directory.query(
    'pinhole_directory',
    'insert into logical_shards (logical_shard, server) select generate_series(0, 8191), $1',
    [names[0]],
  );
  const fleet: Fleet = {
    directory: directory.connection('pinhole_directory'),
    servers: servers.map((server, at) => ({
      name: names[at] ?? '',
      connection: server.connection('pinhole_shard'),
      url: server.url('pinhole_shard'),
    })),
  };
  const ask = <Shape extends pg.QueryResultRow>(at: PostgresServer, text: string, values: unknown[] = []) =>
    at.query<Shape>(at === directory ? 'pinhole_directory' : 'pinhole_shard', text, values);
  return { fleet, directory, servers, ask };
}

async function prepare(server: PostgresServer, name: string, folder: string): Promise<void> {
  await server.query('postgres', `create database ${name}`);
  await migrate(server.connection(name), path.join(root, 'db', folder));
}

/** The watcher of a process: takes up each new map, says so, and looks after abandoned switches. */
export type TestProcess = {
  map: string[];
  reload(): Promise<void>;
  takenBack: string[];
  stop(): Promise<void>;
};

export async function startProcess({ fleet }: MoveWorld, name: string): Promise<TestProcess> {
  const id = randomUUID();
  let [isStopped, version] = [false, '0'];
  let client: pg.Client | null = null;
  let wake = () => {};
  const run: TestProcess = { map: [], takenBack: [], reload, stop };

  let reloading: Promise<void> | null = null;
  function reload(): Promise<void> {
    reloading ??= readAnew().finally(() => {
      reloading = null;
    });
    return reloading;
  }
  async function readAnew(): Promise<void> {
    const own = new pg.Client({ ...fleet.directory, connectionTimeoutMillis: 1_000, query_timeout: 1_000 });
    own.on('error', () => undefined);
    try {
      await own.connect();
      await readMap(own);
    } finally {
      close(own);
    }
  }
  async function readMap(from: pg.Client): Promise<void> {
    const { rows } = await from.query<{ shards: number[]; servers: string[]; version: string }>(
      `select array_agg(logical_shard) as shards, array_agg(server) as servers,
         (select version from map_version) as version from logical_shards where version > $1`,
      [run.map.length === 0 ? 0 : version],
    );
    const [read] = rows;
    if (!read || BigInt(read.version) < BigInt(version)) return;
    for (const [at, shard] of (read.shards ?? []).entries()) run.map[shard] = read.servers[at] ?? '';
    version = read.version;
  }
  async function beat(): Promise<void> {
    if (!client) {
      const opened = new pg.Client({
        ...fleet.directory,
        connectionTimeoutMillis: 1_000,
        query_timeout: 1_000,
      });
      opened.on('error', () => undefined);
      opened.on('notification', () => wake());
      client = opened;
      await opened.connect();
      await opened.query('listen pinhole_map');
    }
    await readMap(client);
    const { rows } = await client.query<{ state: string }>(
      `with beat as (insert into processes (process_id, name, map_version) values ($1, $2, $3)
         on conflict (process_id) do update set map_version = excluded.map_version, seen_at = now())
       select state from moves where state = 'switching'`,
      [id, name, version],
    );
    if (rows.length > 0) void takeBack();
  }
  let isTakingBack = false;
  async function takeBack(): Promise<void> {
    if (isTakingBack || isStopped) return;
    isTakingBack = true;
    const result = await takeBackAbandonedSwitch(fleet).catch(() => 'nothing');
    isTakingBack = false;
    if (result !== 'nothing') run.takenBack.push(result);
  }
  async function loop(): Promise<void> {
    while (!isStopped) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      await beat().catch(() => {
        if (client) close(client);
        client = null;
      });
      await Promise.race([delay(100), woken]);
    }
  }
  async function stop(): Promise<void> {
    isStopped = true;
    await running;
    if (client) close(client);
  }
  await reload();
  const running = loop();
  atEnd(stop);
  return run;
}

function close(client: pg.Client): void {
  client.end().catch(() => undefined);
  client.connection.stream.destroy();
}

/** `key`: table and key; the values that may stand there: one that was acknowledged, two after a commit without an answer. */
type Ledger = Map<string, (string | null)[]>;
type Change = [key: string, value: string | null];
type Act = { text: string; values: unknown[] }[];

export type Members = {
  ledger: Ledger;
  ids: string[];
  fenced: number;
  written: number;
  /** Why somebody was refused for good. */
  refused: string[];
  stop(): Promise<void>;
};

/** Each writes to accounts of its own, one act after another. */
export async function startMembers(
  world: MoveWorld,
  process: TestProcess,
  shards: number[],
  pauseMs = 4,
): Promise<Members> {
  const members: Members = { ledger: new Map(), ids: [], fenced: 0, written: 0, refused: [], stop };
  let isStopped = false;
  const running = shards.map((shard) => live(shard));
  async function stop(): Promise<void> {
    isStopped = true;
    await Promise.all(running);
  }
  atEnd(stop);

  async function live(shard: number): Promise<void> {
    const clients = new Map<string, pg.Client>();
    let account = '';
    const [posts, media, likes, sessions] = [[] as string[], [] as string[], [] as string[], [] as string[]];
    for (let turn = 0; !isStopped; turn++) {
      await attempt(shard, clients, (id) => {
        if (account === '') {
          account = id;
          return act('accounts', account, 'new', [
            `insert into accounts (account_id, handle, email, bio) values ($1, $1::bigint::text, '', 'new')`,
            [id],
          ]);
        }
        const [post, photo, like, session] = [posts.at(-1), media.at(-1), likes.at(-1), sessions.at(-1)];
        switch (turn < 4 ? turn - 1 : turn % 8) {
          case 0:
            posts.push(id);
            return act('posts', id, 'first', [
              `insert into posts (post_id, account_id, caption) values ($1, $2, 'first')`,
              [id, account],
            ]);
          case 1:
            media.push(id);
            return act('media', id, '0', [
              'insert into media (media_id, account_id) values ($1, $2)',
              [id, account],
            ]);
          case 2:
            likes.push(id);
            return act('likes', `${account}:${id}`, id, [
              'insert into likes (account_id, post_id, like_id) values ($1, $2, $2)',
              [account, id],
            ]);
          case 3:
            sessions.push(id);
            return act('sessions', id, 'new', [
              `insert into sessions (token_hash, session_id, account_id, kind, device_name, expires_at)
               values ($3, $1, $2, 'web', 'new', now())`,
              [id, account, randomBytes(16)],
            ]);
          case 4:
            return act('posts', post ?? '', id, [
              'update posts set caption = $2 where post_id = $1',
              [post, id],
            ]);
          case 5:
            return act('media', photo ?? '', `${turn}`, [
              `update media set revision = $2, edits = jsonb_build_object('n', $2::integer) where media_id = $1`,
              [photo, turn],
            ]);
          case 6:
            if (turn % 16 === 6)
              return act('likes', `${account}:${likes.pop()}`, null, [
                'delete from likes where account_id = $1 and post_id = $2',
                [account, like],
              ]);
            return act('sessions', session ?? '', null, [
              'delete from sessions where session_id = $1',
              [sessions.pop()],
            ]);
          default:
            return act('accounts', account, id, [
              'update accounts set bio = $2 where account_id = $1',
              [account, id],
            ]);
        }
      });
      await delay(pauseMs);
    }
    for (const client of clients.values()) close(client);
  }

  /** One act, tried until it is acknowledged. After a lost connection it may have happened or not: it is not done again. */
  async function attempt(
    shard: number,
    clients: Map<string, pg.Client>,
    choose: (id: string) => { change: Change; act: Act },
  ): Promise<void> {
    const startMs = performance.now();
    let chosen: { change: Change; act: Act } | null = null;
    for (;;) {
      const server = process.map[shard] ?? '';
      let isSent = false;
      try {
        const client = await clientOf(clients, server);
        if (!chosen) {
          const { rows } = await client.query<{ id: string; owned: boolean }>(
            'select next_id($1) as id, is_owned($1::bigint << 10) as owned',
            [shard],
          );
          // As the product does: an ID counts only where the shard is owned.
          if (!rows[0]?.owned) {
            members.fenced++;
            await process.reload().catch(() => undefined);
            continue;
          }
          members.ids.push(rows[0].id);
          chosen = choose(rows[0].id);
        }
        isSent = true;
        await client.query('begin');
        let rows = 0;
        for (const { text, values } of chosen.act) rows += (await client.query(text, values)).rowCount ?? 0;
        await client.query('commit');
        const [key, value] = chosen.change;
        // What was written without an answer may never have been there.
        const isThere = rows > 0 || members.ledger.get(key)?.includes(null) === false;
        members.ledger.set(key, [isThere ? value : null]);
        if (rows === 0 && isThere) members.refused.push(`${key} was not there`);
        members.written++;
        return;
      } catch (error) {
        if (error instanceof pg.DatabaseError && error.code === 'PHF01') {
          members.fenced++;
          await clients
            .get(server)
            ?.query('rollback')
            .catch(() => undefined);
          await process.reload().catch(() => undefined);
        } else if (error instanceof pg.DatabaseError && !/^(57P|08|53300)/.test(error.code ?? '')) {
          members.refused.push(`${error}`);
          return;
        } else {
          const client = clients.get(server);
          if (client) close(client);
          clients.delete(server);
          if (isSent && chosen) {
            const [key, value] = chosen.change;
            members.ledger.set(key, [...(members.ledger.get(key) ?? [null]), value]);
            return;
          }
        }
        if (performance.now() - startMs > GIVE_UP_MS) {
          members.refused.push(`${error}`);
          return;
        }
        await delay(5);
      }
    }
  }

  async function clientOf(clients: Map<string, pg.Client>, name: string): Promise<pg.Client> {
    const known = clients.get(name);
    if (known) return known;
    const server = world.fleet.servers.find((each) => each.name === name);
    const client = new pg.Client({
      ...server?.connection,
      connectionTimeoutMillis: 1_000,
      query_timeout: 5_000,
    });
    client.on('error', () => undefined);
    await client.connect();
    clients.set(name, client);
    return client;
  }
  return members;
}

function act(table: string, key: string, value: string | null, ...statements: [string, unknown[]][]) {
  return {
    change: [`${table} ${key}`, value] as Change,
    act: statements.map(([text, values]) => ({ text, values })),
  };
}
