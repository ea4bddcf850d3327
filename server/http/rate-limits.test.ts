/** Limits that all processes share, in a real Redis; and what is left of them while it is down. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertRefused } from '../../test/bad-input.ts';
import { startRedis } from '../../test/redis.ts';
import { openWorld, PASSWORD, type Person, type Reply, until } from '../../test/world.ts';
import { parseRedis } from '../config.ts';

const server = await startRedis();
const world = await openWorld({ config: { redis: parseRedis(server.url), proxies: 1 } });
const there = await world.another();
type Process = typeof there;
const processes: Process[] = [world, there];
const [ann, bob] = await world.accounts('ann', 'bob');
const post = await ann.posts();
const TRIES = 10;
const TRIES_ALONE = 3;
/** Who waited for a Redis that is silent would wait far longer; a busy machine alone takes a second. */
const QUICK_MS = 5_000;

let addresses = 0;
const newAddress = () => `192.0.2.${++addresses}`;

async function signIn({ call }: Process, address: string, password: string, login = 'ann'): Promise<Reply> {
  const startMs = performance.now();
  const reply = await call('POST', '/sessions', {
    body: { login, password, kind: 'bearer' },
    headers: { 'x-forwarded-for': address },
  });
  const tookMs = performance.now() - startMs;
  assert.ok(tookMs < QUICK_MS, `an answer after ${tookMs} ms`);
  return reply;
}

const counts = () => server.command<string[]>('KEYS', 'rate:*');

async function seenBy(isDown: boolean): Promise<void> {
  for (const { app } of processes)
    await until(async () => app.redis.sessions?.isDown() === isDown || null, `Redis is down: ${isDown}`);
}

async function comments(process: Process, person: Person): Promise<number> {
  const reply = await process.call('POST', `/posts/${post.id}/comments`, {
    body: { text: 'a word' },
    token: person.token,
  });
  return reply.status;
}

test('tries to sign in are counted by all processes together', async () => {
  const address = newAddress();
  for (let at = 0; at < TRIES; at++)
    assertRefused(await signIn(processes[at % 2] as Process, address, 'guess'), 401, 'wrong_password');
  for (const process of processes) {
    const reply = await signIn(process, address, PASSWORD);
    assertRefused(reply, 429, 'limited');
    const seconds = Number(reply.headers.get('retry-after'));
    assert.ok(Number.isInteger(seconds) && seconds > 0 && seconds <= 900, `retry after ${seconds} s`);
    assert.equal((await signIn(process, newAddress(), PASSWORD)).status, 201);
  }
});

test('a burst over all processes is counted exactly', async () => {
  const address = newAddress();
  const replies = await Promise.all(
    Array.from({ length: 50 }, (_, at) =>
      (processes[at % 2] as Process).call('POST', '/sessions', {
        body: { login: 'bob', password: `guess ${at}` },
        headers: { 'x-forwarded-for': address },
      }),
    ),
  );
  assert.equal(replies.filter(({ status }) => status === 401).length, TRIES);
  assert.equal(replies.filter(({ status }) => status === 429).length, 50 - TRIES);
});

test('a key holds nothing of what was sent, and ends with its window', async () => {
  await signIn(world, newAddress(), 'guess', 'Somebody, With a Name'.padEnd(120, ' x'));
  await world.call('POST', '/password-resets', { body: { email: 'some.body@example.org' } });
  const keys = await counts();
  assert.ok(keys.length > 5);
  for (const key of keys) {
    assert.match(key, /^rate:[a-z-]+:[\w-]{43}$/);
    const ttlMs = Number(await server.command('PTTL', key));
    assert.ok(ttlMs > 0 && ttlMs <= 3_600_000, `${key} ${ttlMs} ms`);
  }
});

for (const [way, breaks, heals] of [
  ['frozen', server.freeze, server.thaw],
  ['killed', server.kill, server.start],
] as const)
  test(`while Redis is ${way}, guessing is bounded, members come in, and others go on`, async () => {
    await breaks();
    const isKnown = seenBy(true);
    // Whoever comes first finds it out, and waits for it no longer than that.
    assert.equal((await signIn(world, newAddress(), PASSWORD)).status, 201);
    await isKnown;
    const address = newAddress();
    for (const process of processes) {
      for (let at = 0; at < TRIES_ALONE; at++)
        assertRefused(await signIn(process, address, 'guess'), 401, 'wrong_password');
      assertRefused(await signIn(process, address, PASSWORD), 429, 'limited');
      assert.equal((await signIn(process, newAddress(), PASSWORD)).status, 201);
      for (let at = 0; at < 5; at++) assert.equal(await comments(process, bob), 201);
      assert.equal((await process.call('POST', '/uploads', { token: bob.token })).status, 201);
    }
    const email = `${way}@example.org`;
    const ask = () =>
      world.call('POST', '/password-resets', {
        body: { email },
        headers: { 'x-forwarded-for': newAddress() },
      });
    assert.equal((await ask()).status, 202);
    assertRefused(await ask(), 429, 'limited');
    await heals();
    await seenBy(false);
    await server.command('FLUSHALL');
    const next = newAddress();
    for (let at = 0; at < TRIES; at++)
      assertRefused(await signIn(processes[at % 2] as Process, next, 'guess'), 401, 'wrong_password');
    for (const process of processes) assertRefused(await signIn(process, next, PASSWORD), 429, 'limited');
    assert.ok((await counts()).length > 0);
  });
