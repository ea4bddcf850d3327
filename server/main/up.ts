/** ./pinhole up: everything in one process and the embedded database beside it. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { readConfig } from '../config.ts';
import { makeSetupCode, needsAdmin } from '../features/accounts/accounts.ts';
import { openApp, startWorker } from './app.ts';
import { buildClient } from './build.ts';
import { startDatabase } from './database.ts';
import { startHousekeeping } from './housekeeping.ts';
import { serveMetrics } from './metrics.ts';
import { OperatorFault, say, step } from './progress.ts';

export async function run(): Promise<void> {
  const config = readConfig(process.env);
  const closing: (() => Promise<unknown>)[] = [];
  stopOnSignal(closing);
  const built = buildClient();
  built.catch(() => undefined);
  const database = await startDatabase(config);
  closing.unshift(() => database.stop());
  try {
    const { app, close } = await step(
      'Preparing the data',
      openApp(config, database.connect, database.prefix, say),
    );
    closing.unshift(close);
    await built;
    const { buildWeb } = await import('./web.ts');
    const code = makeSetupCode();
    const server = await buildWeb(app, (given) => isEqual(given.trim().toUpperCase(), code));
    closing.unshift(() => server.close());
    await server.listen({ host: config.host, port: config.port }).catch((error) => {
      throw listenFault(error, config.host, config.port);
    });
    const { metrics } = config;
    if (metrics) {
      const listener = await serveMetrics(app, metrics);
      closing.unshift(async () => listener.close());
    }
    await startWorker(app);
    closing.unshift(startHousekeeping(app));
    const address =
      config.publicUrl ||
      `http://${config.host.replace('0.0.0.0', 'localhost')}:${portOf(server.server.address()) ?? config.port}`;
    app.publicUrl = address.replace(/\/$/, '');
    say(`Pinhole is at ${address}`);
    if (await needsAdmin(app)) say(`Open it and make the admin account. The code for it is ${code}`);
    say('Ctrl-C ends it.');
  } catch (error) {
    for (const close of closing.splice(0)) await close();
    throw error;
  }
}

function portOf(address: ReturnType<import('node:net').Server['address']>): number | null {
  return typeof address === 'object' ? (address?.port ?? null) : null;
}

function isEqual(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

function listenFault(error: NodeJS.ErrnoException, host: string, port: number): Error {
  if (error.code === 'EADDRINUSE')
    return new OperatorFault(
      `Another program listens on ${host}:${port} already. Stop it, or set PINHOLE_PORT.`,
    );
  if (error.code === 'EACCES')
    return new OperatorFault(`Port ${port} needs more rights. Take one above 1023 with PINHOLE_PORT.`);
  return error;
}

/** The first signal lets what is under way end; the second does not wait. */
function stopOnSignal(closing: (() => Promise<unknown>)[]): void {
  let isStopping = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, async () => {
      if (isStopping) process.exit(1);
      isStopping = true;
      say('\nStopping …');
      for (const close of closing.splice(0)) await close();
      say('Stopped.');
      process.exit(0);
    });
}
