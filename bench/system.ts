/**
 * What the scenarios share: the real product as a child process, on a folder of its own that is removed at the end;
 * load that is made in processes of its own; and what the product's processes cost, read from /proc.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { root } from '../server/main/app.ts';
import { OperatorFault } from '../server/main/progress.ts';

export type Figures = Record<string, number>;
/** `seconds` bounds the measured part, `entries` the map's; null: as the scenario likes. */
export type Wish = { seconds: number | null; entries: number | null; photosFolder: string | null };
export type Scenario = {
  name: string;
  about: string;
  measure(bench: Bench, wish: Wish): Promise<Figures>;
};
/** `closing` runs from its end to its start, whatever happens. */
export type Bench = { folder: string; closing: (() => Promise<unknown>)[]; closed: Promise<void> | null };

export type System = {
  base: string;
  port: number;
  dataDir: string;
  /** Gives the ms until the first page was answered with 200. */
  start(): Promise<number>;
  stop(): Promise<void>;
  pid(): number;
  /** The one-time code for the admin account, once printed. */
  code(): Promise<string>;
};

const POLL_MS = 5;
const START_MAX_MS = 300_000;
const STOP_MAX_MS = 30_000;
const CODE_MAX_MS = 10_000;
const QUIET_MAX_MS = 60_000;

export function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

export async function withBench<Result>(work: (bench: Bench) => Promise<Result>): Promise<Result> {
  if (process.platform !== 'linux') throw new OperatorFault('The benchmarks read /proc, and so need Linux.');
  const folder = await mkdtemp(path.join(tmpdir(), 'pinhole-bench-'));
  const bench: Bench = {
    folder,
    closing: [() => rm(folder, { recursive: true, force: true })],
    closed: null,
  };
  const onSignal = () => void closeAll(bench).finally(() => process.exit(130));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, onSignal);
  try {
    return await work(bench);
  } finally {
    await closeAll(bench);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, onSignal);
  }
}

/** Called a second time, by a signal while the first is under way, waits for the same. */
function closeAll(bench: Bench): Promise<void> {
  bench.closed ??= (async () => {
    for (let close = bench.closing.pop(); close; close = bench.closing.pop())
      await close().catch((fault: Error) => tell(`  left behind: ${fault.message}`));
  })();
  return bench.closed;
}

/** Not started yet; stopped at the end by itself. `name` is the data's folder, `settings` are for the environment. */
export async function prepareSystem(
  bench: Bench,
  name: string,
  settings: Record<string, string> = {},
): Promise<System> {
  const port = await findFreePort();
  const base = `http://127.0.0.1:${port}`;
  const dataDir = path.join(bench.folder, name);
  let child: ChildProcess | null = null;
  let output = '';
  const system: System = {
    base,
    port,
    dataDir,
    async start() {
      const startMs = performance.now();
      output = '';
      child = spawnPinhole(['up'], { PINHOLE_DATA: dataDir, PINHOLE_PORT: String(port), ...settings });
      hear(child, (text) => {
        output += text;
      });
      while (!(await answersPage(base))) {
        if (child.exitCode !== null || performance.now() - startMs > START_MAX_MS)
          throw new Error(`Pinhole did not start:\n${output}`);
        await delay(POLL_MS);
      }
      return performance.now() - startMs;
    },
    async stop() {
      const running = child;
      child = null;
      if (!running) return;
      await endChild(running, 'SIGTERM', STOP_MAX_MS);
      await endDatabase(dataDir);
    },
    pid() {
      if (child?.pid === undefined) throw new Error('Pinhole is not running.');
      return child.pid;
    },
    code: () =>
      until(CODE_MAX_MS, 'the code is printed', async () => /code for it is (\S+)/.exec(output)?.[1] ?? null),
  };
  bench.closing.push(system.stop);
  return system;
}

export async function startSystem(bench: Bench, settings: Record<string, string> = {}): Promise<System> {
  const system = await prepareSystem(bench, 'data', settings);
  await system.start();
  return system;
}

function spawnPinhole(args: string[], settings: Record<string, string>): ChildProcess {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('PINHOLE_'));
  return spawn(path.join(root, 'pinhole'), args, {
    cwd: root,
    env: {
      ...Object.fromEntries(kept),
      PINHOLE_SIGN_UPS_PER_HOUR: '1000000',
      PINHOLE_POSTS_PER_HOUR: '1000000',
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    // Ctrl-C is for the benchmark, which then stops its children one by one.
    detached: true,
  });
}

function hear({ stdout, stderr }: ChildProcess, tell: (text: string) => void): void {
  for (const stream of [stdout, stderr]) stream?.setEncoding('utf8').on('data', tell);
}

/** A verb that ends by itself; throws with what it said when it fails. */
export async function runPinhole(
  bench: Bench,
  args: string[],
  settings: Record<string, string>,
): Promise<string> {
  const child = spawnPinhole(args, settings);
  bench.closing.push(() => endChild(child, 'SIGTERM', STOP_MAX_MS));
  let output = '';
  hear(child, (text) => {
    output += text;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`./pinhole ${args.join(' ')} ended with ${code}:\n${output}`);
  return output;
}

async function endChild(child: ChildProcess, signal: NodeJS.Signals, maxMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), maxMs);
  await ended;
  clearTimeout(timer);
}

/** The database outlives a Pinhole that had to be killed; its file is gone when it stopped in good order. */
async function endDatabase(dataDir: string): Promise<void> {
  const file = path.join(dataDir, 'postgres/postmaster.pid');
  const read = async () => Number.parseInt(await readFile(file, 'utf8').catch(() => '0'), 10);
  const pid = await read();
  if (!(pid > 0)) return;
  process.kill(pid, 'SIGINT');
  await until(STOP_MAX_MS, 'the database stops', async () => ((await read()) > 0 ? null : true));
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('There is no free port.');
  return address.port;
}

function answersPage(base: string): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(`${base}/`, { agent: false, headers: { accept: 'text/html' } }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode === 200));
    });
    request.on('error', () => resolve(false));
  });
}

/** Asks again until there is an answer; throws when there is none in time. */
export async function until<Answer>(
  maxMs: number,
  what: string,
  ask: () => Promise<Answer | null>,
): Promise<Answer> {
  for (const startMs = performance.now(); performance.now() - startMs < maxMs; await delay(20)) {
    const answer = await ask();
    if (answer !== null) return answer;
  }
  throw new Error(`Waited for ${maxMs / 1_000} s until ${what}.`);
}

/** Runs a file of this folder in a process of its own: one message in, one message out. */
export async function inChild<Reply>(bench: Bench, file: URL, plan: object): Promise<Reply> {
  const child = startChild(bench, file, plan);
  const [reply] = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => {
      throw new Error(`The process of ${path.basename(file.pathname)} ended without a result.`);
    }),
  ]);
  await endChild(child, 'SIGTERM', STOP_MAX_MS);
  return reply as Reply;
}

export function startChild(bench: Bench, file: URL, plan: object): ChildProcess {
  const child = fork(file, { serialization: 'advanced' });
  bench.closing.push(() => endChild(child, 'SIGTERM', STOP_MAX_MS));
  child.send(plan);
  return child;
}

// the database, from the side -----------------------------------------------------------------------------------

export async function withDatabase<Result>(
  system: System,
  database: string,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ ...(await findSocket(system)), database, application_name: 'bench' });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

export async function findSocket(system: System) {
  const lines = (await readFile(path.join(system.dataDir, 'postgres/postmaster.pid'), 'utf8')).split('\n');
  return { host: lines[4] ?? '', port: 5432, user: 'pinhole', ssl: false };
}

/** Waits until all jobs are done; gives the ms that took. */
export async function settle(system: System): Promise<number> {
  const startMs = performance.now();
  await withDatabase(system, 'pinhole_shard', (client) =>
    until(QUIET_MAX_MS, 'all jobs are done', async () => {
      const { rows } = await client.query(
        "select 1 from jobs.job where state < 'completed' and name <> 'dead' limit 1",
      );
      return rows.length === 0 ? true : null;
    }),
  );
  return performance.now() - startMs;
}

export function median(values: number[]): number {
  return percentile(values, 0.5);
}

/** The smallest value that is not below the given part of all. */
export function percentile(values: number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN;
}
