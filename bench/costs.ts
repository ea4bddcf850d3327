/** What a piece of work costs in CPU: in Node, which is here the process of the benchmark, in Redis and in PostgreSQL. */
import type { Redis } from '../server/infra/redis/redis.ts';
import { readCpu } from './processes.ts';
import type { System } from './system.ts';

/** CPU µs, user and system. */
export type Costs = { node: number; redis: number; postgres: number };

export async function measureCosts(system: System, redis: Redis, work: () => Promise<void>): Promise<Costs> {
  const before = await read(system, redis);
  await work();
  const after = await read(system, redis);
  return {
    node: after.node - before.node,
    redis: after.redis - before.redis,
    postgres: after.postgres - before.postgres,
  };
}

export function sum({ node, redis, postgres }: Costs): number {
  return node + redis + postgres;
}

async function read(system: System, redis: Redis): Promise<Costs> {
  const { user, system: inKernel } = process.cpuUsage();
  const text = await redis.command<string>('INFO', 'cpu');
  const seconds = (name: string) => Number(new RegExp(`^${name}:(\\S+)`, 'm').exec(text)?.[1]);
  return {
    node: user + inKernel,
    redis: (seconds('used_cpu_user') + seconds('used_cpu_sys')) * 1e6,
    postgres: (await readCpu(system.pid())).postgres * 1_000,
  };
}
