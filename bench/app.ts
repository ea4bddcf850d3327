/** An app of the product in the process of the benchmark, on the data of a system that runs: for what HTTP does not show. */
import { readConfig } from '../server/config.ts';
import type { App } from '../server/infra/app.ts';
import type { Redis } from '../server/infra/redis/redis.ts';
import { openApp } from '../server/main/app.ts';
import { type Bench, findSocket, type System, tell, until } from './system.ts';

const READY_MAX_MS = 10_000;

/** `settings`: where Redis and Memcached are. It does no jobs; closed with the benchmark. */
export async function openBenchApp(
  bench: Bench,
  system: System,
  settings: Record<string, string>,
): Promise<{ app: App; redis: Redis }> {
  const config = readConfig({ PINHOLE_DATA: system.dataDir, ...settings });
  const socket = await findSocket(system);
  const { app, close } = await openApp(config, (database) => ({ ...socket, database }), 'pinhole', tell);
  bench.closing.push(close);
  const redis = await until(READY_MAX_MS, 'Redis answers', async () =>
    app.redis.feeds?.isDown() === false ? app.redis.feeds : null,
  );
  return { app, redis };
}
