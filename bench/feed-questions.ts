/**
 * What a page of the home feed asks of PostgreSQL, Redis and Memcached. Measured apart from all else, on the same data: a log of
 * every statement and counters in between cost time.
 */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Accelerators } from './accelerators.ts';
import { call, type Member } from './people.ts';
import { startQuestionCounter } from './questions.ts';
import { type Bench, type Figures, prepareSystem, type System, withDatabase } from './system.ts';

const WARMING_PAGES = 10;
const COUNTED_PAGES = 50;
/** Longer than what is cached about a viewer lives. */
const CACHES_GONE_MS = 4_500;

/** `stopped`: the system whose data is used. */
export async function countQuestions(
  bench: Bench,
  stopped: System,
  { redis, memcached }: Accelerators,
  reader: Member,
  limit: number,
): Promise<Figures> {
  const counters = [
    await startQuestionCounter(bench, redis.port),
    await startQuestionCounter(bench, memcached.port),
  ] as const;
  const system = await prepareSystem(bench, path.basename(stopped.dataDir), {
    PINHOLE_REDIS: `redis://127.0.0.1:${counters[0].port}`,
    PINHOLE_MEMCACHED: `127.0.0.1:${counters[1].port}`,
  });
  await system.start();
  const read = async (pages: number) => {
    for (let page = 0; page < pages; page++)
      await call(system.base, 'GET', `/feed?limit=${limit}`, { token: reader.token });
  };
  await logStatements(system);
  // After the first pages there is a list, which belongs to this run of Pinhole.
  await read(WARMING_PAGES);
  await delay(CACHES_GONE_MS);
  const feedStatementsCold = await countStatements(system, () => read(1));
  const before = counters.map(({ count }) => count());
  const feedStatements = (await countStatements(system, () => read(COUNTED_PAGES))) / COUNTED_PAGES;
  const [feedRedisQuestions = 0, feedMemcachedQuestions = 0] = counters.map(
    ({ count }, at) => (count() - (before[at] ?? 0)) / COUNTED_PAGES,
  );
  await system.stop();
  return {
    feedStatements,
    feedStatementsCold,
    feedRedisQuestions,
    feedMemcachedQuestions,
    feedRoundTrips: feedStatements + feedRedisQuestions + feedMemcachedQuestions,
  };
}

/** All of them (log_statement = all), with the name of who sends them: the jobs have another. */
async function logStatements(system: System): Promise<void> {
  await withDatabase(system, 'postgres', async (client) => {
    await client.query("alter system set log_line_prefix = '%a|'");
    await client.query("alter system set log_statement = 'all'");
    await client.query('select pg_reload_conf()');
  });
}

async function countStatements(system: System, work: () => Promise<void>): Promise<number> {
  const logFile = path.join(system.dataDir, 'postgres.log');
  const { size } = await stat(logFile);
  await work();
  const written = (await readFile(logFile)).subarray(size).toString();
  return written.match(/^pinhole\|LOG: {2}(execute|statement)/gm)?.length ?? 0;
}
