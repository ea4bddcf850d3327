/** A server program of the tests as a process: started, ended in good order or by kill -9, and started again. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export type Daemon = {
  pid(): number;
  start(): Promise<void>;
  /** In good order; after 10 s by force. */
  stop(): Promise<void>;
  /** kill -9 of it and its children; all are gone when it returns. */
  kill(): Promise<void>;
};
type Options = {
  file: string;
  args: string[];
  options: SpawnOptions;
  logFile: string;
  stopSignal: NodeJS.Signals;
  isReady(): Promise<boolean>;
};

const START_MS = 30_000;
const STOP_MS = 10_000;
/** Of what was killed: to end, and to be reaped. */
const GONE_MS = 20_000;
const POLL_MS = 10;
const READY_MS = 2_000;
/** Below those that systems hand out to clients: while a server is down, none of them takes its port. */
const [FIRST_PORT, LAST_PORT] = [20_000, 30_000];

/** Returns when it is ready; throws with the end of its log when it ends before that. */
export async function startDaemon(options: Options): Promise<Daemon> {
  let child: ChildProcess | null = null;
  const pid = () => (child && isRunning(child) ? (child.pid ?? 0) : 0);
  async function kill(): Promise<void> {
    const all = await freeze(pid());
    const births = await Promise.all(all.map(birthOf));
    for (const each of all) signal(each, 'SIGKILL');
    const deadlineMs = performance.now() + GONE_MS;
    const isThere = async (each: number, at: number) =>
      births[at] !== null && (await birthOf(each)) === births[at];
    while ((child && isRunning(child)) || (await Promise.all(all.map(isThere))).includes(true)) {
      if (performance.now() > deadlineMs)
        throw new Error(`${options.file} outlives kill -9: ${all.join(' ')}`);
      await delay(POLL_MS);
    }
  }
  async function start(): Promise<void> {
    if (pid() > 0) throw new Error(`${options.file} runs already.`);
    const log = openSync(options.logFile, 'a');
    const started = spawn(options.file, options.args, { ...options.options, stdio: ['ignore', log, log] });
    closeSync(log);
    started.on('error', () => undefined);
    child = started;
    const deadlineMs = performance.now() + START_MS;
    while (!(await inTime(options.isReady()))) {
      if (isRunning(started) && performance.now() < deadlineMs) await delay(POLL_MS);
      else {
        await kill();
        const log = await readFile(options.logFile, 'utf8').catch(() => '');
        throw new Error(`${options.args.join(' ').slice(0, 200)} did not start:\n${log.slice(-2_000)}`);
      }
    }
  }
  async function stop(): Promise<void> {
    if (!child || !isRunning(child)) return;
    const ended = once(child, 'exit');
    signal(pid(), options.stopSignal);
    if ((await Promise.race([ended, delay(STOP_MS, 'late', { ref: false })])) === 'late') await kill();
  }
  await start();
  return { pid, start, stop, kill };
}

/** A question to a server that is just coming up may stay without an answer: then it is asked again. */
async function inTime(answer: Promise<boolean>): Promise<boolean> {
  return Promise.race([answer, delay(READY_MS, false, { ref: false })]);
}

/** A free port of this machine, which stays free while nobody listens on it. */
export async function freeServerPort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST_PORT, LAST_PORT);
    const server = createServer();
    const isFree = await new Promise((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (isFree) return port;
  }
}

function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

/** Stops a process, so that it makes no more children and tells them nothing; names those that it has, and it. */
async function freeze(pid: number): Promise<number[]> {
  if (pid === 0) return [];
  signal(pid, 'SIGSTOP');
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return [...text.split(' ').filter(Boolean).map(Number), pid];
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    if (pid > 0) process.kill(pid, name);
  } catch {
    // It has ended by itself.
  }
}

/** When it was started: another process may have its number by then. Null when it is gone, also when nobody has waited for it yet. */
async function birthOf(pid: number): Promise<string | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const [state, ...fields] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return !state || state === 'Z' || state === 'X' ? null : (fields[18] ?? null);
}
