/** Redis and Memcached killed, frozen, full, emptied, brought back from an old copy, and answering nonsense, while members act. */
import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { parseRedis } from '../server/config.ts';
import { openMembers } from './accelerator-world.ts';
import { atEnd } from './closing.ts';
import { idsOf, type Page } from './home-feeds.ts';
import { type MemcachedServer, startMemcached, startRedis } from './redis.ts';
import { openWorld, until } from './world.ts';

const [redis, memcached] = await Promise.all([startRedis(), startMemcached(8)]);
const world = await openWorld({
  config: { redis: parseRedis(redis.url), memcached: [memcached.address], pushLimit: 3 },
});
const seed = Math.floor(Math.random() * 2 ** 31);
const members = await openMembers(world, seed);

const isBack = () =>
  until(
    async () =>
      world.app.redis.feeds?.isDown() || world.app.memcached?.nodes().some(({ isDown }) => isDown)
        ? null
        : true,
    'both are back',
  );

type Fault = {
  name: string;
  begin(): Promise<unknown>;
  forMs: number;
  heal?(): Promise<unknown>;
};

const full = async () => {
  await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
  await redis.command('CONFIG', 'SET', 'maxmemory', '1');
};
const notFull = () => redis.command('CONFIG', 'SET', 'maxmemory', '0');

let nonsense: Awaited<ReturnType<typeof startNonsense>> | undefined;
const answersNonsense = (answers: string[], isReset = false) => ({
  async begin() {
    await memcached.kill();
    nonsense = await startNonsense(memcached.port, answers, isReset);
  },
  async heal() {
    await nonsense?.stop();
    assert.ok((nonsense?.asked() ?? 0) > 0, 'it was asked');
    await memcached.start();
  },
});

const faults: Fault[] = [
  { name: 'Redis is killed, and started again empty', begin: redis.kill, forMs: 1_000, heal: redis.start },
  { name: 'Redis is frozen for some seconds', begin: redis.freeze, forMs: 2_000, heal: redis.thaw },
  { name: 'Redis is full', begin: full, forMs: 1_500, heal: notFull },
  {
    name: 'Redis is emptied again and again',
    async begin() {
      for (let n = 0; n < 10; n++) await redis.command('FLUSHALL');
    },
    forMs: 300,
  },
  {
    name: 'connections to Redis are cut again and again',
    async begin() {
      for (let n = 0; n < 10; n++)
        await redis.command('CLIENT', 'KILL', 'TYPE', 'normal').catch(() => undefined);
    },
    forMs: 300,
  },
  {
    name: 'Memcached is killed, and started again',
    begin: memcached.kill,
    forMs: 1_000,
    heal: memcached.start,
  },
  {
    name: 'Memcached is frozen for some seconds',
    begin: memcached.freeze,
    forMs: 2_500,
    heal: memcached.thaw,
  },
  { name: 'Memcached is so full that it throws values out', begin: () => overfill(memcached), forMs: 300 },
  {
    name: 'Memcached answers nonsense',
    forMs: 1_200,
    ...answersNonsense([
      'HTTP/1.1 400 Bad Request\r\n\r\n',
      'VA 1000 c1 W\r\nhalf',
      'VA 3 c1\r\n{"post_id":"1"}\r\n',
      'VA -1\r\n',
      'VA 2 c1\r\n{}\r\n',
      'EN\r\nEN\r\nEN\r\nEN\r\n',
      'HD',
      'x'.repeat(5_000),
    ]),
  },
  {
    name: 'Memcached resets connections in mid-answer',
    forMs: 1_000,
    ...answersNonsense(['VA 2000 c17\r\n{"post_id":"'], true),
  },
];

for (const { name, begin, forMs, heal } of faults)
  test(`${name}: members notice nothing, and all feeds are right afterwards (seed ${seed})`, async () => {
    await members.during([world], async (lasts) => {
      await lasts(300);
      await begin();
      await lasts(forMs);
      await heal?.();
      await isBack();
      await lasts(400);
    });
    await members.mustBeRight(world, redis);
  });

test('Redis comes back with an old copy of its data: no list of it is believed', async () => {
  await redis.command('SAVE');
  await members.during([world], (lasts) => lasts(1_500));
  await world.settled();
  await redis.kill();
  await redis.start();
  assert.ok((await redis.command<string[]>('KEYS', 'home:*')).length > 0, 'the old lists are there');
  await isBack();
  await members.mustBeRight(world, redis);
});

test('photos are posted, edited and deleted while both are dead, and while they are frozen', async () => {
  const [ann, bob] = members.all;
  assert.ok(ann && bob);
  await ann.act('DELETE', `/accounts/${bob.id}/block`);
  await bob.act('DELETE', `/accounts/${ann.id}/block`);
  await bob.follows(ann);
  for (const [breaks, heals] of [
    [
      () => Promise.all([redis.kill(), memcached.kill()]),
      () => Promise.all([redis.start(), memcached.start()]),
    ],
    [
      () => Promise.all([redis.freeze(), memcached.freeze()]),
      () => Promise.all([redis.thaw(), memcached.thaw()]),
    ],
  ] as const) {
    await breaks();
    const kept = await ann.posts('kept');
    const gone = await ann.posts('gone');
    await ann.deletes(gone);
    const newest: Page = await bob.get('/feed?limit=1');
    assert.deepEqual(idsOf(newest), [kept.id]);
    await heals();
    await isBack();
  }
  await members.mustBeRight(world, redis);
});

const KEY = new RegExp(
  [
    '^generation$',
    '^home:GENERATION:\\d+(:merged)?$',
    '^activity:GENERATION:\\d+(:lease)?$',
    '^session:GENERATION:[\\w-]{43}(:lease)?$',
    '^rate:[a-z-]+:[\\w-]{43}$',
    '^owners:(layouts|[0-9a-z]+:\\d+:(\\d+|ranks))$',
  ]
    .join('|')
    .replaceAll('GENERATION', '\\d+\\.[0-9a-f]{8}\\.[0-9a-z]+'),
);

test('keys hold nothing but ids, generations and hashes', async () => {
  for (const key of await redis.command<string[]>('KEYS', '*')) assert.match(key, KEY);
  const dump = await memcached.say('lru_crawler metadump all\r\n');
  const keys = [...dump.matchAll(/^key=(\S+) /gm)].map(([, key]) => decodeURIComponent(key ?? ''));
  assert.ok(keys.length > 0);
  for (const key of keys) assert.match(key, /^post:\d+:\d+$/);
});

/** So much that what was there before is thrown out. */
async function overfill(server: MemcachedServer): Promise<void> {
  const value = 'x'.repeat(900);
  for (let part = 0; part < 30; part++)
    await server.say(
      Array.from({ length: 1_000 }, (_, at) => `ms junk:${part}:${at} 900 T60 q\r\n${value}\r\n`).join(''),
    );
  const [, evicted] = /STAT evictions (\d+)/.exec(await server.say('stats\r\n')) ?? [];
  assert.ok(Number(evicted) > 0, 'it is full');
}

/** Answers each question with the next of these, and then closes, or resets the connection. */
async function startNonsense(port: number, answers: string[], isReset: boolean) {
  let asked = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', () => {
      const answer = answers[asked++ % answers.length] ?? '';
      socket.write(answer, () => (isReset ? socket.resetAndDestroy() : asked % 2 ? socket.end() : undefined));
    });
  });
  const stop = async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  atEnd(async () => server.listening && stop());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return { asked: () => asked, stop };
}
