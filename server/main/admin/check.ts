/**
 * ./pinhole check [--repair] [--checksums]: compares every mirror, counter and file with its source, over all servers, in
 * batches. It may run while members act: see check-differences.ts.
 */
import { parseArgs } from 'node:util';
import type { App } from '../../infra/app.ts';
import { say, step } from '../progress.ts';
import { checkCounters } from './check-counters.ts';
import { type Check, type Difference, judge, repairAll, type Sight } from './check-differences.ts';
import { checkFollows, checkLikes, checkPeople } from './check-edges.ts';
import { checkChecksums, checkFiles } from './check-files.ts';
import { checkMigrations, checkRemains, checkShardMap, checkStrangeRows } from './check-fleet.ts';
import { checkHandles, checkHashtags } from './check-places.ts';
import { checkReferences } from './check-references.ts';
import { withApp } from './with-app.ts';

const checks: Check[] = [
  checkMigrations,
  checkShardMap,
  checkStrangeRows,
  checkRemains,
  checkFollows,
  checkLikes,
  checkPeople,
  checkCounters,
  checkHandles,
  checkHashtags,
  checkReferences,
  checkFiles,
];
/** Differences that are held in memory, looked at again and mended together. */
const DOUBTFUL_MAX = 1_000;
const SHOWN_MAX = 20;
const PATIENCE_MS = 10 * 60_000;
const SLOW_MS = 2_000;

export async function run(args: string[]): Promise<void> {
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({ args, options: { repair: flag, checksums: flag } });
  const wanted = values.checksums ? [...checks, checkChecksums] : checks;
  const left = await withApp({ works: true }, (app) => checkAll(app, values.repair, say, wanted));
  if (left > 0) process.exitCode = 1;
}

/** Gives how many differences are left, those that jobs may still mend and servers that did not answer included. */
export async function checkAll(
  app: App,
  isRepairing: boolean,
  tell: (line: string) => void,
  wanted: readonly Check[] = checks,
  patienceMs = PATIENCE_MS,
): Promise<number> {
  const sight: Sight = { app, unseen: new Map(), rows: 0, patienceMs };
  let left = 0;
  let undecided = 0;
  for (const check of wanted) {
    const tally = await checkOne(sight, check, isRepairing, tell);
    left += tally.left;
    undecided += tally.undecided;
  }
  for (const [what, why] of sight.unseen) tell(`! ${what} was not checked: ${why}`);
  tell(verdict(left, undecided, sight.unseen.size, isRepairing));
  return left + undecided + sight.unseen.size;
}

function verdict(left: number, undecided: number, unseen: number, isRepairing: boolean): string {
  if (left > 0)
    return isRepairing
      ? `${left} differences are left.`
      : `${left} differences. ./pinhole check --repair mends what can be mended.`;
  if (undecided > 0)
    return `${undecided} differ, and jobs that may mend them still wait: check again when those are done (./pinhole jobs).`;
  if (unseen > 0) return 'What was checked is equal, but not all could be.';
  return 'All mirrors and counters equal their sources.';
}

type Tally = { found: number; left: number; undecided: number };

async function checkOne(
  sight: Sight,
  check: Check,
  isRepairing: boolean,
  tell: (line: string) => void,
): Promise<Tally> {
  const startMs = performance.now();
  const tally: Tally = { found: 0, left: 0, undecided: 0 };
  const lines: string[] = [];
  sight.rows = 0;
  let judgedMs = 0;
  const conclude = async (doubtful: Difference[]) => {
    const beforeMs = performance.now();
    const { real, undecided } = await judge(sight, doubtful);
    lines.push(...real.slice(0, SHOWN_MAX - lines.length).map(({ key, is }) => `    ${key}: ${is}`));
    tally.found += real.length;
    tally.undecided += undecided.length;
    tally.left += isRepairing ? await mend(sight, real) : real.length;
    judgedMs += performance.now() - beforeMs;
  };
  await step(
    `Checking ${check.name}`,
    (async () => {
      let doubtful: Difference[] = [];
      for await (const found of check.find(sight)) {
        doubtful.push(...found);
        if (doubtful.length < DOUBTFUL_MAX) continue;
        await conclude(doubtful);
        doubtful = [];
      }
      await conclude(doubtful);
    })(),
  );
  const ms = performance.now() - startMs - judgedMs;
  const pace =
    ms > SLOW_MS && sight.rows > 0 ? ` (${sight.rows} rows, ${Math.round((sight.rows / ms) * 1_000)}/s)` : '';
  tell(`${tally.found === 0 ? (tally.undecided === 0 ? '✓' : '?') : '✗'} ${describe(check, tally)}${pace}`);
  for (const line of lines) tell(line);
  if (tally.found > lines.length) tell(`    … and ${tally.found - lines.length} more`);
  if (isRepairing && tally.found > 0) tell(`    ${tally.found - tally.left} mended, ${tally.left} left`);
  return tally;
}

function describe(check: Check, { found, undecided }: Tally): string {
  const parts = [
    ...(found > 0 ? [`${found} differ`] : []),
    ...(undecided > 0 ? [`${undecided} differ, and jobs that may mend them still wait`] : []),
  ];
  return parts.length > 0 ? `${check.name}: ${parts.join('; ')}` : check.name;
}

/** Gives how many still differ afterwards. */
async function mend(sight: Sight, real: Difference[]): Promise<number> {
  if (real.length === 0) return 0;
  await repairAll(sight, real);
  const { real: left, undecided } = await judge(sight, real);
  return left.length + undecided.length;
}
