/** ./pinhole rebuild map: whose each post is, out of all servers into Redis. */
import { parseArgs } from 'node:util';
import { type Progress, rebuildOwners } from '../../features/posts/owners.ts';
import { OperatorFault, say } from '../progress.ts';
import { withApp } from './with-app.ts';

const TICK_MS = 1_000;
/** Where no terminal shows them, lines of progress are fewer. */
const TICKS_PER_LINE = 30;

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { 'from-start': { type: 'boolean', default: false } } });
  await withApp({ works: false }, async (app) => {
    const redis = app.redis.map;
    if (!redis) throw new OperatorFault('There is no Redis: PINHOLE_REDIS says where it is.');
    const startMs = performance.now();
    const now: Progress = { done: 0, resumed: 0, all: 0 };
    const stop = showEverySecond(() => describe(now, (performance.now() - startMs) / 1_000));
    try {
      await rebuildOwners(app, redis, {
        isFromStart: values['from-start'],
        onProgress: (progress) => void Object.assign(now, progress),
      });
    } finally {
      stop();
    }
    say(`The map is made anew: ${describe(now, (performance.now() - startMs) / 1_000)}.`);
  });
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

function describe({ done, resumed, all }: Progress, seconds: number): string {
  const count = (number: number) => number.toLocaleString('en-US');
  return `${count(done)} of ${count(all)} posts, ${count(Math.round((done - resumed) / seconds))} a second`;
}
