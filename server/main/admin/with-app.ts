/** For verbs that work on the data without serving: opens the app, closes it whatever happens. */
import { type Config, readConfig } from '../../config.ts';
import type { App } from '../../infra/app.ts';
import { openApp, startWorker } from '../app.ts';
import { startDatabase } from '../database.ts';
import { say } from '../progress.ts';

/** `works`: also works on the jobs while it runs. */
export async function withApp<Result>(
  options: { works: boolean },
  work: (app: App, config: Config) => Promise<Result>,
): Promise<Result> {
  const config = readConfig(process.env);
  const database = await startDatabase(config, { mayShare: true });
  try {
    const { app, close } = await openApp(config, database.connect, database.prefix, say, { isPatient: true });
    try {
      if (options.works) await startWorker(app);
      return await work(app, config);
    } finally {
      await close();
    }
  } finally {
    await database.stop();
  }
}
