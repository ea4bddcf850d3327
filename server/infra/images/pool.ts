/**
 * Photos are decoded in processes of their own, because a hostile one may crash its decoder, or take all the memory or
 * time there is: then the process dies, that one photo has had one try, and everything else goes on. (Threads would
 * not give this.) The parent never loads sharp. A worker starts when there is work and ends when there was none for a
 * while; it runs at low priority, and is the first that a kernel short of memory takes.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Developed, Rendered, RenderJob, Reply, Work } from './pipeline.ts';
import { ImageFailure } from './sniff.ts';

export type { Developed, Rendered, RenderJob, Rendition } from './pipeline.ts';
export { ImageFailure, type ImageFailureCode } from './sniff.ts';

export type ImageWorkers = {
  /**
   * Decodes an uploaded original once, and writes what is needed of it to masterPath: upright, sRGB, on white, at most
   * 1080 × 1920 and never enlarged, without metadata. Throws an ImageFailure; any other error is not the photo's fault.
   */
  develop(originalPath: string, masterPath: string): Promise<Developed>;
  /**
   * Filters the master and makes JPEGs of it, never enlarged. 'photo': w1080, w640, w320 (by width), s150 (square from
   * the centre); 'avatar': s320, s150. A master that is gone or damaged is developed anew. Throws like `develop`.
   */
  render(job: RenderJob): Promise<Rendered>;
  /** The process ids of the workers that live now. */
  pids(): number[];
  /** Ends all workers. What waits fails with 'busy', what is being done with 'image_crashed'. */
  stop(): Promise<void>;
};

type Task = { work: Work; resolve(value: unknown): void; reject(error: Error): void };
type Verdict = 'image_timeout' | 'image_memory' | 'image_crashed';
type Worker = {
  child: ChildProcess;
  task: Task | null;
  jobCount: number;
  /** Set once it is to end: what its task, if it has one, fails with. */
  verdict: Verdict | null;
  watch: NodeJS.Timeout | undefined;
  idle: NodeJS.Timeout | undefined;
  lastWords: string;
};

const POLL_MS = 100;
const NICE = 10;
const MAX_LAST_WORDS = 2000;
/** The C library never gives all memory back, so a worker is replaced now and then. */
const JOBS_PER_WORKER = 1000;

const SENTENCES: Record<Verdict, string> = {
  image_timeout: 'This photo took too long to read.',
  image_memory: 'This photo needs more memory than we can give it.',
  image_crashed: 'Something went wrong while we read this photo.',
};

/** Starts no process yet. At most `maxQueue` photos wait for a worker; the next is refused as 'busy'. */
export function startImageWorkers(options: {
  count: number;
  deadlineMs?: number;
  maxRssBytes?: number;
  idleMs?: number;
  maxQueue?: number;
}): ImageWorkers {
  const { count, deadlineMs = 10_000, maxRssBytes = 800e6, idleMs = 30_000, maxQueue = 64 } = options;
  const workers = new Set<Worker>();
  const queue: Task[] = [];
  let isStopped = false;

  function run(work: Work): Promise<unknown> {
    return new Promise((resolve, reject) => {
      // What was published already comes first, and is never refused: the job queue bounds it.
      const isPublished = work.kind === 'render';
      if (isStopped || (queue.length >= maxQueue && !isPublished)) return reject(busy());
      if (isPublished) queue.unshift({ work, resolve, reject });
      else queue.push({ work, resolve, reject });
      assign();
    });
  }

  function assign(): void {
    while (queue.length > 0) {
      const idle = [...workers].find((worker) => !worker.task && !worker.verdict);
      const worker = idle ?? (workers.size < count ? start() : null);
      if (!worker) return;
      const task = queue.shift();
      if (task) give(worker, task);
    }
  }

  function start(): Worker {
    const child = forkWorker();
    const worker: Worker = {
      child,
      task: null,
      jobCount: 0,
      verdict: null,
      watch: undefined,
      idle: undefined,
      lastWords: '',
    };
    workers.add(worker);
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      worker.lastWords = (worker.lastWords + text).slice(-MAX_LAST_WORDS);
    });
    child.on('message', (reply: Reply) => take(worker, reply));
    child.on('exit', (exitCode, signal) => bury(worker, `ended with ${signal ?? exitCode}`));
    child.on('error', (error) => {
      worker.lastWords += error.message;
      if (child.pid === undefined) bury(worker, 'did not start');
      else end(worker);
    });
    return worker;
  }

  function give(worker: Worker, task: Task): void {
    const deadline = performance.now() + deadlineMs;
    clearTimeout(worker.idle);
    worker.task = task;
    worker.watch = setInterval(() => {
      if (performance.now() > deadline) end(worker, 'image_timeout');
      else if (rssBytes(worker.child.pid) > maxRssBytes) end(worker, 'image_memory');
    }, POLL_MS);
    worker.child.send(task.work, (error) => {
      if (error) end(worker);
    });
  }

  function take(worker: Worker, reply: Reply): void {
    const { task } = worker;
    if (!task) return;
    worker.task = null;
    clearInterval(worker.watch);
    worker.jobCount++;
    if (worker.jobCount >= JOBS_PER_WORKER) end(worker);
    else worker.idle = setTimeout(() => end(worker), idleMs);
    if (reply.outcome === 'done') task.resolve(reply.value);
    else if (reply.outcome === 'refused')
      task.reject(new ImageFailure(reply.code, reply.message, { cause: reply.cause }));
    else task.reject(new Error(`an image worker failed: ${reply.message}`));
    assign();
  }

  /** A worker that is to end gets no more work, and keeps its place until it is gone: never more than `count` processes. */
  function end(worker: Worker, verdict: Verdict = 'image_crashed'): void {
    worker.verdict ??= verdict;
    worker.child.kill('SIGKILL');
  }

  function bury(worker: Worker, how: string): void {
    if (!workers.delete(worker)) return;
    clearInterval(worker.watch);
    clearTimeout(worker.idle);
    const code = worker.verdict ?? 'image_crashed';
    const cause = new Error(`the image worker ${how}: ${worker.lastWords || 'no last words'}`);
    worker.task?.reject(new ImageFailure(code, SENTENCES[code], { cause }));
    assign();
  }

  return {
    develop: (originalPath, masterPath) =>
      run({
        kind: 'develop',
        originalPath: resolve(originalPath),
        masterPath: resolve(masterPath),
      }) as Promise<Developed>,
    render: (job) =>
      run({
        kind: 'render',
        job: { ...job, originalPath: resolve(job.originalPath), masterPath: resolve(job.masterPath) },
      }) as Promise<Rendered>,
    pids: () => [...workers].flatMap(({ child }) => child.pid ?? []),
    async stop() {
      isStopped = true;
      for (const task of queue.splice(0)) task.reject(busy());
      const ends = [...workers].map(({ child }) => once(child, 'exit'));
      for (const worker of workers) end(worker);
      await Promise.all(ends);
    },
  };
}

function busy(): ImageFailure {
  return new ImageFailure('busy', 'Too many photos are being read just now. Try again in a minute.');
}

/** With no environment, no arguments of the parent's, and no folder: a worker is told what it needs by message. */
function forkWorker(): ChildProcess {
  const child = fork(fileURLToPath(new URL('./worker.ts', import.meta.url)), [], {
    cwd: '/',
    env: { MALLOC_ARENA_MAX: '2' },
    execArgv: ['--max-old-space-size=256'],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  if (child.pid !== undefined) humble(child.pid);
  return child;
}

/** Before the worker has started its threads, which inherit the priority. */
function humble(pid: number): void {
  try {
    setPriority(pid, NICE);
    if (existsSync('/proc/self/oom_score_adj')) writeFileSync(`/proc/${pid}/oom_score_adj`, '1000');
  } catch {
    // It is dead already, which its exit tells, or the system forbids it: the work goes on at normal priority.
  }
}

/** Memory in use, or 0 where there is no /proc. Not from statm, which counts in pages of a size that varies. */
function rssBytes(pid: number | undefined): number {
  try {
    const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Number(kib ?? 0) * 1024;
  } catch {
    return 0;
  }
}
