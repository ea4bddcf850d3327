/** Redis and Memcached of this process, where they are configured: what the product can do without. */
import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { type Memcached, openMemcached } from '../infra/memcached/memcached.ts';
import type { Metrics } from '../infra/metrics.ts';
import { type Epoch, openEpoch } from '../infra/redis/epoch.ts';
import { openRedisRoles, type RedisRoles } from '../infra/redis/roles.ts';
import type { Shards } from '../infra/shards.ts';

export type Accelerators = {
  epoch: Epoch;
  redis: RedisRoles;
  memcached: Memcached | null;
  close(): Promise<void>;
};

export async function openAccelerators(
  config: Config,
  {
    shards,
    metrics,
    log,
    onError,
  }: { shards: Shards; metrics: Metrics; log: Logger; onError(error: Error): void },
): Promise<Accelerators> {
  const addresses = JSON.stringify(config.redis);
  const user = config.redis && createHash('sha256').update(addresses).digest('base64url');
  const epoch = await openEpoch(shards, user, onError);
  const onTurn = (name: string, isDown: boolean) =>
    log.warn({ server: name }, isDown ? `${name} does not answer` : `${name} answers again`);
  const redis = openRedisRoles(config.redis, { epoch, onTurn });
  const memcached =
    config.memcached.length > 0
      ? openMemcached({ nodes: config.memcached, count: metrics.countCards, onTurn })
      : null;
  return {
    epoch,
    redis: redis.roles,
    memcached,
    async close() {
      await epoch.close();
      await redis.close();
      memcached?.close();
    },
  };
}
