/**
 * A text in Redis in front of rows in PostgreSQL. Whoever misses it takes a lease, and fills it only while the lease stands; a
 * change takes both away. So what was read before a change is not written back after it. (Nishtala et al., Scaling Memcache at
 * Facebook, NSDI 2013.)
 */
import { randomUUID } from 'node:crypto';
import { whereServed } from './optional.ts';
import type { Redis } from './redis.ts';
import { script } from './script.ts';

/** Whoever reads the rows has this long. */
const LEASE_MS = 2_000;

const LOOK = script(`
  local value = redis.call('GET', KEYS[1])
  if value then return value end
  if redis.call('SET', KEYS[2], ARGV[1], 'PX', ${LEASE_MS}, 'NX') then return 1 end
  return 0`);
const FILL = script(`
  if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  redis.call('DEL', KEYS[2])
  return 1`);

/** The text; or, where there is none, perhaps the lease with which it may be filled. */
export async function lookLeased(
  redis: Redis,
  key: string,
): Promise<{ value: string | null; lease: string | null }> {
  const lease = randomUUID();
  const found = await redis.run<string | number>(LOOK, [key, leaseOf(key)], [lease]);
  if (typeof found === 'string') return { value: found, lease: null };
  return { value: null, lease: found === 1 ? lease : null };
}

/** False when it was forgotten since the lease was given, or that is too long ago. */
export async function fillLeased(
  redis: Redis,
  key: string,
  lease: string,
  value: string,
  ttlMs: number,
): Promise<boolean> {
  return (await redis.run<number>(FILL, [key, leaseOf(key)], [lease, value, String(ttlMs)])) === 1;
}

/** Texts and leases. Throws ServerDown where Redis cannot be told. */
export async function forgetLeased(redis: Redis, keys: string[]): Promise<void> {
  await redis.forget([...keys, ...keys.map(leaseOf)]);
}

/** What is under the key, or else what `load` gives, which is then kept. Without Redis, or while it is down, just that. */
export async function readLeased(
  redis: Redis | null,
  keyOf: (redis: Redis) => string,
  ttlMs: number,
  load: () => Promise<string>,
): Promise<string> {
  const found = redis && (await whereServed(() => lookLeased(redis, keyOf(redis))));
  if (found && found.value !== null) return found.value;
  const value = await load();
  const lease = found?.lease;
  if (redis && lease) await whereServed(() => fillLeased(redis, keyOf(redis), lease, value, ttlMs));
  return value;
}

function leaseOf(key: string): string {
  return `${key}:lease`;
}
