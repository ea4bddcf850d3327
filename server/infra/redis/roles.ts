/** What is kept in Redis, by role: each may have a server of its own, and roles with one address share a connection. */
import { type RedisAddress, type RedisRole, redisRoles } from '../../config.ts';
import type { Epoch } from './epoch.ts';
import { openRedis, type Redis } from './redis.ts';

export type RedisRoles = Record<RedisRole, Redis | null>;

export function openRedisRoles(
  addresses: Record<RedisRole, RedisAddress> | null,
  options: { epoch: Epoch; onTurn(name: string, isDown: boolean): void },
): { roles: RedisRoles; close(): Promise<void> } {
  const open = new Map<string, Redis>();
  const find = (role: RedisRole): Redis | null => {
    if (!addresses) return null;
    const key = JSON.stringify(addresses[role]);
    const sharing = redisRoles.filter((each) => JSON.stringify(addresses[each]) === key);
    const name = sharing.length === redisRoles.length ? 'redis' : `redis (${sharing.join(', ')})`;
    const known = open.get(key);
    if (known) return known;
    const opened = openRedis(name, {
      address: addresses[role],
      epoch: options.epoch,
      // What breaks is told once, by the turn.
      onError: () => undefined,
      onTurn: (isDown) => options.onTurn(name, isDown),
    });
    open.set(key, opened);
    return opened;
  };
  const roles = Object.fromEntries(redisRoles.map((role) => [role, find(role)])) as RedisRoles;
  return {
    roles,
    close: async () => void (await Promise.all([...open.values()].map((each) => each.close()))),
  };
}
