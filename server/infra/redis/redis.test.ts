/** One real server, and one behind a Sentinel. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { atEnd } from '../../../test/closing.ts';
import { type RedisServer, startRedis } from '../../../test/redis.ts';
import { until } from '../../../test/world.ts';
import type { RedisAddress } from '../../config.ts';
import { ServerDown } from '../server-down.ts';
import { openRedis, type Redis } from './redis.ts';
import { script } from './script.ts';

/** A quarter of a second for Redis; the rest is the machine's. */
const ANSWER_MAX_MS = 700;
/** A Sentinel on a machine that is very busy takes half a minute off before it judges again (TILT). */
const BACK_MS = 60_000;

function openView(address: RedisAddress): Redis {
  const nothing = async () => undefined;
  const epoch = { value: () => 1, end: nothing, close: nothing };
  const redis = openRedis('redis', { address, epoch, onError: () => undefined, onTurn: () => undefined });
  atEnd(redis.close);
  return redis;
}

/** Writes under the generation of the moment, all the time. */
function startWriting(redis: Redis) {
  let isRunning = true;
  let slowestMs = 0;
  const faults: string[] = [];
  const runs = new Set<string>();
  async function write(): Promise<void> {
    const startMs = performance.now();
    try {
      const generation = redis.generation();
      const [, run] = /run_id:([0-9a-f]{8})/.exec(await redis.command<string>('INFO', 'server')) ?? [];
      if (!generation.startsWith(`1.${run}.`)) faults.push(`the run ${run} was taken for ${generation}`);
      runs.add(run ?? '');
    } catch (error) {
      if (!(error instanceof ServerDown)) faults.push(String(error));
    }
    slowestMs = Math.max(slowestMs, performance.now() - startMs);
  }
  const running = (async () => {
    for (; isRunning; await delay(1)) await write();
  })();
  atEnd(async () => {
    isRunning = false;
  });
  return {
    runs,
    async stop() {
      isRunning = false;
      await running;
      assert.deepEqual(faults, []);
      assert.ok(slowestMs < ANSWER_MAX_MS, `one waited ${slowestMs} ms`);
    },
  };
}

/** Nobody asks anything until the connection is there again. */
async function restartUnnoticed(server: RedisServer, redis: Redis): Promise<void> {
  await server.kill();
  await server.start();
  // The one that asks this, and ours; a Sentinel gives itself a name.
  const isConnected = async () =>
    (await server.command<string>('CLIENT', 'LIST')).split(' name= ').length > 2 ? true : null;
  await until(isConnected, 'the connection is back', BACK_MS);
  const writing = startWriting(redis);
  await until(async () => (writing.runs.size > 0 ? true : null), 'it answers again', BACK_MS);
  await writing.stop();
}

const isUp = (redis: Redis) =>
  until(async () => (redis.isDown() ? null : redis.generation()), 'Redis is back', BACK_MS);
const isDown = (redis: Redis) =>
  until(async () => (redis.isDown() ? true : null), 'it is known to be down', 2_000);

async function startServer(settings: string[] = []): Promise<{ server: RedisServer; redis: Redis }> {
  const server = await startRedis(settings);
  const redis = openView({ kind: 'server', url: server.url });
  await isUp(redis);
  return { server, redis };
}

test('nothing waits for one that is frozen or dead, and each run of it has a generation of its own', async () => {
  const { server, redis } = await startServer();
  const writing = startWriting(redis);
  const first = redis.generation();
  await server.freeze();
  await isDown(redis);
  await server.thaw();
  assert.equal(await isUp(redis), first);
  const isWritten = (runs: number) =>
    until(async () => (writing.runs.size === runs ? true : null), 'it is written to', BACK_MS);
  await isWritten(1);
  for (let round = 0; round < 3; round++) {
    await server.kill();
    await isDown(redis);
    await server.start();
    await isWritten(round + 2);
  }
  await writing.stop();
});

test('a restart of which only the connection has told is known before anything is asked', async () => {
  const { server, redis } = await startServer();
  for (let round = 0; round < 3; round++) await restartUnnoticed(server, redis);
});

test('one that is frozen for longer than a connection may be silent comes back', async () => {
  const { server, redis } = await startServer();
  const writing = startWriting(redis);
  await server.freeze();
  await delay(6_500);
  await server.thaw();
  await isUp(redis);
  await writing.stop();
});

test('this process standing still for a second is no fault of Redis', async () => {
  const { redis } = await startServer();
  for (let round = 0; round < 2; round++) {
    const answers = Promise.all(Array.from({ length: 50 }, () => redis.command<string>('PING')));
    const startMs = performance.now();
    while (performance.now() - startMs < 1_000);
    assert.deepEqual(new Set(await answers), new Set(['PONG']));
    assert.equal(redis.isDown(), false);
  }
});

test('a script runs also on a server that has forgotten it', async () => {
  const { server, redis } = await startServer();
  const echo = script('return ARGV[1]');
  for (let round = 0; round < 2; round++) {
    assert.equal(await redis.run(echo, [], ['said']), 'said');
    assert.equal(await redis.run(echo, [], ['again']), 'again');
    await server.command('SCRIPT', 'FLUSH');
  }
});

test('what refuses because it is full is an answer, and no fault', async () => {
  const { server, redis } = await startServer(['maxmemory-policy noeviction']);
  await server.command('CONFIG', 'SET', 'maxmemory', '1');
  await assert.rejects(redis.command('SET', 'a', 'b'), /OOM command/);
  assert.equal(redis.isDown(), false);
  await server.command('CONFIG', 'SET', 'maxmemory', '0');
  assert.equal(await redis.command('SET', 'a', 'b'), 'OK');
});

test('a subscription is there again after a restart', async () => {
  const { server, redis } = await startServer();
  const heard: string[] = [];
  const end = await redis.subscribe('news', (message) => heard.push(message));
  const hears = (message: string) =>
    until(
      async () => {
        await server.command('PUBLISH', 'news', message);
        return heard.includes(message) ? true : null;
      },
      `${message} is heard`,
      BACK_MS,
    );
  await hears('first');
  await server.kill();
  await server.start();
  await hears('second');
  await end();
  assert.equal(await server.command('PUBLISH', 'news', 'third'), 0);
});

test('a primary that dies is replaced by its replica, one that restarts is known anew, and nothing of before is believed', async () => {
  const primary = await startRedis();
  const replica = await startRedis([`replicaof 127.0.0.1 ${primary.port}`]);
  const sentinel = await startRedis([
    `sentinel monitor pinhole 127.0.0.1 ${primary.port} 1`,
    // Longer than a restart takes.
    'sentinel down-after-milliseconds pinhole 30000',
    'sentinel failover-timeout pinhole 3000',
  ]);
  await until(
    async () => (/slaves=1/.test(await sentinel.command<string>('INFO', 'sentinel')) ? true : null),
    'the replica is known',
    BACK_MS,
  );
  const redis = openView({
    kind: 'sentinel',
    name: 'pinhole',
    sentinels: [{ host: '127.0.0.1', port: sentinel.port }],
    credentials: {},
  });
  const heard: string[] = [];
  atEnd(await redis.subscribe('news', (message) => heard.push(message)));
  await isUp(redis);
  for (let round = 0; round < 3; round++) await restartUnnoticed(primary, redis);
  await sentinel.command('SENTINEL', 'SET', 'pinhole', 'down-after-milliseconds', '1000');
  const second = redis.generation();
  const writing = startWriting(redis);
  await redis.command('SET', `home:${second}:1`, 'newer');
  await until(
    async () => ((await replica.command('GET', `home:${second}:1`)) === 'newer' ? true : null),
    'the replica has it',
    BACK_MS,
  );
  await primary.kill();
  const third = await until(
    async () => (redis.isDown() || redis.generation() === second ? null : redis.generation()),
    'the replica serves',
    BACK_MS,
  );
  assert.equal(await redis.command('GET', `home:${second}:1`), 'newer');
  assert.equal(await redis.command('GET', `home:${third}:1`), null);
  assert.equal(await redis.command('SET', `home:${third}:1`, 'new'), 'OK');
  await until(
    async () => {
      await redis.command('PUBLISH', 'news', 'after');
      return heard.includes('after') ? true : null;
    },
    'the subscription follows',
    BACK_MS,
  );
  await writing.stop();
});
