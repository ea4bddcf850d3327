/** What the rebuilds of Redis share: that there is one, and how far they are, with the rate. */
import type { RedisRole } from '../../config.ts';
import type { App } from '../../infra/app.ts';
import type { Redis } from '../../infra/redis/redis.ts';
import { ServerDown } from '../../infra/server-down.ts';
import { OperatorFault, say } from '../progress.ts';

type Progress = { done: number; all: number };

const TICK_MS = 1_000;
/** Where no terminal shows them, lines of progress are fewer. */
const TICKS_PER_LINE = 30;

export async function showRebuild(
  app: App,
  role: RedisRole,
  { what, made }: { what: string; made: string },
  rebuild: (redis: Redis, onProgress: (progress: Progress) => void) => Promise<Progress>,
): Promise<void> {
  const redis = app.redis[role];
  if (!redis) throw new OperatorFault('There is no Redis: PINHOLE_REDIS says where it is.');
  await mustAnswer(redis);
  const startMs = performance.now();
  let now: Progress = { done: 0, all: 0 };
  const line = () => describe(now, what, (performance.now() - startMs) / 1_000);
  const stop = showEverySecond(line);
  try {
    now = await rebuild(redis, (progress) => {
      now = progress;
    });
  } catch (error) {
    if (!(error instanceof ServerDown)) throw error;
    throw new OperatorFault(`${error.message}. After ${line()}: run it again, it goes on where it was.`);
  } finally {
    stop();
  }
  say(`${made}: ${line()}.`);
}

const ANSWER_TRIES = 20;
const ANSWER_PAUSE_MS = 100;

async function mustAnswer(redis: Redis): Promise<void> {
  for (let tries = 0; tries < ANSWER_TRIES; tries++) {
    if (!redis.isDown()) return;
    await new Promise((resolve) => setTimeout(resolve, ANSWER_PAUSE_MS));
  }
  throw new OperatorFault('Redis does not answer.');
}

function showEverySecond(line: () => string): () => void {
  const isTerminal = process.stdout.isTTY;
  let ticks = 0;
  const timer = setInterval(() => {
    ticks++;
    if (isTerminal) process.stdout.write(`\r${line()}\u001b[K`);
    else if (ticks % TICKS_PER_LINE === 0) say(line());
  }, TICK_MS);
  return () => {
    clearInterval(timer);
    if (isTerminal && ticks > 0) say('');
  };
}

function describe({ done, all }: Progress, what: string, seconds: number): string {
  const count = (number: number) => number.toLocaleString('en-US');
  return `${count(done)} of ${count(all)} ${what}, ${count(Math.round(done / seconds))} a second`;
}
