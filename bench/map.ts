/**
 * Which account a post belongs to, out of Redis: what an entry costs there in memory, all in all, and how many look-ups one
 * client gets answered. The IDs are as a network makes them in a year; Redis is a real one, and the code that of the product.
 */
import { readFile } from 'node:fs/promises';
import { type AccountId, ID_EPOCH_MS, LOGICAL_SHARDS, type PostId } from '../core/ids.ts';
import { type IdMap, openIdMap } from '../server/infra/redis/id-map.ts';
import { beginRebuild } from '../server/infra/redis/id-map-rebuild.ts';
import { openRedis, type Redis } from '../server/infra/redis/redis.ts';
import { ServerDown } from '../server/infra/server-down.ts';
import { closeByHand } from '../test/closing.ts';
import { type RedisServer, startRedis } from '../test/redis.ts';
import { type Bench, type Figures, median, type Scenario, tell, until, type Wish } from './system.ts';

const ENTRIES = 10_000_000;
/** For what an entry costs among so many, the shards are fewer, and each as full as it would be. */
const DENSE = { entries: 3_000_000, asOf: 300_000_000 };
const POSTS_PER_ACCOUNT = 20;
const YEAR_MS = 365 * 86_400_000;
const START_MS = Date.UTC(2025, 10, 1);
const ENTRIES_PER_CALL = 8_000;
/** One in so many is looked up later. */
const KNOWN_EVERY = 20;
const IDS_PER_QUESTION = 200;
const QUESTIONS_AT_ONCE = 20;
const SECONDS = 10;
const ROUNDS = 5;
const CONNECT_MAX_MS = 5_000;
const MS_PER_TICK = 10; // USER_HZ is 100 on every Linux that Node runs on
const NAME = 'owners';

type Entry = [PostId, AccountId];
type Network = { entries: number; shards: number; asOf: number };

export const map: Scenario = {
  name: 'map',
  about: 'which account a post belongs to, 10 million IDs in Redis: bytes an entry, look-ups per second',
  measure,
};

async function measure(bench: Bench, wish: Wish): Promise<Figures> {
  bench.closing.push(closeByHand());
  const entries = wish.entries ?? ENTRIES;
  const seconds = wish.seconds ?? SECONDS;
  const filled = await measureNetwork(bench, { entries, shards: LOGICAL_SHARDS, asOf: entries }, seconds);
  const shards = Math.round((LOGICAL_SHARDS * DENSE.entries) / DENSE.asOf);
  const dense = await measureNetwork(bench, { ...DENSE, shards }, seconds);
  return {
    bytesPerEntry: filled.bytesPerEntry,
    bytesPerEntryDense: dense.bytesPerEntry,
    mapGigabytes: (dense.bytesPerEntry * DENSE.asOf) / 1e9,
    mapEntries: entries,
    mapFilledPerSecond: filled.filledPerSecond,
    lookupsPerSecond: filled.lookupsPerSecond,
    lookupsPerSecondDense: dense.lookupsPerSecond,
    lookupRedisCpuUs: filled.lookupRedisCpuUs,
    lookupClientCpuUs: filled.lookupClientCpuUs,
    lookupsWrong: filled.wrong + dense.wrong,
  };
}

/** On a Redis of its own: what one gives back when it is emptied is not all free at once. */
async function measureNetwork(bench: Bench, network: Network, seconds: number) {
  const server = await startRedis();
  const redis = await connect(bench, server);
  const { known, ...filled } = await fill(redis, network);
  const looked = await lookUp(redis, server, known, seconds);
  await server.kill();
  return { ...filled, ...looked };
}

async function connect(bench: Bench, server: RedisServer): Promise<Redis> {
  const epoch = { value: () => 1, end: async () => undefined, close: async () => undefined };
  const redis = openRedis('redis', {
    address: { kind: 'server', url: server.url },
    epoch,
    onError: () => undefined,
    onTurn: () => undefined,
  });
  bench.closing.push(redis.close);
  await until(CONNECT_MAX_MS, 'Redis answers', async () => (redis.isDown() ? null : true));
  return redis;
}

/** As `rebuild map` does it. */
async function fill(redis: Redis, network: Network) {
  const before = await usedMemory(redis);
  const startMs = performance.now();
  const rebuild = await beginRebuild(redis, NAME, {
    expected: network.asOf,
    startMs: START_MS,
    isFromStart: false,
  });
  const known: Entry[] = [];
  let done = 0;
  let part: Entry[] = [];
  for (const entry of entriesOf(network)) {
    if (done % KNOWN_EVERY === 0) known.push(entry);
    part.push(entry);
    done++;
    if (part.length < ENTRIES_PER_CALL && done < network.entries) continue;
    await rebuild.add(part);
    part = [];
    if (done % 1_000_000 === 0) tell(`  ${done.toLocaleString('en')} entries`);
  }
  await rebuild.finish();
  return {
    known,
    bytesPerEntry: ((await usedMemory(redis)) - before) / done,
    filledPerSecond: (done * 1_000) / (performance.now() - startMs),
  };
}

/** Account by account: each joins at some moment of the year, and from then on posts as often as it likes to. */
function* entriesOf({ entries, shards }: Network): Generator<Entry> {
  for (let made = 0; made < entries; ) {
    const shard = below(shards);
    const joinedMs = below(YEAR_MS);
    const accountId = idOf<AccountId>(joinedMs, shard);
    const posts = Math.min(entries - made, 1 + Math.floor(exponential(POSTS_PER_ACCOUNT - 0.5)));
    for (let post = 0; post < posts; post++)
      yield [idOf<PostId>(joinedMs + below(YEAR_MS - joinedMs), shard), accountId];
    made += posts;
  }
}

/** The sequence counts what one server makes within a millisecond: mostly little. */
function idOf<Id>(sinceMs: number, shard: number): Id {
  const sequence = Math.random() < 0.02 ? below(1_024) : Math.floor(exponential(2));
  const ms = BigInt(START_MS - ID_EPOCH_MS + sinceMs);
  return String((ms << 23n) | BigInt(shard << 10) | BigInt(Math.min(1_023, sequence))) as Id;
}

function below(limit: number): number {
  return Math.floor(Math.random() * limit);
}

function exponential(mean: number): number {
  return -Math.log(1 - Math.random()) * mean;
}

/** Random known posts, many questions under way at once; every answer is compared. */
async function lookUp(redis: Redis, server: RedisServer, known: Entry[], seconds: number) {
  const owners = openIdMap<PostId, AccountId>(redis, NAME);
  const rates: number[] = [];
  let [lookups, wrong] = [0, 0];
  const cpuBefore = [await cpuOf(server), process.cpuUsage().user + process.cpuUsage().system] as const;
  for (let round = 0; round < ROUNDS; round++) {
    const startMs = performance.now();
    const endMs = startMs + (seconds * 1_000) / ROUNDS;
    const before = lookups;
    const ask = async () => {
      while (performance.now() < endMs) {
        wrong += await patiently(() => askOnce(owners, known));
        lookups += IDS_PER_QUESTION;
      }
    };
    await Promise.all(Array.from({ length: QUESTIONS_AT_ONCE }, ask));
    rates.push(((lookups - before) * 1_000) / (performance.now() - startMs));
  }
  const { user, system } = process.cpuUsage();
  return {
    lookupsPerSecond: median(rates),
    lookupRedisCpuUs: (((await cpuOf(server)) - cpuBefore[0]) * 1_000) / lookups,
    lookupClientCpuUs: (user + system - cpuBefore[1]) / lookups,
    wrong,
  };
}

async function askOnce(owners: IdMap<PostId, AccountId>, known: Entry[]): Promise<number> {
  const asked = Array.from({ length: IDS_PER_QUESTION }, () => known[below(known.length)] as Entry);
  const found = await owners.find(asked.map(([postId]) => postId));
  return asked.filter(([postId, accountId]) => found.get(postId) !== accountId).length;
}

async function usedMemory(redis: Redis): Promise<number> {
  const text = await patiently(() => redis.command<string>('INFO', 'memory'));
  return Number(/^used_memory:(\d+)/m.exec(text)?.[1]);
}

/** On a machine that is busy with other things Redis may be found down. */
async function patiently<Result>(work: () => Promise<Result>): Promise<Result> {
  return until(CONNECT_MAX_MS, 'Redis answers', async () => {
    try {
      return { result: await work() };
    } catch (error) {
      if (!(error instanceof ServerDown)) throw error;
      return null;
    }
  }).then(({ result }) => result);
}

/** Ms, user and system. */
async function cpuOf(server: RedisServer): Promise<number> {
  const text = await readFile(`/proc/${server.pid()}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
}
