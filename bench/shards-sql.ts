/** What IDs and the fence cost inside PostgreSQL. Variants take turns in one run, in tables of their own. */
import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { PgBoss } from 'pg-boss';
import { nameOf } from '../server/infra/sql.ts';

const LOGICAL_SHARD = 7;
const BULK_IDS = 500_000;
const BULK_ROUNDS = 4;
const ROUNDS = 200;
const WARM_UP_ROUNDS = 10;
const ACTS_EACH = 20;
const SCHEMA = 'bench_sql';
const JOBS_SCHEMA = 'bench_jobs';
const DROP = `drop schema if exists ${SCHEMA} cascade; drop schema if exists ${JOBS_SCHEMA} cascade`;
const LIKE = `insert into ${SCHEMA}.NAME (account_id, post_id, like_id) values ($1, $2, next_id(${LOGICAL_SHARD}))`;
const JOB = 'like.changed';

/**
 * `connection`: a migrated shard database on this machine. idsPerSecondBulk: next_id in one statement, the best of some
 * rounds. idInsertOverhead: by how much a durable insert of one row takes longer than with a bare sequence; 0.1 is 10 %.
 */
export async function measureIds(
  connection: pg.ClientConfig,
): Promise<{ idsPerSecondBulk: number; idInsertOverhead: number }> {
  return withBench(connection, async (client) => {
    await client.query(`
      create table ${SCHEMA}.sequenced (id bigint generated always as identity primary key, number integer);
      create table ${SCHEMA}.guarded (id bigint primary key default next_id(${LOGICAL_SHARD}), number integer)`);
    let bestMs = Infinity;
    for (let round = 0; round < BULK_ROUNDS; round++) {
      const startMs = performance.now();
      await client.query(`select count(next_id(${LOGICAL_SHARD})) from generate_series(1, ${BULK_IDS})`);
      bestMs = Math.min(bestMs, performance.now() - startMs);
    }
    const insert = (table: string) => async (number: number) => {
      const text = `insert into ${SCHEMA}.${table} (number) values ($1) returning id`;
      await client.query({ name: table, text, values: [number] });
    };
    const idInsertOverhead = await compare(wallClock, insert('sequenced'), insert('guarded'));
    return { idsPerSecondBulk: (BULK_IDS * 1_000) / bestMs, idInsertOverhead };
  });
}

/**
 * By how much server CPU the transaction of a like (its row, its job) is dearer with the fence; 0.05 is 5 % more.
 * `connection`: a migrated shard database on this machine, which owns logical shard 7.
 */
export async function measureFence(connection: pg.ClientConfig): Promise<{ fencingOverhead: number }> {
  return withBench(connection, async (client) => {
    await client.query(`
      create table ${SCHEMA}.open (like likes including all);
      create table ${SCHEMA}.fenced (like likes including all);
      create trigger fence before insert or update on ${SCHEMA}.fenced
        for each row when (not is_owned(new.account_id)) execute function refuse_write();
      create trigger fence_delete before delete on ${SCHEMA}.fenced
        for each row when (not is_owned(old.account_id)) execute function refuse_write();`);
    const executeSql = (text: string, values?: unknown[]) =>
      client.query({ name: nameOf(text), text, values: values ?? [] });
    const boss = await openBoss(connection);
    const like = (table: string) => async (number: number) => {
      const accountId = number * 2 ** 23 + LOGICAL_SHARD * 2 ** 10;
      await client.query('begin');
      await client.query({ name: table, text: LIKE.replace('NAME', table), values: [accountId, number] });
      await boss.insert(JOB, [{ data: { accountId, postId: number } }], { db: { executeSql } });
      await client.query('commit');
    };
    try {
      return { fencingOverhead: await compare(await cpuClock(client), like('open'), like('fenced')) };
    } finally {
      await boss.stop({ graceful: false });
    }
  });
}

async function openBoss(connection: pg.ClientConfig): Promise<PgBoss> {
  const boss = new PgBoss({ ...connection, schema: JOBS_SCHEMA, max: 1, supervise: false, schedule: false });
  await boss.start();
  await boss.createQueue(JOB);
  return boss;
}

async function withBench<Result>(
  connection: pg.ClientConfig,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ ...connection, application_name: 'bench' });
  await client.connect();
  try {
    await client.query(`${DROP}; create schema ${SCHEMA}`);
    return await work(client);
  } finally {
    await client.query(DROP);
    await client.end();
  }
}

/** A reading in ns, of which differences are taken. */
type Clock = () => Promise<number>;

const wallClock: Clock = async () => performance.now() * 1e6;

/** The median of how much dearer the second is than the first just before or after it. */
async function compare(
  clock: Clock,
  first: (number: number) => Promise<void>,
  second: (number: number) => Promise<void>,
): Promise<number> {
  let number = 0;
  const cost = async (act: (number: number) => Promise<void>) => {
    const before = await clock();
    for (let turn = 0; turn < ACTS_EACH; turn++) await act(number++);
    return (await clock()) - before;
  };
  const ratios: number[] = [];
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    const isSwapped = round % 2 === 0;
    const one = await cost(isSwapped ? second : first);
    const two = await cost(isSwapped ? first : second);
    if (round >= 0) ratios.push(isSwapped ? one / two : two / one);
  }
  return (ratios.sort((a, b) => a - b)[ROUNDS / 2] ?? 1) - 1;
}

/** CPU time of the server process behind a connection, which waiting for the disk and other processes do not hide. */
async function cpuClock(client: pg.Client): Promise<Clock> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  const file = `/proc/${rows[0]?.pid}/schedstat`;
  return async () => Number((await readFile(file, 'utf8')).split(' ')[0]);
}
