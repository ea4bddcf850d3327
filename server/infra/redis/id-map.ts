/**
 * A map from IDs to other IDs of the same logical shard, for hundreds of millions of entries of some 11 bytes: which is which
 * never changes, so an entry is true for ever and needs no generation. The field of a bucket is what of the ID its place does
 * not say (id-map-layout.ts), the value a rank among the IDs to which anything of the shard belongs: a small number, where the
 * ID itself would cost ten bytes. Those IDs are one string of eight bytes each, in which Redis finds the place of a rank at once.
 *
 * What is removed leaves an empty value: whoever has read it before, and adds it late, then changes nothing.
 *
 * How the map is laid out stands in Redis, and every script compares it with what its caller believes: so a rebuild
 * (id-map-rebuild.ts) can put another layout in its place at any moment.
 */
import { randomInt } from 'node:crypto';
import type { AnyId } from '../../../core/ids.ts';
import { bucketKey, type Layout, NEXT_FIELD, packFields, placeOf, ranksKey } from './id-map-layout.ts';
import type { Redis } from './redis.ts';
import { script } from './script.ts';

export type IdMap<From extends AnyId, To extends AnyId> = {
  /** What is known; the others are absent. Throws ServerDown. */
  find(ids: From[]): Promise<Map<From, To>>;
  /** Twice is once. What was removed stays removed. Throws ServerDown; an error that isFull knows when there is no room. */
  add(entries: [From, To][]): Promise<void>;
  /** For ever. Throws ServerDown. */
  remove(ids: From[]): Promise<void>;
};
/** `next` is being filled by a rebuild, `retired` being deleted after one. */
export type Layouts = { current: Layout; next: Layout | null; retired: Layout | null };
/** `text` is what Redis holds. */
export type Believed = { layouts: Layouts; text: string; readMs: number };

/** Serves up to 512 × 8,192 × 16 entries in compact hashes; for more, or fewer bytes, the map is rebuilt. */
const FIRST_BUCKETS = 16;
const VERSIONS = 36 ** 6;
const IDS_PER_SCRIPT = 200;
const BELIEVED_MS = 60_000;
const TRIES = 5;

export function openIdMap<From extends AnyId, To extends AnyId>(redis: Redis, name: string): IdMap<From, To> {
  let believed: Promise<Believed | null> | null = null;

  /** Runs the work in parts, each again where the layouts are others than believed. Nothing is done where keys are evicted. */
  async function inParts<Item, Result>(
    items: Item[],
    work: (believed: Believed, part: Item[]) => Promise<Result | null>,
  ): Promise<Result[]> {
    const parts: Item[][] = [];
    for (let at = 0; at < items.length; at += IDS_PER_SCRIPT)
      parts.push(items.slice(at, at + IDS_PER_SCRIPT));
    const results = await Promise.all(parts.map((part) => again((now) => work(now, part))));
    return results.filter((result) => result !== null);
  }

  async function again<Result>(work: (believed: Believed) => Promise<Result | null>): Promise<Result | null> {
    for (let tries = 0; tries < TRIES; tries++) {
      const asked = believed ?? ask();
      const now = await asked;
      if (!now) return null;
      const result = performance.now() - now.readMs < BELIEVED_MS ? await work(now) : null;
      if (result !== null) return result;
      if (believed === asked) believed = null;
    }
    throw new Error(`The layouts of the map ${name} change without end.`);
  }

  function ask(): Promise<Believed | null> {
    const asked = readLayouts(redis, name);
    believed = asked;
    asked.catch(() => {
      if (believed === asked) believed = null;
    });
    return asked;
  }

  return {
    async find(ids) {
      const found = await inParts(ids, (now, part) => findPart<From, To>(redis, name, now, part));
      return new Map(found.flat());
    },
    async add(entries) {
      await inParts(entries, async (now, part) => {
        const { current, next } = now.layouts;
        const isDone = await addEntries(redis, name, now.text, current, part);
        return isDone && (!next || (await addEntries(redis, name, now.text, next, part))) ? true : null;
      });
    },
    async remove(ids) {
      await inParts(ids, async (now, part) => {
        const { current, next } = now.layouts;
        const isDone = await removeIds(redis, name, now.text, current, part);
        return isDone && (!next || (await removeIds(redis, name, now.text, next, part))) ? true : null;
      });
    },
  };
}

// layouts -----------------------------------------------------------------------------------------------------

export function layoutsKey(name: string): string {
  return `${name}:layouts`;
}

/** The first to ask makes the map. Null where Redis may evict any key: ranks of a string that is gone would be given again. */
export async function readLayouts(redis: Redis, name: string): Promise<Believed | null> {
  const readMs = performance.now();
  const memory = await redis.command<string>('INFO', 'memory');
  if (/^maxmemory_policy:allkeys/m.test(memory)) return null;
  const first: Layouts = { current: makeLayout(FIRST_BUCKETS, Date.now()), next: null, retired: null };
  const key = layoutsKey(name);
  const made = JSON.stringify(first);
  const text = (await redis.command<string | null>('GET', key)) ?? (await makeFirst());
  return { layouts: JSON.parse(text) as Layouts, text, readMs };

  async function makeFirst(): Promise<string> {
    await redis.command('SET', key, made, 'NX');
    return (await redis.command<string | null>('GET', key)) ?? made;
  }
}

/** Versions are drawn, not counted: none comes again when Redis has lost that there was one. */
export function makeLayout(buckets: number, startMs: number): Layout {
  return { version: randomInt(VERSIONS).toString(36), buckets, startMs };
}

// scripts -----------------------------------------------------------------------------------------------------

/** KEYS: the layouts, then a bucket and the ranks for each ID. ARGV: the layouts as believed, the fields. Gives two halves of each. */
const FIND = script(`${NEXT_FIELD}
  if redis.call('GET', KEYS[1]) ~= ARGV[1] then return false end
  local halves = {}
  for key = 2, #KEYS, 2 do
    local high, low = 0, 0
    local rank = redis.call('HGET', KEYS[key], nextField(ARGV[2]))
    if rank and rank ~= '' then
      local to = redis.call('GETRANGE', KEYS[key + 1], rank * 8, rank * 8 + 7)
      if #to == 8 then high, low = struct.unpack('>I4I4', to) end
    end
    halves[key - 1], halves[key] = high, low
  end
  return halves`);

/** As FIND; ARGV has also what each ID belongs to, 8 bytes each. Entries of the same are best given together. */
const ADD = script(`${NEXT_FIELD}
  if redis.call('GET', KEYS[1]) ~= ARGV[1] then return false end
  local function rankOf(key, to)
    local all = redis.call('GET', key) or ''
    local found = string.find(all, to, 1, true)
    while found and found % 8 ~= 1 do found = string.find(all, to, found + 1, true) end
    if found then return (found - 1) / 8 end
    return redis.call('APPEND', key, to) / 8 - 1
  end
  local ranks = {}
  for key = 2, #KEYS, 2 do
    local to = string.sub(ARGV[3], key * 4 - 7, key * 4)
    ranks[to] = ranks[to] or rankOf(KEYS[key + 1], to)
    redis.call('HSETNX', KEYS[key], nextField(ARGV[2]), ranks[to])
  end
  return 1`);

/** As FIND, without ranks. What has no room for a mark is taken out. */
const REMOVE = script(`${NEXT_FIELD}
  if redis.call('GET', KEYS[1]) ~= ARGV[1] then return false end
  for key = 2, #KEYS do
    local field = nextField(ARGV[2])
    if type(redis.pcall('HSET', KEYS[key], field, '')) == 'table' then redis.call('HDEL', KEYS[key], field) end
  end
  return 1`);

async function findPart<From extends AnyId, To extends AnyId>(
  redis: Redis,
  name: string,
  { layouts: { current }, text }: Believed,
  ids: From[],
): Promise<[From, To][] | null> {
  const places = ids.map((id) => placeOf(current, id));
  const keys = places.flatMap(({ shard, bucket }) => [
    bucketKey(name, current, shard, bucket),
    ranksKey(name, current, shard),
  ]);
  const halves = await redis.run<number[] | null>(
    FIND,
    [layoutsKey(name), ...keys],
    [text, packFields(places)],
  );
  return (
    halves &&
    ids.flatMap((id, at) => {
      const [high = 0, low = 0] = halves.slice(at * 2, at * 2 + 2);
      return high + low > 0 ? [[id, String((BigInt(high) << 32n) | BigInt(low)) as To] as [From, To]] : [];
    })
  );
}

/** Null when the layouts are not what `text` says. */
export function addEntries(
  redis: Redis,
  name: string,
  text: string,
  layout: Layout,
  entries: [AnyId, AnyId][],
): Promise<1 | null> {
  const places = entries.map(([id]) => placeOf(layout, id));
  const keys = places.flatMap(({ shard, bucket }) => [
    bucketKey(name, layout, shard, bucket),
    ranksKey(name, layout, shard),
  ]);
  const belongings = Buffer.allocUnsafe(entries.length * 8);
  for (const [at, [, to]] of entries.entries()) belongings.writeBigUInt64BE(BigInt(to), at * 8);
  return redis.run<1 | null>(ADD, [layoutsKey(name), ...keys], [text, packFields(places), belongings]);
}

function removeIds(
  redis: Redis,
  name: string,
  text: string,
  layout: Layout,
  ids: AnyId[],
): Promise<1 | null> {
  const places = ids.map((id) => placeOf(layout, id));
  const keys = places.map(({ shard, bucket }) => bucketKey(name, layout, shard, bucket));
  return redis.run<1 | null>(REMOVE, [layoutsKey(name), ...keys], [text, packFields(places)]);
}
