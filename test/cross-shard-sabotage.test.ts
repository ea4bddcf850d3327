/** That the oracle and `check` can see: with the thing broken that keeps both sides equal, both find it; and repair mends it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import * as graph from '../server/features/graph/graph.ts';
import { like } from '../server/features/likes/likes.ts';
import type { App } from '../server/infra/app.ts';
import { sql } from '../server/infra/sql.ts';
import { checkAll } from '../server/main/admin/check.ts';
import { findFaults, mustAgree } from './cross-shard-oracle.ts';
import { Killed, openCrossWorld } from './cross-shard-world.ts';

const world = await openCrossWorld();
const { app, mortal, drain } = world;
const [a, b] = [await world.account('main'), await world.account('pg2')];

async function mustBeSeen(fault: RegExp, line: RegExp): Promise<void> {
  const faults = await findFaults(app);
  assert.ok(
    faults.some((each) => fault.test(each)),
    `the oracle: ${faults.slice(0, 5).join('; ')}`,
  );
  const lines: string[] = [];
  let isChecked = false;
  const checking = checkAll(app, true, (each) => lines.push(each)).finally(() => {
    isChecked = true;
  });
  // Nobody else works on the jobs that mend.
  while (!isChecked) {
    await drain(mortal().app);
    await delay(100);
  }
  assert.equal(await checking, 0, lines.join('\n'));
  assert.ok(
    lines.some((each) => line.test(each)),
    lines.join('\n'),
  );
  await mustAgree(app, 'mended');
}

test('a job that is asked for outside of the transaction is lost when the process dies between the two', async () => {
  const post = await world.post(app, b);
  await drain(app);
  let isLost = false;
  for (let steps = 0; !isLost && steps < 50; steps++) {
    const victim = mortal(steps);
    const later: App['queue']['enqueue'] = async (tx, kind, payloads) => {
      tx.afterCommit(() => undefined);
      outbox.push(() =>
        victim.app.shards.servers
          .find(({ name }) => name === tx.server)
          ?.database.transaction((own) => app.queue.enqueue(own, kind, payloads)),
      );
    };
    const outbox: (() => Promise<unknown> | undefined)[] = [];
    try {
      await like({ ...victim.app, queue: { ...app.queue, enqueue: later } }, a, post);
      for (const send of outbox) await send();
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
    }
    await drain(app);
    isLost = (await findFaults(app)).length > 0;
  }
  await mustBeSeen(/^like without mirror/, /^✗ likes and their mirrors: 1 differ/);
});

test('a job that is dropped', async () => {
  await graph.follow(app, a, b);
  for (const { database } of app.shards.servers)
    await database.rows(sql`delete from jobs.job where name = 'follow.changed'`);
  await drain(app);
  await mustBeSeen(/^follow without mirror/, /^✗ follows and their mirrors: 1 differ/);
});

test('a counter that is not kept', async () => {
  const { app: careless } = mortal();
  for (const server of careless.shards.servers) {
    const { transaction } = server.database;
    server.database.transaction = (work) =>
      transaction((tx) =>
        work({
          ...tx,
          rows: async (statement) =>
            /^\s*update accounts set/.test(statement.text) ? [] : tx.rows(statement),
        }),
      );
  }
  await graph.follow(careless, b, a);
  await drain(careless);
  await mustBeSeen(/counts wrongly/, /^✗ counters: 2 differ/);
});
