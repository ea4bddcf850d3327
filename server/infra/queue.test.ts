import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import { z } from 'zod';
import { openWorld, until } from '../../test/world.ts';
import { type Job, type JobKind, job, openQueue } from './queue.ts';
import { sql } from './sql.ts';

type Payload = { word: string };
const world = await openWorld({ hasAdmin: false });
const [server] = world.app.shards.servers;
assert.ok(server);

const done: string[] = [];
const errors: string[] = [];
let isBroken = true;
let batches: string[][] = [];
beforeEach(async () => {
  await world.rows(sql`delete from jobs.job where name like 'test.%'`);
  done.length = 0;
  errors.length = 0;
  batches = [];
  isBroken = true;
});

const kindOf = (name: string): JobKind<Payload> => ({ name, payload: z.object({ word: z.string() }) });
const single = kindOf('test.single');
const batched = kindOf('test.batched');
const kinds = [single, batched];

/** Words that begin with "bad" fail as long as `isBroken`. */
function run(words: string[]): void {
  batches.push(words);
  const bad = words.find((word) => word.startsWith('bad') && isBroken);
  if (bad) throw new Error(`cannot do ${bad}`);
  done.push(...words);
}
const jobs: Job<null>[] = [
  job(single, { concurrency: 2 }, async (_context: null, payloads) => run(payloads.map(({ word }) => word))),
  job(batched, { batch: 50, gatherMs: 20 }, async (_context: null, payloads) =>
    run(payloads.map(({ word }) => word)),
  ),
];
const queue = openQueue(
  kinds.map(({ name }) => name),
  (error) => errors.push(error.message),
);
await queue.addServer(server);
after(() => queue.stop());
await queue.work(null, jobs);

const enqueue = (kind: JobKind<Payload>, ...words: string[]) =>
  server.database.transaction((tx) =>
    queue.enqueue(
      tx,
      kind,
      words.map((word) => ({ word })),
    ),
  );
const isIdle = () =>
  until(async () => ((await queue.counts()).waiting === 0 ? true : null), 'nothing waits in the queue');
const have = (count: number) =>
  until(async () => (done.length >= count ? true : null), `${count} jobs are done`);
/** Retries happen now, not after their pause. */
const skipPauses = () => world.rows(sql`update jobs.job set start_after = now() where state = 'retry'`);

test('a job that is enqueued in a transaction runs once it is committed, not before', async () => {
  await server.database.transaction(async (tx) => {
    await queue.enqueue(tx, single, [{ word: 'committed' }]);
    await enqueue(single, 'another');
    await have(1);
    assert.deepEqual(done, ['another']);
  });
  await have(2);
  assert.deepEqual(done, ['another', 'committed']);
});

test('a job that is enqueued in a transaction that rolls back never runs', async () => {
  const failing = server.database.transaction(async (tx) => {
    await queue.enqueue(tx, single, [{ word: 'undone' }]);
    throw new Error('changed my mind');
  });
  await assert.rejects(failing, /changed my mind/);
  assert.equal((await queue.counts()).waiting, 0);
  await enqueue(single, 'after it');
  await have(1);
  await isIdle();
  assert.deepEqual(done, ['after it']);
});

test('a job that throws is tried again until it succeeds', async () => {
  await enqueue(single, 'bad luck');
  await until(async () => (errors.length > 0 ? true : null), 'it has failed once');
  assert.match(errors[0] ?? '', /^job test\.single: cannot do bad luck$/);
  isBroken = false;
  await skipPauses();
  await isIdle();
  assert.deepEqual([done, (await queue.counts()).dead], [['bad luck'], 0]);
});

test('a job that fails for good is kept, can be listed with its reason, and is replayed', async () => {
  await enqueue(single, 'bad for good', 'fine');
  await until(async () => {
    // Two tries are enough here.
    await world.rows(
      sql`update jobs.job set retry_limit = 1, start_after = now() where state = 'retry' and name = ${single.name}`,
    );
    return (await queue.counts()).dead === 1 ? true : null;
  }, 'it is among the dead');
  assert.deepEqual([done, errors.length, (await queue.counts()).waiting], [['fine'], 2, 0]);
  const [dead, ...others] = await queue.listDead();
  assert.deepEqual(others, []);
  assert.deepEqual([dead?.kind, dead?.payload], ['test.single', { word: 'bad for good' }]);
  assert.match(JSON.stringify(dead?.output), /cannot do bad for good/);
  assert.ok(Math.abs((dead?.failedAt.getTime() ?? 0) - Date.now()) < 60_000);

  isBroken = false;
  assert.equal(await queue.replayDead(), 1);
  await have(2);
  await isIdle();
  assert.deepEqual([done, await queue.listDead()], [['fine', 'bad for good'], []]);
  assert.equal(await queue.replayDead(), 0);
});

test('one that fails does not fail the others of its batch', async () => {
  await enqueue(batched, 'one', 'two', 'bad three', 'four', 'five');
  await have(4);
  assert.equal(batches[0]?.length, 5, 'they came together');
  assert.deepEqual(done.toSorted(), ['five', 'four', 'one', 'two']);
  isBroken = false;
  await skipPauses();
  await isIdle();
  assert.deepEqual(done.toSorted(), ['bad three', 'five', 'four', 'one', 'two'], 'each exactly once');
});

test('a payload of the wrong shape fails alone, and is never handed on', async () => {
  await server.database.transaction(async (tx) => {
    await queue.enqueue(tx, batched, [{ word: 'right' }]);
    await queue.enqueue(tx, { name: batched.name, payload: z.object({ number: z.number() }) }, [
      { number: 7 },
    ]);
  });
  await have(1);
  await until(async () => (errors.length > 0 ? true : null), 'the other has failed');
  assert.deepEqual(done, ['right']);
  const tries = await world.rows(sql`
    select retry_count from jobs.job where name = ${batched.name} and data ->> 'word' = 'right'`);
  assert.deepEqual(tries, [{ retry_count: 0 }], 'at the first try');
});

test('a burst becomes few batches, and none is lost or done twice', async () => {
  const words = Array.from({ length: 300 }, (_, at) => `word ${at}`);
  await Promise.all(words.map((word) => enqueue(batched, word)));
  await have(300);
  await isIdle();
  assert.deepEqual(done.toSorted(), words.toSorted());
  assert.ok(batches.length < 100, `${batches.length} batches`);
});

test('a backlog of single jobs is worked off in one go, not one job with every poll', async () => {
  const words = Array.from({ length: 40 }, (_, at) => `word ${at}`);
  const startMs = performance.now();
  await enqueue(single, ...words);
  await have(40);
  await isIdle();
  assert.deepEqual(done.toSorted(), words.toSorted());
  const tookMs = Math.round(performance.now() - startMs);
  assert.ok(tookMs < 5_000, `took ${tookMs} ms`);
});
