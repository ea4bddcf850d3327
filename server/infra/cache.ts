/**
 * A bounded cache in the process. What it holds can be lost at any moment; every value has a time to live, after
 * which other processes' changes are seen. What may not live so long is forgotten everywhere by `forget`.
 */
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { Events } from './events.ts';

export type Cache = {
  get<Value extends object>(key: string): Value | undefined;
  /** `sizeBytes`: about; for what may be large. */
  set(key: string, value: object, ttlMs: number, sizeBytes?: number): void;
  /** In this process alone. */
  delete(key: string): void;
};

const MAX_ENTRIES = 20_000;
const MAX_BYTES = 64e6;
const SMALL_BYTES = 300;
const FORGOTTEN = 'cache.forgotten';
const KEYS_PER_EVENT = 100;
const forgotten = z.object({ keys: z.array(z.string()) });

export function openCache(): Cache {
  const entries = new LRUCache<string, object>({ max: MAX_ENTRIES, maxSize: MAX_BYTES, ttl: 1 });
  return {
    get: <Value extends object>(key: string) => entries.get(key) as Value | undefined,
    set: (key, value, ttlMs, sizeBytes = SMALL_BYTES) =>
      void entries.set(key, value, { ttl: ttlMs, size: sizeBytes }),
    delete: (key) => void entries.delete(key),
  };
}

/**
 * In all processes, after the commit: at once in this one, and in the others as soon as they hear it. What one of them reads
 * just then, or cannot hear, lives for its time.
 */
export function forget({ cache, events }: { cache: Cache; events: Events }, keys: string[]): void {
  for (const key of keys) cache.delete(key);
  for (let at = 0; at < keys.length; at += KEYS_PER_EVENT)
    events.publish(FORGOTTEN, { keys: keys.slice(at, at + KEYS_PER_EVENT) });
}

export function forgetWithOthers(cache: Cache, events: Events): void {
  events.subscribe(FORGOTTEN, (message) => {
    for (const key of forgotten.parse(message).keys) cache.delete(key);
  });
}
