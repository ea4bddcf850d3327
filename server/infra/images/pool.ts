/**
 * Photos are decoded in processes of their own, because a hostile one may crash its decoder, or take all the memory or
 * time there is: then the process dies, that one photo has had one try, and everything else goes on. (Threads would
 * not give this.) The parent never loads sharp. A worker starts when there is work and ends when there was none for a
 * while; it runs at low priority, and is the first that a kernel short of memory takes.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type {
  Developed,
  Inspected,
  Proof,
  Rendered,
  RenderJob,
  RenderKind,
  Reply,
  Work,
} from './pipeline.ts';
import { ImageFailure, type ImageFailureCode, SNIFFED_BYTES, sniffFormat } from './sniff.ts';
import type { StageName } from './stages.ts';

export type { Developed, Inspected, Proof, Rendered, RenderJob } from './pipeline.ts';
export type { Rendition } from './renditions.ts';
export { ImageFailure, type ImageFailureCode, type ImageFormat } from './sniff.ts';

export type ImageWorkers = {
  /**
   * Decodes a source once, refuses what is bad, and writes the master: the whole picture, upright, sRGB, on white,
   * within 1080 × 1920 and never enlarged. Throws an ImageFailure; any other error is not the photo's fault.
   */
  develop(sourcePath: string, masterPath: string): Promise<Developed>;
  /**
   * JPEGs of one photo with its edits, never enlarged. 'photo': w1080, w640, w320 (fitting widths, w1080 also 1920 in
   * height), s150 (a square from the centre); 'avatar': s512, s150, s64; 'draft': w320; 'large': w2048 (the long side), or
   * nothing if that is not clearly larger than w1080. A master that is gone or damaged is developed anew. Throws like `develop`.
   */
  render(job: RenderJob): Promise<Rendered>;
  /** A JPEG of the whole unedited picture, upright, sRGB, at most 2048 pixels long, without metadata. Throws like `develop`. */
  proof(sourcePath: string): Promise<Proof>;
  /** Reads the header alone, for originals that are kept and never shown. Throws like `develop`. */
  inspect(sourcePath: string): Promise<Inspected>;
  /** The process ids of the workers that live now. */
  pids(): number[];
  /** Ends all workers. What waits fails with 'busy', what is being done with 'image_crashed'. */
  stop(): Promise<void>;
};

/**
 * A stage of one photo, or how one job ended: done, an ImageFailure's code, or 'fault', which is no fault of the photo.
 * 'wait' is the time in the queue; an outcome's is that in the worker.
 */
export type ImageEvent =
  | { stage: StageName | 'wait'; seconds: number }
  | { outcome: 'done' | 'fault' | ImageFailureCode; kind: JobKind; seconds: number };

type JobKind = Exclude<Work['kind'], 'render'> | RenderKind;
type Task = {
  work: Work;
  kind: JobKind;
  isHeic: boolean;
  /** When it began to wait, then when a worker took it. */
  sinceMs: number;
  resolve(value: unknown): void;
  reject(error: Error): void;
};
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
/** The C library never gives all memory back, so a worker is replaced now and then; after each HEIC at once. */
const JOBS_PER_WORKER = 1000;
/** How many times as long a HEIC may take. */
const HEIC_PATIENCE = 2;

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
  observe?(event: ImageEvent): void;
}): ImageWorkers {
  const { count, deadlineMs = 10_000, maxRssBytes = 800e6, idleMs = 30_000, maxQueue = 64 } = options;
  const observe = options.observe ?? (() => undefined);
  const workers = new Set<Worker>();
  const queue: Task[] = [];
  let isStopped = false;

  function run(work: Work): Promise<unknown> {
    const kind = work.kind === 'render' ? work.job.kind : work.kind;
    return new Promise((resolve, reject) => {
      // What was published already is never refused: the job queue bounds it.
      const isBounded = work.kind === 'render' && kind !== 'draft';
      if (isStopped || (queue.length >= maxQueue && !isBounded)) {
        observe({ outcome: 'busy', kind, seconds: 0 });
        return reject(busy());
      }
      const isHeic = kind !== 'inspect' && isHeicFile(sourceOf(work));
      queue.push({ work, kind, isHeic, sinceMs: performance.now(), resolve, reject });
      assign();
    });
  }

  function assign(): void {
    for (let task = nextTask(); task; task = nextTask()) {
      const idle = [...workers].find((worker) => !worker.task && !worker.verdict);
      const worker = idle ?? (workers.size < count ? start() : null);
      if (!worker) return;
      queue.splice(queue.indexOf(task), 1);
      give(worker, task);
    }
  }

  /** Photos and avatars that were published come first; a HEIC waits while another is in work. */
  function nextTask(): Task | undefined {
    const isHeicInWork = [...workers].some((worker) => worker.task?.isHeic);
    const ready = queue.filter((task) => !(task.isHeic && isHeicInWork));
    return ready.find((task) => task.kind === 'photo' || task.kind === 'avatar') ?? ready[0];
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
    const now = performance.now();
    const deadline = now + deadlineMs * (task.isHeic ? HEIC_PATIENCE : 1);
    observe({ stage: 'wait', seconds: (now - task.sinceMs) / 1000 });
    task.sinceMs = now;
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
    if (worker.jobCount >= JOBS_PER_WORKER || reply.stages.heic !== undefined) end(worker);
    else worker.idle = setTimeout(() => end(worker), idleMs);
    for (const [stage, ms] of Object.entries(reply.stages))
      observe({ stage: stage as StageName, seconds: ms / 1000 });
    if (reply.outcome === 'done') {
      tell(task, 'done');
      task.resolve(reply.value);
    } else if (reply.outcome === 'refused') {
      tell(task, reply.code);
      task.reject(new ImageFailure(reply.code, reply.message, { cause: reply.cause }));
    } else {
      tell(task, 'fault');
      task.reject(new Error(`an image worker failed: ${reply.message}`));
    }
    assign();
  }

  function tell(task: Task, outcome: 'done' | 'fault' | ImageFailureCode): void {
    observe({ outcome, kind: task.kind, seconds: (performance.now() - task.sinceMs) / 1000 });
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
    if (worker.task) {
      tell(worker.task, code);
      worker.task.reject(new ImageFailure(code, SENTENCES[code], { cause }));
    }
    assign();
  }

  return {
    develop: (sourcePath, masterPath) =>
      run({
        kind: 'develop',
        sourcePath: resolve(sourcePath),
        masterPath: resolve(masterPath),
      }) as Promise<Developed>,
    render: ({ edits, kind, ...job }) =>
      run({
        kind: 'render',
        job: { edits, kind, sourcePath: resolve(job.sourcePath), masterPath: resolve(job.masterPath) },
      }) as Promise<Rendered>,
    proof: (sourcePath) => run({ kind: 'proof', sourcePath: resolve(sourcePath) }) as Promise<Proof>,
    inspect: (sourcePath) => run({ kind: 'inspect', sourcePath: resolve(sourcePath) }) as Promise<Inspected>,
    pids: () => [...workers].flatMap(({ child }) => child.pid ?? []),
    async stop() {
      isStopped = true;
      for (const task of queue.splice(0)) {
        observe({ outcome: 'busy', kind: task.kind, seconds: 0 });
        task.reject(busy());
      }
      const ends = [...workers].map(({ child }) => once(child, 'exit'));
      for (const worker of workers) end(worker);
      await Promise.all(ends);
    },
  };
}

function busy(): ImageFailure {
  return new ImageFailure('busy', 'Too many photos are being read just now. Try again in a minute.');
}

function sourceOf(work: Work): string {
  return work.kind === 'render' ? work.job.sourcePath : work.sourcePath;
}

/** Reads the file's first bytes and waits for them, which takes some 20 µs: it was written, or read, a moment ago. */
function isHeicFile(path: string): boolean {
  let file: number | null = null;
  try {
    file = openSync(path, 'r');
    const head = Buffer.alloc(SNIFFED_BYTES);
    return sniffFormat(head.subarray(0, readSync(file, head))) === 'heic';
  } catch {
    // Not there, or no photo: the worker says so.
    return false;
  } finally {
    if (file !== null) closeSync(file);
  }
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
