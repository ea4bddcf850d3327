import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../../test/world.ts';
import { openBreaker } from './breaker.ts';
import { ServerDown } from './server-down.ts';

/** Nothing waits longer than a quarter of a second; the rest is the machine's. */
const WAIT_MAX_MS = 700;

const never = () => new Promise<never>(() => undefined);
const soon = () => delay(1, 'an answer');
const lost = async () => {
  throw new Error('lost');
};

function openTestBreaker(probe: () => Promise<unknown>) {
  const turns: boolean[] = [];
  const breaker = openBreaker({
    name: 'it',
    probe,
    isLost: (error) => error instanceof Error && error.message === 'lost',
    onTurn: (isDown) => turns.push(isDown),
  });
  return { breaker, turns };
}

async function msOf(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await assert.rejects(work, ServerDown);
  return performance.now() - startMs;
}

test('what is answered is handed through, also when it is a refusal', async () => {
  const { breaker, turns } = openTestBreaker(soon);
  assert.equal(await breaker.on(soon), 'an answer');
  const refusal = new Error('refused');
  await assert.rejects(
    breaker.on(() => Promise.reject(refusal)),
    refusal,
  );
  assert.deepEqual([breaker.isDown(), turns], [false, []]);
  breaker.close();
});

test('what answers nothing is found out within a second, and then nobody waits until a probe is answered', async () => {
  let answer: (() => void) | undefined;
  let probes = 0;
  const { breaker, turns } = openTestBreaker(async () => {
    probes++;
    await new Promise<void>((resolve) => {
      answer = resolve;
    });
  });
  for (const ms of await Promise.all([1, 2, 3].map(() => msOf(() => breaker.on(never)))))
    assert.ok(ms < WAIT_MAX_MS, `waited ${ms} ms`);
  assert.deepEqual([breaker.isDown(), turns], [true, [true]]);
  const startMs = performance.now();
  for (let n = 0; n < 1_000; n++) await assert.rejects(breaker.on(soon), ServerDown);
  assert.ok(performance.now() - startMs < WAIT_MAX_MS, 'nobody waits while it is down');
  await until(async () => (probes >= 2 ? true : null), 'it is probed again and again', 3_000);
  answer?.();
  await until(async () => (breaker.isDown() ? null : true), 'the probe closes it', 3_000);
  assert.equal(await breaker.on(soon), 'an answer');
  assert.deepEqual(turns, [true, false]);
  breaker.close();
});

test('a connection that is lost opens it at once, for all who wait', async () => {
  const { breaker } = openTestBreaker(never);
  const waiting = msOf(() => breaker.on(never));
  assert.ok((await msOf(() => breaker.on(lost))) < WAIT_MAX_MS);
  assert.ok(breaker.isDown());
  assert.ok((await waiting) < WAIT_MAX_MS);
  breaker.close();
});

test('one that waits among many who are answered is given up, and accuses nobody', async () => {
  const { breaker, turns } = openTestBreaker(soon);
  let isWaiting = true;
  const ms = msOf(() => breaker.on(never)).finally(() => {
    isWaiting = false;
  });
  while (isWaiting) await breaker.on(soon);
  assert.ok((await ms) < WAIT_MAX_MS);
  assert.deepEqual([breaker.isDown(), turns], [false, []]);
  breaker.close();
});

test('a process that stands still for a second accuses nobody', async () => {
  const { breaker, turns } = openTestBreaker(soon);
  for (let round = 0; round < 3; round++) {
    const asked = breaker.on(() => delay(20, 'an answer'));
    await delay(5);
    const startMs = performance.now();
    while (performance.now() - startMs < 1_000);
    assert.equal(await asked, 'an answer');
  }
  assert.deepEqual([breaker.isDown(), turns], [false, []]);
  breaker.close();
});

test('closing it ends what waits', async () => {
  const { breaker } = openTestBreaker(never);
  const waiting = msOf(() => breaker.on(never));
  breaker.close();
  assert.ok((await waiting) < WAIT_MAX_MS);
  await assert.rejects(breaker.on(soon), ServerDown);
});
