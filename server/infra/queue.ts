/**
 * Work that follows from a write. A job is a row in the same PostgreSQL server, inserted in the write's own
 * transaction (pg-boss), so that an acknowledged write can never lose what follows from it. Each kind of job is a
 * queue of its own with workers of its own: a lane, so that a long fan-out never delays what a person waits for.
 * Jobs may run twice and out of order; what fails is tried again with back-off, then kept in a dead-letter queue
 * that an operator can list and replay.
 *
 * After the commit the workers of this process are woken directly. Other processes poll: PostgreSQL's NOTIFY would
 * make all commits queue up behind one lock.
 */
import { PgBoss } from 'pg-boss';
import type { z } from 'zod';
import type { Transaction } from './database.ts';
import type { ShardServer } from './shards.ts';

/** What a job is called and what it carries; declared in a feature's schema.ts. */
export type JobKind<Payload extends object> = { name: string; payload: z.ZodType<Payload> };

/** What a job does; declared in a feature's jobs.ts with `job()`. */
export type Job<Context> = {
  name: string;
  /** Payloads handed to one run. More than one: `run` treats them together, and is retried one by one if it throws. */
  batch: number;
  /** Runs at the same time in this process. */
  concurrency: number;
  /** Lets this many ms go by after a wake-up, so that a burst becomes one batch. */
  gatherMs: number;
  run(context: Context, payloads: unknown[]): Promise<void>;
};

export type Queue = {
  enqueue<Payload extends object>(
    tx: Transaction,
    kind: JobKind<Payload>,
    payloads: Payload[],
    startAfterSeconds?: number,
  ): Promise<void>;
  /** Begins to work on the given kinds. */
  work<Context>(context: Context, jobs: Job<Context>[]): Promise<void>;
  /** Jobs that wait or run now, and those that failed for good. */
  counts(): Promise<{ waiting: number; dead: number }>;
  listDead(): Promise<{ id: string; kind: string; payload: unknown; failedAt: Date; output: unknown }[]>;
  /** Sends all dead jobs back to their queues; gives how many. */
  replayDead(): Promise<number>;
  stop(): Promise<void>;
};

const SCHEMA = 'jobs';
const DEAD = 'dead';
/** pg-boss caches its own statistics for a minute; its states are an ordered type, the unfinished ones first. */
const COUNT = `select name = '${DEAD}' as dead, count(*) from ${SCHEMA}.job where state < 'completed' group by 1`;
const POLL_SECONDS = 2;
const DEAD_LIST_MAX = 200;
const QUEUE_OPTIONS = {
  retryLimit: 8,
  retryDelay: 1,
  retryBackoff: true,
  retryDelayMax: 600,
  expireInSeconds: 120,
  heartbeatSeconds: 10,
  deleteAfterSeconds: 60,
  // A network that was switched off for months still owes what follows from its writes.
  retentionSeconds: 10 * 365 * 86_400,
  deadLetter: DEAD,
};

export function job<Context, Payload extends object>(
  kind: JobKind<Payload>,
  options: { batch?: number; concurrency?: number; gatherMs?: number },
  run: (context: Context, payloads: Payload[]) => Promise<void>,
): Job<Context> {
  return {
    name: kind.name,
    batch: options.batch ?? 1,
    concurrency: options.concurrency ?? 1,
    gatherMs: options.gatherMs ?? 0,
    run: (context, payloads) =>
      run(
        context,
        payloads.map((payload) => kind.payload.parse(payload)),
      ),
  };
}

export async function openQueue(
  servers: { server: ShardServer; connection: object }[],
  kinds: string[],
  onError: (error: Error) => void,
): Promise<Queue> {
  const bosses = await Promise.all(servers.map(({ connection }) => openBoss(connection, kinds, onError)));
  const [first] = bosses;
  if (!first) throw new Error('There is no server to hold the queue.');
  const workers = new Map<string, { boss: PgBoss; id: string }[]>();
  const gathering = new Map<string, NodeJS.Timeout>();
  const gatherMs = new Map<string, number>();

  function wake(name: string): void {
    if (gathering.has(name) || !workers.has(name)) return;
    const timer = setTimeout(() => {
      gathering.delete(name);
      for (const { boss, id } of workers.get(name) ?? []) boss.notifyWorker(id);
    }, gatherMs.get(name) ?? 0);
    gathering.set(name, timer);
  }

  return {
    async enqueue(tx, kind, payloads, startAfterSeconds) {
      if (payloads.length === 0) return;
      const jobs = payloads.map((data) =>
        startAfterSeconds ? { data, startAfter: startAfterSeconds } : { data },
      );
      await first.insert(kind.name, jobs, { db: { executeSql: (text, values) => tx.execute(text, values) } });
      if (!startAfterSeconds) tx.afterCommit(() => wake(kind.name));
    },
    async work(context, jobs) {
      for (const each of jobs) {
        gatherMs.set(each.name, each.gatherMs);
        workers.set(each.name, []);
        for (const boss of bosses)
          for (let copy = 0; copy < each.concurrency; copy++)
            workers.get(each.name)?.push({ boss, id: await startWorker(boss, context, each, onError) });
      }
    },
    async counts() {
      const rows = await Promise.all(bosses.map((boss) => boss.getDb().executeSql(COUNT)));
      const sum = (dead: boolean) =>
        rows
          .flatMap((each) => each.rows)
          .reduce(
            (all: number, row: { dead: boolean; count: string }) =>
              all + (row.dead === dead ? Number(row.count) : 0),
            0,
          );
      return { waiting: sum(false), dead: sum(true) };
    },
    async listDead() {
      const found = await Promise.all(bosses.map((boss) => boss.findJobs(DEAD, { queued: true })));
      return found
        .flat()
        .slice(0, DEAD_LIST_MAX)
        .map((dead) => ({
          id: dead.id,
          kind: dead.sourceName ?? DEAD,
          payload: dead.data,
          failedAt: dead.createdOn,
          output: dead.output,
        }));
    },
    async replayDead() {
      const moved = await Promise.all(bosses.map((boss) => boss.redrive(DEAD)));
      for (const name of workers.keys()) wake(name);
      return moved.reduce((all, each) => all + each, 0);
    },
    async stop() {
      for (const timer of gathering.values()) clearTimeout(timer);
      await Promise.all(bosses.map((boss) => boss.stop({ graceful: true, timeout: 20_000 })));
    },
  };
}

async function openBoss(
  connection: object,
  kinds: string[],
  onError: (error: Error) => void,
): Promise<PgBoss> {
  const boss = new PgBoss({
    ...connection,
    schema: SCHEMA,
    application_name: 'pinhole jobs',
    max: 2,
    schedule: false,
    superviseIntervalSeconds: 10,
    monitorIntervalSeconds: 10,
    maintenanceIntervalSeconds: 60,
  });
  boss.on('error', onError);
  await boss.start();
  const there = new Set((await boss.getQueues()).map(({ name }) => name));
  if (!there.has(DEAD)) await boss.createQueue(DEAD, { retryLimit: 0, retentionSeconds: 90 * 86_400 });
  for (const name of kinds) if (!there.has(name)) await boss.createQueue(name, QUEUE_OPTIONS);
  return boss;
}

async function startWorker<Context>(
  boss: PgBoss,
  context: Context,
  job: Job<Context>,
  onError: (error: Error) => void,
): Promise<string> {
  const options = {
    batchSize: job.batch,
    pollingIntervalSeconds: POLL_SECONDS,
    perJobResults: true,
  } as const;
  let workerId = '';
  workerId = await boss.work<object, object, typeof options>(job.name, options, async (received) => {
    try {
      return await runBatch(context, job, received, onError);
    } finally {
      // There may be more: looked at once, and not at the next poll.
      boss.notifyWorker(workerId);
    }
  });
  return workerId;
}

/** One bad payload must not fail the others: when the batch fails, each runs alone, and answers for itself. */
async function runBatch<Context>(
  context: Context,
  job: Job<Context>,
  received: { id: string; data: object }[],
  onError: (error: Error) => void,
) {
  const payloads = received.map(({ data }) => data);
  if (received.length > 1 && (await succeeds(() => job.run(context, payloads))))
    return received.map(({ id }) => ({ id, status: 'completed' as const }));
  const results = [];
  for (const { id, data } of received) results.push(await runAlone(context, job, id, data, onError));
  return results;
}

async function succeeds(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch {
    // Whatever it was, each job of the batch will say it for itself.
    return false;
  }
}

async function runAlone<Context>(
  context: Context,
  job: Job<Context>,
  id: string,
  data: object,
  onError: (error: Error) => void,
) {
  try {
    await job.run(context, [data]);
    return { id, status: 'completed' as const };
  } catch (error) {
    onError(asError(error, job.name));
    return { id, status: 'failed' as const, output: { message: asError(error, job.name).message } };
  }
}

function asError(error: unknown, kind: string): Error {
  const message = error instanceof Error ? error.message : String(error);
  return new Error(`job ${kind}: ${message}`, { cause: error });
}
