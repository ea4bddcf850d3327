/** Works on the jobs of a Pinhole as a process of its own, which tests can kill. */
import type { ClientConfig } from 'pg';
import { parseRedis, readConfig } from '../server/config.ts';
import { openApp, startWorker } from '../server/main/app.ts';

export type WorkerOrder = {
  connection: ClientConfig;
  prefix: string;
  dataDir: string;
  redis: string;
  pushLimit: number;
};

const { connection, prefix, dataDir, redis, pushLimit } = JSON.parse(process.argv[2] ?? '') as WorkerOrder;
process.once('disconnect', () => process.exit());
const { app } = await openApp(
  { ...readConfig({}), dataDir, redis: parseRedis(redis), pushLimit, logLevel: 'silent', mediaWorkers: 1 },
  (database) => ({ ...connection, database }),
  prefix,
  () => undefined,
);
await startWorker(app);
process.send?.('works');
