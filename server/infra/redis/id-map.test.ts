/** Entries in a real Redis; the oracle is a Map. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type AccountId, ID_EPOCH_MS, LOGICAL_SHARDS, type PostId } from '../../../core/ids.ts';
import { atEnd } from '../../../test/closing.ts';
import { startRedis } from '../../../test/redis.ts';
import { until } from '../../../test/world.ts';
import { openIdMap } from './id-map.ts';
import { idAt, type Layout, packFields, placeOf } from './id-map-layout.ts';
import { beginRebuild, bucketsFor } from './id-map-rebuild.ts';
import { isFull } from './optional.ts';
import { openRedis } from './redis.ts';

const MS_SPAN = 2 ** 40;
const NOW_MS = Date.UTC(2026, 0, 1);

const server = await startRedis();
const redis = openRedis('redis', {
  address: { kind: 'server', url: server.url },
  epoch: { value: () => 1, end: async () => undefined, close: async () => undefined },
  onError: () => undefined,
  onTurn: () => undefined,
});
atEnd(redis.close);
await until(async () => (redis.isDown() ? null : true), 'Redis answers');

type Entry = [PostId, AccountId];
const open = (name: string) => openIdMap<PostId, AccountId>(redis, name);
const idOf = <Id>(ms: number, shard: number, sequence: number) =>
  String((BigInt(ms) << 23n) | BigInt((shard << 10) | sequence)) as Id;

/** Account by account, as in a shard; sequences of all sizes. */
function entriesOf(shard: number, accounts: number, posts: number): Entry[] {
  return Array.from({ length: accounts * posts }, (_, at): Entry => {
    const joinedMs = NOW_MS - ID_EPOCH_MS + 1_000 * Math.floor(at / posts);
    return [
      idOf<PostId>(joinedMs + at * 7_919, shard, (at * at) % 1_024),
      idOf<AccountId>(joinedMs, shard, at % 1),
    ];
  });
}

async function keysOf(name: string): Promise<string[]> {
  return (await server.command<string[]>('KEYS', `${name}:*`)).sort();
}

async function encodingsOf(name: string): Promise<Set<string>> {
  const buckets = (await keysOf(name)).filter((key) => /:\d+:\d+$/.test(key));
  assert.ok(buckets.length > 0);
  return new Set(await Promise.all(buckets.map((key) => redis.command<string>('OBJECT', 'ENCODING', key))));
}

const extreme = (max: number) =>
  fc.oneof(fc.constantFrom(0, 1, max - 1, max), fc.integer({ min: 0, max }), fc.integer({ min: 0, max: 16 }));
const someId = fc
  .record({ ms: extreme(MS_SPAN - 1), shard: extreme(LOGICAL_SHARDS - 1), sequence: extreme(1_023) })
  .map(({ ms, shard, sequence }) => idOf<PostId>(ms, shard, sequence));
const someLayout: fc.Arbitrary<Layout> = fc
  .record({ buckets: fc.integer({ min: 1, max: 5_000 }), sinceMs: extreme(MS_SPAN - 1) })
  .map(({ buckets, sinceMs }) => ({ version: 'v', buckets, startMs: ID_EPOCH_MS + sinceMs }));

test('the place of an ID is exact: it gives the ID again, whatever its ms, shard and sequence', () => {
  fc.assert(
    fc.property(someLayout, someId, (layout, id) => {
      const place = placeOf(layout, id);
      assert.ok(place.bucket >= 0 && place.bucket < layout.buckets);
      assert.ok(Number.isSafeInteger(place.field) && place.field >= 0 && place.field < 2 ** 51);
      assert.equal(idAt(layout, place), id);
    }),
    { numRuns: 5_000 },
  );
});

test('packed fields are their bytes without leading zeros, each after its length', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(extreme(2 ** 51 - 1), extreme(65_536))), (fields) => {
      const packed = packFields(fields.map((field) => ({ shard: 0, bucket: 0, field })));
      const read: number[] = [];
      for (let at = 0; at < packed.length; ) {
        const length = packed[at] ?? 0;
        assert.notEqual(packed[at + 1], length > 0 ? 0 : -1);
        read.push(Number(`0x0${packed.subarray(at + 1, at + 1 + length).toString('hex')}`));
        at += 1 + length;
      }
      assert.deepEqual(read, fields);
    }),
  );
});

test('what was added is found, random IDs too, and nothing else', async () => {
  const map = open('random');
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(someId, { maxLength: 50 }), async (ids) => {
      const entries = ids.map((id): Entry => [id, ((BigInt(id) & 0x7f_fc00n) | 5n).toString() as AccountId]);
      await map.add(entries.slice(1));
      const found = await map.find(ids);
      assert.deepEqual(found, new Map(entries.slice(1)));
      await map.remove(ids);
      await server.command('FLUSHALL');
    }),
    { numRuns: 60 },
  );
});

test('entries of one shard and of many are kept apart; twice is once', async () => {
  const map = open('many');
  const entries = [3, 4, 8_191].flatMap((shard) => entriesOf(shard, 30, 20));
  await Promise.all([map.add(entries), open('many').add(entries.toReversed())]);
  const keys = await keysOf('many');
  await map.add(entries);
  assert.deepEqual(await keysOf('many'), keys);
  assert.deepEqual(await map.find(entries.map(([id]) => id)), new Map(entries));
  for (const key of keys.filter((each) => each.endsWith(':ranks')))
    assert.equal(await redis.command('STRLEN', key), 8 * 30);
});

test('what was removed stays removed, also when somebody adds it late', async () => {
  const map = open('removed');
  const [first, second, third] = entriesOf(5, 3, 1) as [Entry, Entry, Entry];
  await map.add([first, second]);
  await map.remove([first[0], third[0]]);
  await map.add([first, third]);
  assert.deepEqual(await map.find([first[0], second[0], third[0]]), new Map([second]));
});

for (const entriesMax of [512, 128])
  test(`buckets stay compact where Redis keeps up to ${entriesMax} entries so`, async () => {
    const name = `compact${entriesMax}`;
    const entries = [0, 1].flatMap((shard) => entriesOf(shard, 100, 20));
    await server.command('CONFIG', 'SET', 'hash-max-listpack-entries', String(entriesMax));
    try {
      const expected = (LOGICAL_SHARDS * entries.length) / 2;
      const wish = { expected, startMs: NOW_MS, isFromStart: false };
      const rebuild = await beginRebuild(redis, name, wish);
      assert.equal(rebuild.layout.buckets, bucketsFor(expected, entriesMax));
      await rebuild.add(entries);
      await rebuild.finish();
      assert.deepEqual(await encodingsOf(name), new Set(['listpack']));
      assert.deepEqual(await open(name).find(entries.map(([id]) => id)), new Map(entries));
    } finally {
      await server.command('CONFIG', 'SET', 'hash-max-listpack-entries', '512');
    }
  });

test('too full buckets are found in all the same', async () => {
  const entries = entriesOf(9, 500, 20);
  const map = open('crowded');
  await map.add(entries);
  assert.ok((await encodingsOf('crowded')).has('hashtable'));
  assert.deepEqual(await map.find(entries.map(([id]) => id)), new Map(entries));
});

test('a map that Redis has lost begins anew, for those who knew the old one too', async () => {
  const [one, other] = [open('lost'), open('lost')];
  const entries = entriesOf(7, 2, 3);
  await one.add(entries);
  await other.find([]);
  const before = await server.command<string>('GET', 'lost:layouts');
  await server.command('FLUSHALL');
  assert.deepEqual(await other.find(entries.map(([id]) => id)), new Map());
  await one.add(entries);
  assert.deepEqual(await other.find(entries.map(([id]) => id)), new Map(entries));
  assert.notEqual(await server.command<string>('GET', 'lost:layouts'), before);
});

test('a rebuild takes the place of the map in use; what is added and removed meanwhile is in it', async () => {
  const map = open('rebuilt');
  const entries = entriesOf(8, 10, 10);
  const [removed, added, late] = entries as [Entry, Entry, Entry];
  await map.add(entries.filter((entry) => entry !== added));
  const before = await keysOf('rebuilt');
  const wish = { expected: 8_192 * 300, startMs: NOW_MS, isFromStart: false };
  const rebuild = await beginRebuild(redis, 'rebuilt', wish);
  await rebuild.add(entries.slice(50));
  await map.add([added]);
  await map.remove([removed[0]]);
  // As one does who had read it before it was removed.
  await rebuild.add(entries.filter((entry) => entry !== added && entry !== late));
  assert.deepEqual(await map.find(entries.map(([id]) => id)), new Map(entries.slice(1)));
  await rebuild.finish();
  const expected = entries.slice(1).filter((entry) => entry !== late);
  assert.deepEqual(await map.find(entries.map(([id]) => id)), new Map(expected));
  const left = await keysOf('rebuilt');
  assert.deepEqual(
    left.filter((key) => before.includes(key)),
    ['rebuilt:layouts'],
  );
  assert.ok(left.every((key) => key === 'rebuilt:layouts' || key.includes(rebuild.layout.version)));
});

test('a rebuild that was broken off goes on where it was, or begins anew and leaves nothing of it', async () => {
  const wish = { expected: 100, startMs: NOW_MS, isFromStart: false };
  const first = await beginRebuild(redis, 'resumed', wish);
  const entries = entriesOf(6, 1, 4);
  await first.add(entries.slice(0, 2));
  await first.writeCursor('server', 'here');
  const second = await beginRebuild(redis, 'resumed', wish);
  assert.deepEqual(second.layout, first.layout);
  assert.equal(await second.readCursor('server'), 'here');
  const third = await beginRebuild(redis, 'resumed', { ...wish, isFromStart: true });
  assert.notEqual(third.layout.version, first.layout.version);
  assert.equal(await third.readCursor('server'), null);
  await assert.rejects(first.add(entries.slice(2)));
  await third.add(entries);
  await third.finish();
  assert.deepEqual(await open('resumed').find(entries.map(([id]) => id)), new Map(entries));
  assert.ok((await keysOf('resumed')).every((key) => !key.includes(first.layout.version)));
});

test('where Redis may evict any key nothing is kept: a rank would be given twice', async () => {
  await server.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
  try {
    const map = open('evicting');
    const [entry] = entriesOf(5, 1, 1) as [Entry];
    await map.add([entry]);
    await map.remove([entry[0]]);
    assert.deepEqual(await map.find([entry[0]]), new Map());
    assert.deepEqual(await keysOf('evicting'), []);
    await assert.rejects(beginRebuild(redis, 'evicting', { expected: 1, startMs: 0, isFromStart: false }));
  } finally {
    await server.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
  }
});

test('a full Redis says so to whoever adds; it finds, and what is removed is gone', async () => {
  const map = open('full');
  const [first, second, third] = entriesOf(5, 3, 1) as [Entry, Entry, Entry];
  await map.add([first, second]);
  await server.command('CONFIG', 'SET', 'maxmemory', '1mb');
  try {
    await assert.rejects(map.add([third]), (error) => isFull(error));
    await map.remove([first[0]]);
    assert.deepEqual(await map.find([first[0], second[0], third[0]]), new Map([second]));
  } finally {
    await server.command('CONFIG', 'SET', 'maxmemory', '0');
  }
});
