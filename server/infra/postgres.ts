// Runs a real PostgreSQL for a Pinhole without configuration: starts the server on a unix socket, keeps it
// running, stops it. What comes before the start is in postgres-root.ts.
//
// - The server is a process of its own, in its own process group: it outlives a crash of Pinhole, and the next
//   Pinhole adopts it. PostgreSQL's own files (postmaster.pid) say what is running, nothing of ours.
// - One connection, held as long as we run, carries an advisory lock that says "in use by a living Pinhole"; when
//   it breaks, that is also the sign that the server stopped, whether we started or adopted it.
// - The only way in is the socket, in a folder that only its owner may enter: hence no passwords.
// - Nothing here weakens durability (fsync, synchronous_commit, full_page_writes).
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { copyFile, mkdir, readFile, readlink, realpath, rm, stat, truncate } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client } from 'pg';
import {
  commandFor,
  findPrograms,
  hasCode,
  isAlive,
  makeSocketFolder,
  PORT,
  type Programs,
  prepareData,
  USER,
} from './postgres-root.ts';

const run = promisify(execFile);

export const LOCK_KEY = 7_064_011_235; // any number that no one else uses in the database "postgres"
const LOCK_WAIT_MS = 1000;
const POLL_MS = 10;
const MAX_ATTEMPTS = 3;
const SLOW_MS = 2000;
const START_LIMIT_MS = 10 * 60_000; // recovery after a crash replays at most max_wal_size
const FAST_STOP_LIMIT_MS = 10_000;
const IMMEDIATE_STOP_LIMIT_MS = 10_000;
const MAX_SPAWNS = 20;
const SPAWN_AGAIN_MS = 250;
const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 30_000;
const STEADY_MS = 60_000;
const MAX_LOG_BYTES = 10 * 1024 * 1024;
const LOG_CHECK_MS = 60 * 60_000;

/** For a small machine: little memory when idle, enough for tens of connections. */
const defaultSettings = {
  shared_buffers: '64MB',
  max_connections: '60',
  jit: 'off',
  max_worker_processes: '2',
  max_parallel_workers_per_gather: '0',
  max_logical_replication_workers: '0',
  wal_level: 'replica',
  max_wal_senders: '2',
  max_wal_size: '512MB',
  log_checkpoints: 'off',
  log_timezone: 'UTC',
  timezone: 'UTC',
};

export type EmbeddedPostgres = {
  /** Give it to pg as `host`; the port is the usual one, and there is no password. */
  socketDir: string;
  user: string;
  /** As the server says it, such as "18.4". */
  version: string;
  stop(): Promise<void>;
};

type Options = {
  dataDir: string;
  binDir?: string;
  say(line: string): void;
  settings?: Record<string, string>;
};

type Server = {
  dataDir: string;
  socketDir: string;
  logFile: string;
  programs: Programs;
  serverArguments: string[];
  say(line: string): void;
  lock: Client | null;
  /** 0 while it is not running. */
  pid: number;
  version: string;
  retryMs: number;
  upSinceMs: number;
  reviving: Promise<void>;
  stopping: AbortController;
};

type Postmaster = { pid: number; socketDir: string };

/**
 * Starts PostgreSQL on the data folder, or adopts the server that still runs on it. When the server stops by
 * itself it is started again, and callers need only reconnect. Throws a sentence for the operator when the folder
 * is used by another Pinhole, was made by another major version, or PostgreSQL cannot run here.
 */
export async function startEmbeddedPostgres(options: Options): Promise<EmbeddedPostgres> {
  const parent = dirname(resolve(options.dataDir));
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const wantedDataDir = join(await realpath(parent), basename(options.dataDir));
  const programs = await findPrograms(wantedDataDir, options.binDir);
  const preparing = prepareData(wantedDataDir, programs);
  const dataDir = await sayIfSlow(options.say, 'Preparing the database (first run) …', preparing);
  const socketDir = await makeSocketFolder(programs, dataDir);
  const server: Server = {
    dataDir,
    socketDir,
    logFile: join(dirname(dataDir), 'postgres.log'),
    programs,
    serverArguments: listArguments(dataDir, socketDir, programs.major, options.settings ?? {}),
    say: options.say,
    lock: null,
    pid: 0,
    version: '',
    retryMs: FIRST_RETRY_MS,
    upSinceMs: 0,
    reviving: Promise.resolve(),
    stopping: new AbortController(),
  };
  await boundLog(server.logFile);
  // So that an unexpected end of this process stops the server in good order, rather than leave it for adoption.
  const stopAtExit = () => signal(server.pid, 'SIGINT');
  process.once('exit', stopAtExit);
  const logTimer = setInterval(() => void boundLog(server.logFile).catch(() => {}), LOG_CHECK_MS).unref();
  const letGo = () => {
    process.off('exit', stopAtExit);
    clearInterval(logTimer);
  };
  try {
    await bringUp(server);
  } catch (error) {
    letGo(); // the server may serve another Pinhole
    throw error;
  }
  let stopped: Promise<void> | null = null;
  const stop = () => {
    stopped ??= stopServer(server).finally(letGo);
    return stopped;
  };
  return { socketDir: server.socketDir, user: USER, version: server.version, stop };
}

function listArguments(dataDir: string, socketDir: string, major: number, settings: Record<string, string>) {
  const all: Record<string, string> = {
    listen_addresses: '',
    unix_socket_directories: socketDir,
    port: String(PORT),
    ...defaultSettings,
    ...(major >= 18 ? { io_method: 'sync' } : {}), // its default keeps three more processes
    ...settings,
  };
  return ['-D', dataDir, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}

/** Gets a running server and the lock on it. A server left over with other settings or programs is replaced. */
async function bringUp(server: Server): Promise<void> {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    const client = await reachServer(server);
    let hasEnded = false;
    client.once('end', () => {
      hasEnded = true;
      if (server.lock === client) server.reviving = revive(server);
    });
    try {
      await takeLock(server, client);
      const postmaster = await findPostmaster(server.dataDir);
      const isWanted = postmaster !== null && (attempt > 1 || (await isAsWanted(server, postmaster)));
      if (isWanted && !hasEnded) {
        server.lock = client;
        server.pid = postmaster.pid;
        server.upSinceMs = Date.now();
        return;
      }
      if (postmaster) await stopPostmaster(server.dataDir, postmaster.pid);
    } catch (error) {
      if (!hasEnded) {
        await client.end();
        throw error;
      }
    }
  }
  throw new Error(`The database stops as soon as it has started; see ${server.logFile}.`);
}

/** Connects to the server on our data folder; starts it if none runs, and waits as long as it recovers. */
async function reachServer(server: Server): Promise<Client> {
  const deadlineMs = Date.now() + START_LIMIT_MS;
  const hasCrashed = await stat(join(server.dataDir, 'postmaster.pid')).then(
    () => true,
    () => false,
  );
  const line = hasCrashed ? 'Recovering the database after a crash …' : 'Starting the database …';
  const slow = setTimeout(() => server.say(line), SLOW_MS);
  let child: ChildProcess | null = null;
  let logOffset = 0;
  try {
    for (let spawns = 0; ; ) {
      server.stopping.signal.throwIfAborted();
      const postmaster = await findPostmaster(server.dataDir);
      if (!postmaster && !isStarting(child)) {
        if (child) await throwUnlessWorthAnotherTry(server, logOffset, spawns);
        await clearStaleLock(join(server.dataDir, 'postmaster.pid'));
        await clearStaleLock(join(server.socketDir, `.s.PGSQL.${PORT}.lock`));
        logOffset = (await stat(server.logFile).catch(() => null))?.size ?? 0;
        child = spawnPostmaster(server);
        server.pid = child.pid ?? 0;
        spawns += 1;
      }
      const client = await tryToConnect(postmaster?.socketDir ?? server.socketDir);
      if (client) return client;
      if (Date.now() > deadlineMs) throw new Error(`The database did not start; see ${server.logFile}.`);
      await delay(POLL_MS);
    }
  } finally {
    clearTimeout(slow);
  }
}

/** The server process on this data folder, if one is alive. */
async function findPostmaster(dataDir: string): Promise<Postmaster | null> {
  // Lines: process number, data folder, start time, port, socket folder, …
  const text = await readFile(join(dataDir, 'postmaster.pid'), 'utf8').catch(() => '');
  const lines = text.split('\n');
  const pid = Number(lines[0]);
  const socketDir = lines[4];
  return pid > 0 && socketDir && (await isPostmaster(pid, dataDir)) ? { pid, socketDir } : null;
}

/** True if this process is the server of this folder, and not another one that later got the same number. */
async function isPostmaster(pid: number, dataDir: string): Promise<boolean> {
  if (!isAlive(pid)) return false;
  if (process.platform !== 'linux') {
    const { stdout } = await run('ps', ['-o', 'args=', '-p', String(pid)]).catch(() => ({ stdout: '' }));
    return stdout.includes(dataDir);
  }
  // The server's working folder is its data folder. A dead process that nobody waited for has none.
  return readlink(`/proc/${pid}/cwd`).then(
    (folder) => folder === dataDir,
    (error) => hasCode(error, 'EACCES'),
  );
}

function isStarting(child: ChildProcess | null): boolean {
  return child !== null && child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

/**
 * PostgreSQL replaces a lock file whose process is gone. It cannot know that a living process with that number is
 * a different program, as happens after a reboot or in a container; we can.
 */
async function clearStaleLock(file: string): Promise<void> {
  const [pid, dataDir = ''] = (await readFile(file, 'utf8').catch(() => '')).split('\n');
  const isStale = Number(pid) > 0 && isAlive(Number(pid)) && !(await isPostmaster(Number(pid), dataDir));
  if (isStale) await rm(file, { force: true });
}

function spawnPostmaster(server: Server): ChildProcess {
  const { file, args, options } = commandFor(server.programs, 'postgres', server.serverArguments);
  const log = openSync(server.logFile, 'a', 0o600);
  try {
    // Detached: the terminal's Ctrl-C is for Pinhole, which first drains and then stops the database.
    const child = spawn(file, args, { ...options, detached: true, stdio: ['ignore', log, log] });
    child.once('error', (error) => server.say(`The database could not be started: ${error.message}`));
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}

/** What is left of a dead server (or another Pinhole that starts now) passes; any other reason ends the start. */
async function throwUnlessWorthAnotherTry(server: Server, logOffset: number, spawns: number): Promise<void> {
  const log = await readFile(server.logFile);
  const written = log.subarray(logOffset).toString();
  const reasons = written.match(/(FATAL|PANIC|HINT|postgres): .*/g)?.slice(-3) ?? [];
  const willPass = /still in use|already exists|is being used/.test(written) && spawns < MAX_SPAWNS;
  if (!willPass) throw new Error(`The database did not start: ${reasons.join(' ')} (see ${server.logFile})`);
  await delay(SPAWN_AGAIN_MS);
}

/** A connection, or null if the server is not ready yet; throws if it never will be. */
async function tryToConnect(socketDir: string): Promise<Client | null> {
  const client = new Client({ host: socketDir, port: PORT, user: USER, database: 'postgres', ssl: false });
  client.on('error', () => {}); // 'end' follows, and says the same
  try {
    await client.connect();
    return client;
  } catch (error) {
    await client.end().catch(() => {});
    const isRefused = error instanceof Error && 'code' in error && /^(28|3D)/.test(String(error.code));
    if (isRefused)
      throw new Error(`The database does not let Pinhole in: ${error.message}`, { cause: error });
    return null;
  }
}

/** Takes the lock that a living Pinhole holds; waits a moment for one that is just ending. */
async function takeLock(server: Server, client: Client): Promise<void> {
  const sql = `SELECT pg_try_advisory_lock($1) AS "isOurs", current_setting('server_version') AS version`;
  const deadlineMs = Date.now() + LOCK_WAIT_MS;
  for (;;) {
    const { rows } = await client.query<{ isOurs: boolean; version: string }>(sql, [LOCK_KEY]);
    server.version = rows[0]?.version ?? '';
    if (rows[0]?.isOurs) return;
    if (Date.now() > deadlineMs) {
      throw new Error(
        `Another Pinhole is running with the data in ${dirname(server.dataDir)}: stop it first.`,
      );
    }
    await delay(POLL_MS);
  }
}

/** False for a server that was adopted and has other programs, settings or socket than we would start it with. */
async function isAsWanted(server: Server, postmaster: Postmaster): Promise<boolean> {
  const started = await readFile(join(server.dataDir, 'postmaster.opts'), 'utf8').catch(() => '');
  const wanted = server.serverArguments.map((argument) => ` "${argument}"`).join('');
  const isSame = started.trimEnd().endsWith(wanted) && postmaster.socketDir === server.socketDir;
  return isSame && server.version === server.programs.version;
}

/** Runs when the lock's connection broke: brings the server back, however long that takes. */
async function revive(server: Server): Promise<void> {
  const { signal } = server.stopping;
  server.lock = null;
  server.pid = 0;
  if (signal.aborted) return;
  server.say('The database stopped by itself; starting it again …');
  if (Date.now() - server.upSinceMs > STEADY_MS) server.retryMs = FIRST_RETRY_MS;
  while (!signal.aborted) {
    await delay(server.retryMs, undefined, { signal }).catch(() => {});
    server.retryMs = Math.min(2 * server.retryMs, MAX_RETRY_MS);
    try {
      await bringUp(server);
      server.say('The database is running again.');
      return;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (!signal.aborted) server.say(`The database is not back yet: ${reason}`);
    }
  }
}

async function stopServer(server: Server): Promise<void> {
  server.stopping.abort();
  await server.reviving;
  const postmaster = await findPostmaster(server.dataDir);
  if (postmaster) await stopPostmaster(server.dataDir, postmaster.pid);
  await server.lock?.end();
}

/** Stops in good order; if that takes too long, at once (the next start then recovers, without loss). */
async function stopPostmaster(dataDir: string, pid: number): Promise<void> {
  const steps = [
    ['SIGINT', FAST_STOP_LIMIT_MS],
    ['SIGQUIT', IMMEDIATE_STOP_LIMIT_MS],
  ] as const;
  for (const [name, limitMs] of steps) {
    signal(pid, name);
    const deadlineMs = Date.now() + limitMs;
    while (Date.now() < deadlineMs) {
      if (!(await isPostmaster(pid, dataDir))) return;
      await delay(POLL_MS);
    }
  }
  throw new Error(`The database (process ${pid}) does not stop.`);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    if (pid > 0) process.kill(pid, name);
  } catch {
    // It is gone already.
  }
}

/** Keeps at most two logs of the allowed size. Copied, not renamed: the server goes on writing to the same file. */
async function boundLog(logFile: string): Promise<void> {
  const { size } = await stat(logFile).catch(() => ({ size: 0 }));
  if (size <= MAX_LOG_BYTES) return;
  await copyFile(logFile, `${logFile}.1`);
  await truncate(logFile);
}

async function sayIfSlow<T>(say: (line: string) => void, line: string, work: Promise<T>): Promise<T> {
  const timer = setTimeout(() => say(line), SLOW_MS);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}
