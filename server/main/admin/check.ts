/**
 * ./pinhole check [--repair] [--checksums]: compares every mirror and counter with its source, in batches. What differs is looked
 * at a second time, after the jobs under way had their chance, so that a network in use raises no false alarm.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { App } from '../../infra/app.ts';
import { say, step } from '../progress.ts';
import { checkCounters } from './check-counters.ts';
import { checkFollows, checkLikes } from './check-edges.ts';
import { checkChecksums, checkFiles } from './check-files.ts';
import { checkHandles, checkHashtags } from './check-places.ts';
import { withApp } from './with-app.ts';

export type Difference = { key: string; is: string; repair(app: App): Promise<void> };
export type Check = { name: string; find(app: App): AsyncIterable<Difference> };

const checks: Check[] = [checkFollows, checkLikes, checkCounters, checkHandles, checkHashtags, checkFiles];
const DIFFERENCES_MAX = 10_000;
const SHOWN_MAX = 20;
const SETTLE_MS = 10_000;

export async function run(args: string[]): Promise<void> {
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({ args, options: { repair: flag, checksums: flag } });
  const wanted = values.checksums ? [...checks, checkChecksums] : checks;
  const left = await withApp({ works: true }, (app) => checkAll(app, values.repair, say, wanted));
  if (left > 0) process.exitCode = 1;
}

/** Gives how many differences are left. */
export async function checkAll(
  app: App,
  isRepairing: boolean,
  tell: (line: string) => void,
  wanted: readonly Check[] = checks,
): Promise<number> {
  await step('Waiting for the jobs under way', settle(app));
  let left = 0;
  for (const check of wanted) {
    const differences = await step(`Checking ${check.name}`, findTwice(app, check));
    tell(
      `${differences.length === 0 ? '✓' : '✗'} ${check.name}${differences.length === 0 ? '' : `: ${differences.length} differ`}`,
    );
    for (const { key, is } of differences.slice(0, SHOWN_MAX)) tell(`    ${key}: ${is}`);
    if (differences.length > SHOWN_MAX) tell(`    … and ${differences.length - SHOWN_MAX} more`);
    left += isRepairing ? await repair(app, check, differences, tell) : differences.length;
  }
  tell(
    left === 0
      ? 'All mirrors and counters equal their sources.'
      : `${left} differences. ./pinhole check --repair mends them.`,
  );
  return left;
}

async function findTwice(app: App, check: Check): Promise<Difference[]> {
  const first = await find(app, check);
  if (first.length === 0) return first;
  await settle(app);
  const known = new Set(first.map(({ key }) => key));
  return (await find(app, check)).filter(({ key }) => known.has(key));
}

async function find(app: App, check: Check): Promise<Difference[]> {
  const found: Difference[] = [];
  for await (const difference of check.find(app)) {
    found.push(difference);
    if (found.length >= DIFFERENCES_MAX) break;
  }
  return found;
}

async function repair(
  app: App,
  check: Check,
  differences: Difference[],
  tell: (line: string) => void,
): Promise<number> {
  if (differences.length === 0) return 0;
  for (const difference of differences) await difference.repair(app);
  await settle(app);
  const left = (await findTwice(app, check)).length;
  tell(`    ${differences.length - left} mended, ${left} left`);
  return left;
}

/** Until no job waits, at most ten seconds: jobs that fail again and again are not waited for. */
async function settle(app: App): Promise<void> {
  for (const startMs = performance.now(); performance.now() - startMs < SETTLE_MS; await delay(100))
    if ((await app.queue.counts()).waiting === 0) return;
}
