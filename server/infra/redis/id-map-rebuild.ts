/**
 * An ID map filled anew beside the one in use, with as many buckets as its size asks for, then put in its place. Meanwhile
 * whatever is added or removed goes into both. It needs the memory of both, and can go on where it was broken off: how far each
 * source has been read is kept beside it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type AnyId, LOGICAL_SHARDS } from '../../../core/ids.ts';
import { ServerDown } from '../server-down.ts';
import { addEntries, type Believed, type Layouts, layoutsKey, makeLayout, readLayouts } from './id-map.ts';
import { bucketKey, type Layout, ranksKey } from './id-map-layout.ts';
import type { Redis } from './redis.ts';
import { script } from './script.ts';

export type Rebuild = {
  layout: Layout;
  /** How far a source had been read; null from its start. */
  readCursor(source: string): Promise<string | null>;
  writeCursor(source: string, cursor: string): Promise<void>;
  /** Entries of the same account best stand together. */
  add(entries: [AnyId, AnyId][]): Promise<void>;
  /** Puts the new map in the place of the old one, and deletes that. */
  finish(): Promise<void>;
};

/** hash-max-listpack-entries of a Redis that does not tell it: the smallest that is in use. */
const CAUTIOUS_ENTRIES_MAX = 128;
/** How full buckets are to begin with: the map may double before the fullest leave the compact form. */
const FULL_PART = 0.4;
const ENTRIES_PER_SCRIPT = 200;
const SCRIPTS_AT_ONCE = 8;
const KEYS_PER_UNLINK = 500;
const TRIES = 40;
const AGAIN_MS = 250;

/** `expected` entries, made since `startMs`. One that was broken off goes on, unless it is to be from the start. */
export async function beginRebuild(
  redis: Redis,
  name: string,
  wish: { expected: number; startMs: number; isFromStart: boolean },
): Promise<Rebuild> {
  let now = await patiently(() => mustRead(redis, name));
  if (now.layouts.retired) now = await dropRetired(redis, name, now);
  if (now.layouts.next && wish.isFromStart) {
    now = await change(redis, name, now, { ...now.layouts, next: null, retired: now.layouts.next });
    now = await dropRetired(redis, name, now);
  }
  if (!now.layouts.next) {
    const buckets = bucketsFor(wish.expected, await readEntriesMax(redis));
    now = await change(redis, name, now, { ...now.layouts, next: makeLayout(buckets, wish.startMs) });
  }
  const layout = now.layouts.next;
  if (!layout) throw new Error('Another rebuild of the map has ended meanwhile.');
  const cursors = cursorsKey(name, layout);
  return {
    layout,
    readCursor: (source) => patiently(() => redis.command<string | null>('HGET', cursors, source)),
    writeCursor: async (source, cursor) => {
      await patiently(() => redis.command('HSET', cursors, source, cursor));
    },
    async add(entries) {
      const each = ENTRIES_PER_SCRIPT * SCRIPTS_AT_ONCE;
      for (let at = 0; at < entries.length; at += each)
        await patiently(() => addAtOnce(redis, name, now.text, layout, entries.slice(at, at + each)));
    },
    async finish() {
      const { current } = now.layouts;
      now = await change(redis, name, now, { current: layout, next: null, retired: current });
      await dropRetired(redis, name, now);
      await patiently(() => redis.command('UNLINK', cursors));
    },
  };
}

export function bucketsFor(expected: number, entriesMax: number): number {
  return Math.max(1, Math.ceil(expected / (LOGICAL_SHARDS * entriesMax * FULL_PART)));
}

/** The name from before Redis 7 is known to all. */
async function readEntriesMax(redis: Redis): Promise<number> {
  try {
    const [, value] = await redis.command<string[]>('CONFIG', 'GET', 'hash-max-ziplist-entries');
    return Number(value) || CAUTIOUS_ENTRIES_MAX;
  } catch (error) {
    if (error instanceof ServerDown) throw error;
    return CAUTIOUS_ENTRIES_MAX;
  }
}

async function mustRead(redis: Redis, name: string): Promise<Believed> {
  const now = await readLayouts(redis, name);
  if (now) return now;
  throw new Error('Redis may evict any key (maxmemory-policy): the map needs noeviction or volatile-….');
}

async function addAtOnce(
  redis: Redis,
  name: string,
  text: string,
  layout: Layout,
  entries: [AnyId, AnyId][],
): Promise<void> {
  const scripts: Promise<1 | null>[] = [];
  for (let at = 0; at < entries.length; at += ENTRIES_PER_SCRIPT)
    scripts.push(addEntries(redis, name, text, layout, entries.slice(at, at + ENTRIES_PER_SCRIPT)));
  if ((await Promise.all(scripts)).includes(null)) throw otherwise();
}

const CHANGE = script(`
  if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
  redis.call('SET', KEYS[1], ARGV[2])
  return 1`);

async function change(redis: Redis, name: string, from: Believed, layouts: Layouts): Promise<Believed> {
  const text = JSON.stringify(layouts);
  await patiently(async () => {
    if ((await redis.run<number>(CHANGE, [layoutsKey(name)], [from.text, text])) === 1) return;
    // An answer that was lost is asked for again: it may be done.
    if ((await redis.command<string | null>('GET', layoutsKey(name))) !== text) throw otherwise();
  });
  return { layouts, text, readMs: performance.now() };
}

/** Every key is known by its name; nobody uses them, because the layouts no longer name them. */
async function dropRetired(redis: Redis, name: string, from: Believed): Promise<Believed> {
  const { retired } = from.layouts;
  if (!retired) return from;
  let keys: string[] = [cursorsKey(name, retired)];
  for (let shard = 0; shard < LOGICAL_SHARDS; shard++) {
    keys.push(ranksKey(name, retired, shard));
    for (let bucket = 0; bucket < retired.buckets; bucket++) {
      keys.push(bucketKey(name, retired, shard, bucket));
      if (keys.length < KEYS_PER_UNLINK) continue;
      const part = keys;
      keys = [];
      await patiently(() => redis.command('UNLINK', ...part));
    }
  }
  await patiently(() => redis.command('UNLINK', ...keys, cursorsKey(name, retired)));
  return change(redis, name, from, { ...from.layouts, retired: null });
}

/** A hash: source → how far it has been read. */
function cursorsKey(name: string, layout: Layout): string {
  return `${name}:${layout.version}:cursors`;
}

/** A rebuild takes long enough to meet a restart or a failover. */
async function patiently<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ServerDown) || tries >= TRIES) throw error;
    }
    await delay(AGAIN_MS);
  }
}

function otherwise(): Error {
  return new Error('The layouts of the map are others by now: another rebuild runs, or Redis was emptied.');
}
