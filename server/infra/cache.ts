/**
 * A bounded cache in the process. What it holds can be lost at any moment; every value has a time to live, after
 * which other processes' changes are seen.
 */
import { LRUCache } from 'lru-cache';

export type Cache = {
  get<Value extends object>(key: string): Value | undefined;
  set(key: string, value: object, ttlMs: number): void;
  delete(key: string): void;
};

const MAX_ENTRIES = 20_000;

export function openCache(): Cache {
  const entries = new LRUCache<string, object>({ max: MAX_ENTRIES, ttl: 1 });
  return {
    get: <Value extends object>(key: string) => entries.get(key) as Value | undefined,
    set: (key, value, ttlMs) => void entries.set(key, value, { ttl: ttlMs }),
    delete: (key) => void entries.delete(key),
  };
}
