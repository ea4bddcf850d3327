/** Redis and Memcached beside the system that is measured: real ones, stopped with the benchmark. */
import { closeByHand } from '../test/closing.ts';
import { type MemcachedServer, type RedisServer, startMemcached, startRedis } from '../test/redis.ts';
import type { Bench } from './system.ts';

export type Accelerators = {
  redis: RedisServer;
  memcached: MemcachedServer;
  /** For the environment of ./pinhole up. */
  settings: Record<string, string>;
};

export async function startAccelerators(bench: Bench): Promise<Accelerators> {
  bench.closing.push(closeByHand());
  const [redis, memcached] = await Promise.all([startRedis(), startMemcached(256)]);
  const { host, port } = memcached.address;
  return { redis, memcached, settings: { PINHOLE_REDIS: redis.url, PINHOLE_MEMCACHED: `${host}:${port}` } };
}
