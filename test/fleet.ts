/**
 * Real database servers for tests: PostgreSQL (Debian's, or the embedded one), streaming replicas, pgbouncer. They are
 * processes of their own on ports of their own, die with the test's process, and are removed at the end of the test file.
 *
 *   const fleet = await openFleet({ servers: 2 });         // the first is main, and holds the directory too
 *   const world = await openWorld({ fleet });              // a Pinhole on it; world.another(): a second process
 *   const [main, second] = fleet.servers;
 *   second.url(fleet.prefix)                               // what `./pinhole shard add second URL` is given
 *   await second.kill(); await second.start();             // kill -9 of all its processes; again, with crash recovery
 *   await second.cut(); await second.heal();               // with link: 'network', packets vanish both ways
 *   await second.proxy?.delay(2_000);                      // with link: 'proxy'; see tcp-proxy.ts
 *   const replica = await startReplica(second);            // replica.pauseReplay(), replica.resumeReplay()
 *   const pooler = await startPgbouncer((port, users) => pgbouncerConfig({ … }));
 */
import { execFile } from 'node:child_process';
import { chown, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { readConfig } from '../server/config.ts';
import {
  commandFor,
  findPrograms,
  isAlive,
  type Programs,
  prepareData,
  USER,
} from '../server/infra/postgres-root.ts';
import { findPgbouncer, findPostgresBin } from '../server/main/admin/programs.ts';
import type { Connect } from '../server/main/app.ts';
import { startDatabase } from '../server/main/database.ts';
import { atEnd, mendAtEnd } from './closing.ts';
import { type Daemon, freeServerPort, startDaemon } from './daemon.ts';
import { type Host, type Network, openNetwork, TEST_ADDRESSES } from './network.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

const run = promisify(execFile);
const FOLDER = 'pinhole-test-fleet-';
/** Of a connection or statement of the tests' own: a server that is cut off never says that it is. */
const ANSWER_MAX_MS = 60_000;
const PROGRAM_MAX_MS = 60_000;
const END_MAX_MS = 5_000;

/**
 * How the server is reached. straight: on 127.0.0.1. network: in a network of its own where packets can vanish, or, on a
 * machine that allows none, through a proxy that can hang. proxy: through a proxy.
 */
type Link = 'straight' | 'network' | 'proxy';
export type ServerOptions = { settings?: Record<string, string>; link?: Link; isEmbedded?: boolean };

/** `kill`: kill -9 of all its processes, gone when it returns. `stop`: in good order. `start`: again, after either. */
export type PostgresServer = Daemon & {
  /** As it is reached: with a proxy, that one's. */
  host: string;
  port: number;
  dataDir: string;
  /** postgres://pinhole@HOST:PORT/PREFIX */
  url(prefix: string): string;
  connection(database: string): pg.ClientConfig;
  /** On a connection of its own. */
  query<Shape extends pg.QueryResultRow>(
    database: string,
    text: string,
    values?: unknown[],
  ): Promise<Shape[]>;
  /** Only with the links network and proxy. What was open hangs, what is opened hangs; nothing is closed. */
  cut(): Promise<void>;
  heal(): Promise<void>;
  proxy: TcpProxy | null;
};
export type Replica = PostgresServer & { pauseReplay(): Promise<void>; resumeReplay(): Promise<void> };
export type Pooler = Daemon & {
  port: number;
  url(prefix: string): string;
  connection(database: string): pg.ClientConfig;
};
export type Fleet = {
  servers: [PostgresServer, ...PostgresServer[]];
  /** PINHOLE_DATABASE, and what main/database.ts makes of it. */
  databaseUrl: string;
  connect: Connect;
  prefix: string;
};

/** The same for all; what a test names comes after these. */
const SETTINGS = {
  wal_level: 'logical',
  max_connections: '200',
  shared_buffers: '64MB',
  jit: 'off',
  timezone: 'UTC',
  unix_socket_directories: '',
};

/** Starts as many servers; the first is main. Two take about a second. */
export async function openFleet(options: ServerOptions & { servers: number }): Promise<Fleet> {
  const { servers: count, ...each } = options;
  const [main, ...others] = await Promise.all(Array.from({ length: count }, () => startPostgres(each)));
  if (!main) throw new Error('A fleet has one server at least.');
  const prefix = 'pinhole';
  const databaseUrl = main.url(prefix);
  const { connect } = await startDatabase({ ...readConfig({}), databaseUrl });
  return { servers: [main, ...others], databaseUrl, connect, prefix };
}

export async function startPostgres(options: ServerOptions = {}): Promise<PostgresServer> {
  const { folder, programs, template } = await prepareOnce(options.isEmbedded ?? false);
  const dataDir = path.join(await mkdtemp(path.join(folder, 'server-')), 'postgres');
  await run('cp', ['-Rp', template, dataDir], { timeout: PROGRAM_MAX_MS });
  return startOn(dataDir, programs, options);
}

/** A copy of all of a server's databases that follows it, by a replication slot of its own. */
export async function startReplica(primary: PostgresServer, options: ServerOptions = {}): Promise<Replica> {
  const { folder, programs } = await prepareOnce(false);
  const parent = await mkdtemp(path.join(folder, 'replica-'));
  const dataDir = path.join(parent, 'postgres');
  await mkdir(dataDir, { mode: 0o700 });
  if (programs.way.account) await chown(dataDir, programs.way.account.uid, programs.way.account.gid);
  const from = `host=${primary.host} port=${primary.port} user=${USER}`;
  const slot = path
    .basename(parent)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '_');
  const copying = ['-d', from, '-D', dataDir, '-R', '-C', '-S', slot, '-c', 'fast', '-X', 'stream'];
  const copy = commandFor(programs, 'pg_basebackup', copying);
  await run(copy.file, copy.args, { ...copy.options, timeout: PROGRAM_MAX_MS });
  const server = await startOn(dataDir, programs, options);
  return {
    ...server,
    pauseReplay: async () => {
      await server.query('postgres', 'select pg_wal_replay_pause()');
    },
    resumeReplay: async () => {
      await server.query('postgres', 'select pg_wal_replay_resume()');
    },
  };
}

/** `configure` gives pgbouncer.ini, for a free port and the file that holds `user`: a line like "name" "password". */
export async function startPgbouncer(
  configure: (port: number, userFile: string) => string,
  user = `"${USER}" ""`,
): Promise<Pooler> {
  const [program, { folder, programs }] = [await findPgbouncer(), await prepareOnce(false)];
  const parent = await mkdtemp(path.join(folder, 'pgbouncer-'));
  const [port, ini, users] = [await freeServerPort(), path.join(parent, 'ini'), path.join(parent, 'users')];
  await writeFile(users, `"${USER}" ""\n${user}\n`);
  await writeFile(ini, configure(port, users));
  const { account } = programs.way;
  if (account) for (const each of [parent, ini, users]) await chown(each, account.uid, account.gid);
  const connection = connectTo('127.0.0.1', port);
  const daemon = await startDaemon({
    ...inWay(programs, program, [ini]),
    logFile: path.join(parent, 'log'),
    stopSignal: 'SIGTERM',
    isReady: () => answers(connection('pgbouncer')),
  });
  atEnd(daemon.kill);
  return { ...daemon, port, url: (prefix) => urlOf('127.0.0.1', port, prefix), connection };
}

type Prepared = { folder: string; programs: Programs; template: string };
const prepared = new Map<boolean, Promise<Prepared>>();

/** Made once, and copied for each server: a copy takes a tenth of the time. */
function prepareOnce(isEmbedded: boolean): Promise<Prepared> {
  const known = prepared.get(isEmbedded);
  if (known) return known;
  const preparing = prepare(isEmbedded);
  prepared.set(isEmbedded, preparing);
  return preparing;
}

async function prepare(isEmbedded: boolean): Promise<Prepared> {
  await sweep();
  const folder = await mkdtemp(path.join(tmpdir(), `${FOLDER}${process.pid}-`));
  atEnd(async () => {
    prepared.delete(isEmbedded);
    await rm(folder, { recursive: true, force: true });
  });
  const wanted = path.join(folder, 'template');
  const debian = isEmbedded ? undefined : await findBinDir();
  const programs = await findPrograms(wanted, debian);
  const template = await prepareData(wanted, programs);
  const lines = ['all', 'replication'].map((what) => `host ${what} all ${TEST_ADDRESSES} trust\n`);
  await writeFile(path.join(template, 'pg_hba.conf'), lines.join(''), { flag: 'a' });
  return { folder, programs, template };
}

/** What processes left that did not come to their end. Their servers have ended with them. */
async function sweep(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = name.startsWith(FOLDER) ? Number.parseInt(name.slice(FOLDER.length), 10) : 0;
    if (pid > 0 && !isAlive(pid)) await rm(path.join(tmpdir(), name), { recursive: true, force: true });
  }
}

async function findBinDir(): Promise<string> {
  return process.env.PINHOLE_TEST_POSTGRES_BIN ?? (await findPostgresBin());
}

/** A server on data that is there already. */
export async function startOn(
  dataDir: string,
  programs: Programs,
  options: ServerOptions,
): Promise<PostgresServer> {
  const link = options.link ?? 'straight';
  const network = link === 'network' ? await findNetwork() : null;
  const host = await network?.addHost();
  const [address, port] = [host?.address ?? '127.0.0.1', await freeServerPort()];
  const all = { ...SETTINGS, listen_addresses: address, port: String(port), ...options.settings };
  const args = ['-D', dataDir, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
  const straight = connectTo(address, port);
  const daemon = await startDaemon({
    ...inWay(programs, path.join(programs.binDir, 'postgres'), args, host),
    logFile: `${dataDir}.log`,
    stopSignal: 'SIGINT',
    isReady: () => answers(straight('postgres')),
  });
  atEnd(daemon.kill);
  const proxy = link === 'straight' || host ? null : await startTcpProxy({ host: address, port });
  if (proxy) atEnd(proxy.stop);
  const heal = host?.heal ?? proxy?.pass;
  if (heal) mendAtEnd(heal);
  const at = { host: proxy ? '127.0.0.1' : address, port: proxy?.port ?? port };
  const connection = connectTo(at.host, at.port);
  const never = () =>
    Promise.reject(new Error("Only a server with the link 'network' or 'proxy' can be cut off."));
  return {
    ...daemon,
    ...at,
    dataDir,
    proxy,
    url: (prefix) => urlOf(at.host, at.port, prefix),
    connection,
    async query<Shape extends pg.QueryResultRow>(database: string, text: string, values: unknown[] = []) {
      return withClient(
        connection(database),
        async (client) => (await client.query<Shape>(text, values)).rows,
      );
    },
    cut: host?.cut ?? proxy?.hang ?? never,
    heal: heal ?? never,
  };
}

let network: Promise<Network | null> | undefined;
function findNetwork(): Promise<Network | null> {
  if (network) return network;
  atEnd(async () => {
    network = undefined;
  });
  network = openNetwork((reason) => console.log(`${reason} A proxy stands in for it.`));
  return network;
}

/** A command that runs as PostgreSQL can, in the host's network, and ends with this process however that ends. */
function inWay({ binDir, way, ...more }: Programs, program: string, given: string[], host?: Host) {
  const { options } = commandFor({ binDir, way, ...more }, 'postgres', []);
  const { uid, gid } = way.account ?? {};
  const mortal = process.platform === 'linux' ? ['setpriv', '--pdeathsig', 'KILL'] : [];
  if (!host) {
    const [file = program, ...args] = [...way.wrapper, ...mortal, program, ...given];
    return { file, args, options };
  }
  // Only root may enter the network: the account changes after that.
  const as = way.account ? [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'] : [];
  const [file = program, ...args] = [...host.command, ...way.wrapper, ...mortal, ...as, program, ...given];
  return { file, args, options: { env: options.env, cwd: options.cwd } };
}

const connectTo =
  (host: string, port: number) =>
  (database: string): pg.ClientConfig => ({ host, port, user: USER, database, ssl: false });
const urlOf = (host: string, port: number, prefix: string) => `postgres://${USER}@${host}:${port}/${prefix}`;

/** That it refuses somebody is an answer too, but not that it is still starting (57P03). */
async function answers(connection: pg.ClientConfig): Promise<boolean> {
  return withClient(connection, async () => undefined).then(
    () => true,
    (error) => error instanceof pg.DatabaseError && error.code !== '57P03',
  );
}

/** A connection of its own, which waits for nothing longer than a minute. */
export async function withClient<Result>(
  connection: pg.ClientConfig,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({
    connectionTimeoutMillis: ANSWER_MAX_MS,
    query_timeout: ANSWER_MAX_MS,
    ...connection,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    const ended = client.end().catch(() => undefined);
    await Promise.race([ended, delay(END_MAX_MS, undefined, { ref: false })]);
  }
}
