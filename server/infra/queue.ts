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
import { isServerDown, ServerDown } from './server-down.ts';
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
  /** The same after a run of very many, which more will follow. */
  busyGatherMs: number;
  run(context: Context, payloads: unknown[]): Promise<void>;
};

export type Queue = {
  /** The jobs of one more server. Throws ServerDown where it does not answer: call it again. */
  addServer(server: ShardServer): Promise<void>;
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
  /**
   * Of the keys those that a job of the kind names that is neither done nor dead. A key: what the payload, or each of its
   * `edges`, holds in these fields, joined by spaces. `before`: only jobs that were made by then.
   */
  findUnfinished(kind: string, fields: string[], keys: string[], before: Date | null): Promise<string[]>;
  listDead(): Promise<{ id: string; kind: string; payload: unknown; failedAt: Date; output: unknown }[]>;
  /** Sends all dead jobs back to their queues; gives how many. */
  replayDead(): Promise<number>;
  stop(): Promise<void>;
};

const SCHEMA = 'jobs';
const DEAD = 'dead';
/** pg-boss caches its own statistics for a minute; its states are an ordered type, the unfinished ones first. */
const COUNT = `select name = '${DEAD}' as dead, count(*) from ${SCHEMA}.job where state < 'completed' group by 1`;
const UNFINISHED = `
  select distinct key from ${SCHEMA}.job, lateral jsonb_array_elements(coalesce(data -> 'edges', jsonb_build_array(data))) as edge, lateral (
    select coalesce(string_agg(edge ->> field, ' ' order by at), '') as key
    from unnest($2::text[]) with ordinality as named (field, at)) as keyed
  where name = $1 and state < 'completed' and key = any($3::text[]) and ($4::timestamptz is null or created_on <= $4)`;
const POLL_SECONDS = 2;
const DEAD_LIST_MAX = 200;
/** Jobs in one run, after which the next waits for more: each may stand for many acts that were committed together. */
const BUSY = 3;
/** A job that needs a server which is down waits so long, as often as it takes; that is no failure of the job. */
const DOWN_PAUSE_SECONDS = 3;
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
  options: { batch?: number; concurrency?: number; gatherMs?: number; busyGatherMs?: number },
  run: (context: Context, payloads: Payload[]) => Promise<void>,
): Job<Context> {
  return {
    name: kind.name,
    batch: options.batch ?? 1,
    concurrency: options.concurrency ?? 1,
    gatherMs: options.gatherMs ?? 0,
    busyGatherMs: options.busyGatherMs ?? 0,
    run: (context, payloads) =>
      run(
        context,
        payloads.map((payload) => kind.payload.parse(payload)),
      ),
  };
}

export function openQueue(kinds: string[], onError: (error: Error) => void): Queue {
  const bosses = new Map<string, PgBoss>();
  const workers = new Map<string, { boss: PgBoss; id: string }[]>();
  const gathering = new Map<string, NodeJS.Timeout>();
  const gatherMs = new Map<string, number>();
  /** Workers that are not to be woken: they look for more by themselves, in their time. */
  const resting = new Set<string>();
  let startAll: ((boss: PgBoss) => Promise<void>) | null = null;
  let isStopped = false;

  function wake(name: string): void {
    if (gathering.has(name) || !workers.has(name)) return;
    const timer = setTimeout(() => {
      gathering.delete(name);
      for (const { boss, id } of workers.get(name) ?? []) if (!resting.has(id)) boss.notifyWorker(id);
    }, gatherMs.get(name) ?? 0);
    gathering.set(name, timer);
  }

  async function addServer(server: ShardServer): Promise<void> {
    const boss = await openBoss(server, kinds, onError);
    if (isStopped) return await boss.stop({ graceful: false });
    bosses.set(server.name, boss);
    await startAll?.(boss);
  }

  const eachBoss = <Result>(ask: (boss: PgBoss) => Promise<Result>): Promise<Result[]> =>
    Promise.all([...bosses.values()].map(ask));

  return {
    addServer,
    async enqueue(tx, kind, payloads, startAfterSeconds) {
      if (payloads.length === 0) return;
      const jobs = payloads.map((data) =>
        startAfterSeconds ? { data, startAfter: startAfterSeconds } : { data },
      );
      const boss = bosses.get(tx.server);
      if (!boss) throw new ServerDown(tx.server, 'its queue is not open yet');
      await boss.insert(kind.name, jobs, { db: { executeSql: (text, values) => tx.execute(text, values) } });
      if (!startAfterSeconds) tx.afterCommit(() => wake(kind.name));
    },
    async work(context, jobs) {
      for (const each of jobs) {
        gatherMs.set(each.name, each.gatherMs);
        workers.set(each.name, []);
      }
      startAll = async (boss) => {
        for (const each of jobs)
          for (let copy = 0; copy < each.concurrency; copy++)
            workers
              .get(each.name)
              ?.push({ boss, id: await startWorker(boss, context, each, resting, onError) });
      };
      await eachBoss(startAll);
    },
    async counts() {
      const rows = await eachBoss((boss) => boss.getDb().executeSql(COUNT));
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
    async findUnfinished(...values) {
      const rows = await eachBoss((boss) => boss.getDb().executeSql(UNFINISHED, values));
      return rows.flatMap((each) => each.rows.map((row: { key: string }) => row.key));
    },
    async listDead() {
      const found = await eachBoss((boss) => boss.findJobs(DEAD, { queued: true }));
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
      const moved = await eachBoss((boss) => boss.redrive(DEAD));
      for (const name of workers.keys()) wake(name);
      return moved.reduce((all, each) => all + each, 0);
    },
    async stop() {
      isStopped = true;
      for (const timer of gathering.values()) clearTimeout(timer);
      // One that fails, since its server is down, must not leave the others at work.
      const stops = [...bosses.values()].map((boss) => boss.stop({ graceful: true, timeout: 20_000 }));
      const failed = (await Promise.allSettled(stops)).find(({ status }) => status === 'rejected');
      if (failed?.status === 'rejected') throw failed.reason;
    },
  };
}

async function openBoss(
  server: ShardServer,
  kinds: string[],
  onError: (error: Error) => void,
): Promise<PgBoss> {
  const boss = new PgBoss({
    // Asked for each time: it is another one when the server is reached in another way.
    db: { executeSql: (text, values) => server.database.execute(text, values) },
    schema: SCHEMA,
    schedule: false,
    superviseIntervalSeconds: 10,
    monitorIntervalSeconds: 10,
    maintenanceIntervalSeconds: 60,
  });
  boss.on('error', (error) => {
    if (server.database.isDown() || isServerDown(error)) return;
    // Each worker says it with its own name.
    onError(new Error(error.message.replace(/, Worker: [^)]*\)$/, ')'), { cause: error }));
  });
  try {
    await boss.start();
    const there = new Set((await boss.getQueues()).map(({ name }) => name));
    if (!there.has(DEAD)) await boss.createQueue(DEAD, { retryLimit: 0, retentionSeconds: 90 * 86_400 });
    for (const name of kinds) if (!there.has(name)) await boss.createQueue(name, QUEUE_OPTIONS);
  } catch (error) {
    await boss.stop({ graceful: false }).catch(() => undefined);
    throw error;
  }
  return boss;
}

async function startWorker<Context>(
  boss: PgBoss,
  context: Context,
  job: Job<Context>,
  resting: Set<string>,
  onError: (error: Error) => void,
): Promise<string> {
  const options = {
    batchSize: job.batch,
    pollingIntervalSeconds: POLL_SECONDS,
    perJobResults: true,
  } as const;
  let workerId = '';
  workerId = await boss.work<object, object, typeof options>(job.name, options, async (received) => {
    if (job.busyGatherMs > 0) resting.add(workerId);
    try {
      return await runBatch(boss, context, job, received, onError);
    } finally {
      // There may be more: looked at once, and not at the next poll.
      const look = () => {
        resting.delete(workerId);
        boss.notifyWorker(workerId);
      };
      if (job.busyGatherMs > 0 && received.length >= BUSY) setTimeout(look, job.busyGatherMs).unref();
      else look();
    }
  });
  return workerId;
}

/** One bad payload must not fail the others: when the batch fails, each runs alone, and answers for itself. */
async function runBatch<Context>(
  boss: PgBoss,
  context: Context,
  job: Job<Context>,
  received: { id: string; data: object }[],
  onError: (error: Error) => void,
) {
  const payloads = received.map(({ data }) => data);
  if (received.length > 1 && (await succeeds(() => job.run(context, payloads))))
    return received.map(({ id }) => ({ id, status: 'completed' as const }));
  const results = [];
  for (const { id, data } of received) results.push(await runAlone(boss, context, job, id, data, onError));
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
  boss: PgBoss,
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
    if (error instanceof ServerDown) {
      await boss.insert(job.name, [{ data, startAfter: DOWN_PAUSE_SECONDS }]);
      return { id, status: 'completed' as const };
    }
    onError(asError(error, job.name));
    return { id, status: 'failed' as const, output: { message: asError(error, job.name).message } };
  }
}

function asError(error: unknown, kind: string): Error {
  const message = error instanceof Error ? error.message : String(error);
  return new Error(`job ${kind}: ${message}`, { cause: error });
}
