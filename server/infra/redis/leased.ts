/**
 * A text in Redis in front of rows in PostgreSQL. Whoever misses it takes a lease, and fills it only while the lease stands; a
 * change takes both away. So what was read before a change is not written back after it. A change whose word was lost is made
 * good by the time to live.
 */
import { randomInt } from 'node:crypto';
import { ServerDown } from '../server-down.ts';
import type { Redis } from './redis.ts';
import { script } from './script.ts';

const LEASE_MS = 2_000;
const TOKEN_MAX = 2 ** 40;

const LOOK = script(`
  local value = redis.call('GET', KEYS[1])
  if value then return value end
  redis.call('SET', KEYS[2], ARGV[1], 'PX', ${LEASE_MS}, 'NX')
  return false`);
const FILL = script(`
  if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
  redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
  redis.call('DEL', KEYS[2])
  return 1`);

/** What is under the key, or else what `load` gives, which is then kept. Without Redis, or while it is down, just that. */
export async function readLeased(
  redis: Redis | null,
  keyOf: (redis: Redis) => string,
  ttlSeconds: number,
  load: () => Promise<string>,
): Promise<string> {
  if (!redis) return load();
  const token = String(randomInt(TOKEN_MAX));
  let keys: string[];
  try {
    keys = [keyOf(redis), leaseOf(keyOf(redis))];
    const found = await redis.run<string | null>(LOOK, keys, [token]);
    if (found !== null) return found;
  } catch {
    // Whatever Redis has: the rows have it too.
    return load();
  }
  const value = await load();
  await redis.run(FILL, keys, [token, value, String(ttlSeconds)]).catch(() => undefined);
  return value;
}

/** Throws ServerDown where Redis cannot be told. */
export async function forgetLeased(redis: Redis, keys: string[]): Promise<void> {
  if (keys.length > 0) await redis.command('UNLINK', ...keys, ...keys.map(leaseOf));
}

/** The same for what a lost word does no harm to. */
export function forgetLeasedSoon(redis: Redis | null, keysOf: (redis: Redis) => string[]): void {
  if (!redis || redis.isDown()) return;
  forgetLeased(redis, keysOf(redis)).catch((error: unknown) => {
    if (!(error instanceof ServerDown)) throw error;
  });
}

function leaseOf(key: string): string {
  return `${key}:lease`;
}
