import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { newRequestContext, runInContext, TURN_MS } from './request-context.ts';
import { ServerDown } from './server-down.ts';
import { openWaiting } from './waiting.ts';

const never = () => new Promise<never>(() => undefined);

/** A server as it is seen from here: `probe` is what a probe of it comes to. */
function watched() {
  const seen = { probes: 0, downs: 0, ups: 0, probe: async () => {} };
  const waiting = openWaiting({
    server: 'pg2',
    probe: () => {
      seen.probes++;
      return { answer: seen.probe(), giveUp: () => undefined };
    },
    onDown: () => seen.downs++,
    onUp: () => seen.ups++,
  });
  return { seen, waiting };
}

async function fateOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'answered',
    (error) => (error instanceof ServerDown ? 'down' : String(error)),
  );
}

test('a slow statement accuses nobody: the server is asked, and answers', async (t) => {
  const { seen, waiting } = watched();
  t.after(waiting.close);
  assert.equal(await fateOf(waiting.on(() => delay(12 * TURN_MS))), 'answered');
  assert.ok(seen.probes > 0);
  assert.deepEqual([seen.downs, waiting.isDown()], [0, false]);
});

test('a server that does not answer is given up: all who wait are told, later ones at once, until it answers', async (t) => {
  const { seen, waiting } = watched();
  t.after(waiting.close);
  seen.probe = never;
  assert.deepEqual(await Promise.all([fateOf(waiting.on(never)), fateOf(waiting.on(never))]), [
    'down',
    'down',
  ]);
  assert.deepEqual([seen.downs, waiting.isDown()], [1, true]);
  let asked = 0;
  const later = waiting.on(async () => {
    asked++;
  });
  assert.deepEqual([await fateOf(later), asked], ['down', 0]);
  seen.probe = async () => {};
  while (waiting.isDown()) await delay(TURN_MS);
  assert.equal(seen.ups, 1);
  assert.equal(await fateOf(waiting.on(async () => undefined)), 'answered');
});

test('a process that stands still for seconds takes nobody for dead', async (t) => {
  const { seen, waiting } = watched();
  t.after(waiting.close);
  // Its answers arrive while this process looks away.
  seen.probe = () => delay(3 * TURN_MS);
  const work = waiting.on(() => delay(6 * TURN_MS));
  await delay(5 * TURN_MS);
  const untilMs = performance.now() + 20 * TURN_MS;
  while (performance.now() < untilMs);
  assert.equal(await fateOf(work), 'answered');
  assert.equal(seen.downs, 0);
});

test('a request waits no longer than it may, for however many servers at once; a job as long as it takes', async (t) => {
  const all = [watched(), watched(), watched()];
  t.after(() => {
    for (const { waiting } of all) waiting.close();
  });
  const context = newRequestContext(null);
  context.turnsLeft = 6;
  const waits = runInContext(context, () => all.map(({ waiting }) => fateOf(waiting.on(never))));
  const job = all[0]?.waiting.on(() => delay(10 * TURN_MS)) ?? never();
  await delay(4 * TURN_MS);
  // Were each server's turns counted, it would be over by now.
  assert.ok(context.turnsLeft > 0);
  assert.deepEqual(await Promise.all(waits), ['down', 'down', 'down']);
  assert.ok(all.every(({ waiting }) => !waiting.isDown()));
  const [first] = all;
  assert.ok(first);
  assert.equal(await runInContext(context, () => fateOf(first.waiting.on(async () => undefined))), 'down');
  assert.equal(await fateOf(job), 'answered');
});

test('what piles up before a server has a bound', async (t) => {
  const { waiting } = watched();
  t.after(waiting.close);
  const letGo = Promise.withResolvers<void>();
  const fates = Array.from({ length: 5_010 }, () => fateOf(waiting.on(() => letGo.promise)));
  letGo.resolve();
  const refused = (await Promise.all(fates)).filter((fate) => fate === 'down');
  assert.equal(refused.length, 10);
});

test('a broken connection is looked into at once, and its error tells of the server', async (t) => {
  const { seen, waiting } = watched();
  t.after(waiting.close);
  const broken = waiting.on(() => Promise.reject(new Error('Connection terminated unexpectedly')));
  assert.equal(await fateOf(broken), 'down');
  assert.deepEqual([seen.probes, waiting.isDown()], [1, false]);
  assert.equal(
    await fateOf(waiting.on(() => Promise.reject(new Error('no such table')))),
    'Error: no such table',
  );
  assert.equal(seen.probes, 1);
});
