/**
 * ./pinhole shard move RANGE --to NAME [--dry-run], and shard move --resume, shard move --undo: what is printed while logical
 * shards move. The work is in infra/moves.
 */
import { parseArgs } from 'node:util';
import type { Fleet } from '../../infra/moves/links.ts';
import { endMove, moveNext, type SizedMove, sizeMoves } from '../../infra/moves/move.ts';
import { parseRanges, printRanges, shardsIn } from '../../infra/moves/plan.ts';
import type { MoveEvent, Phase } from '../../infra/moves/report.ts';
import { total } from '../../infra/moves/size.ts';
import { connectionAt, shardDatabaseAt, urlOfDatabase } from '../../infra/server-address.ts';
import { OperatorFault, say } from '../progress.ts';
import { withFleet } from './shard-fleet.ts';
import { count, inBytes, inTime } from './shard-print.ts';

const USAGE = `Usage: ./pinhole shard move RANGE --to NAME [--dry-run]
       ./pinhole shard move --resume | --undo
RANGE is a list of logical shards, like 0-99,4096-8191.`;
const SAY_AGAIN_MS = 10_000;
const REDRAW_MS = 200;
const DOING: Record<Phase, string> = { copying: 'Copying', comparing: 'Comparing', removing: 'Removing' };

export async function run(args: string[]): Promise<void> {
  const fleet = await withFleet(async ({ connection, servers }) => ({
    directory: connection,
    servers: servers.map(({ name, url }) => ({
      name,
      connection: connectionAt(url, shardDatabaseAt(url)),
      url: urlOfDatabase(url, shardDatabaseAt(url)),
    })),
  }));
  await runMove(fleet, args);
}

/** Throws an error whose message is for the operator. Ctrl-C stops between two steps, a second one at once. */
async function runMove(fleet: Fleet, args: string[]): Promise<void> {
  const flag = { type: 'boolean', default: false } as const;
  const options = { to: { type: 'string' }, 'dry-run': flag, resume: flag, undo: flag } as const;
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
  const [range] = positionals;
  const isEnding = values.resume || values.undo;
  const isMoving = range !== undefined && values.to !== undefined && positionals.length === 1;
  if ((values.resume && values.undo) || (isEnding ? positionals.length > 0 || values.to : !isMoving))
    throw new OperatorFault(USAGE);

  const stopping = new AbortController();
  const stop = () => {
    say('\nStopping between two steps …');
    stopping.abort();
  };
  process.once('SIGINT', stop);
  const given = { report: printer(process.stdout.isTTY), signal: stopping.signal };
  try {
    if (isEnding) {
      const move = await endMove(fleet, values.undo ? 'undo' : 'finish', given);
      const what = `${printRanges(move.ranges)} from ${move.source} to ${move.target}`;
      say(move.state === 'undone' ? `The move of ${what} is undone.` : `Moved ${what}.`);
      return;
    }
    const wish = { ranges: parseRanges(range ?? ''), target: values.to ?? '' };
    const planned = await sizeMoves(fleet, wish);
    for (const each of planned) printPlan(each);
    if (planned.length === 0) say(`${printRanges(wish.ranges)} is at ${wish.target} already.`);
    if (values['dry-run']) return say('Nothing was changed.');
    for (let move = await moveNext(fleet, wish, given); move; move = await moveNext(fleet, wish, given))
      say(`Moved ${printRanges(move.ranges)} from ${move.source} to ${move.target}.`);
  } finally {
    process.off('SIGINT', stop);
  }
}

function printPlan({ source, target, ranges, sizes }: SizedMove): void {
  const { rows, bytes } = total(sizes);
  say(
    `From ${source} to ${target}: ${count(shardsIn(ranges).length)} logical shards (${printRanges(ranges)}), ${count(rows)} rows, ${inBytes(bytes)}.`,
  );
  for (const table of sizes)
    if (table.rows > 0) say(`  ${table.name.padEnd(14)} ${size(table.rows, table.bytes)}`);
}

/** On a terminal progress is one line that is written over; elsewhere it is a line now and then. */
function printer(isTerminal: boolean): (event: MoveEvent) => void {
  let [drawnMs, isDrawn, lastReason, phase] = [0, false, '', ''];
  let start = { atMs: 0, rows: 0, bytes: 0 };
  const line = (text: string) => {
    if (isDrawn) process.stdout.write('\n');
    isDrawn = false;
    say(text);
  };

  function draw(event: Extract<MoveEvent, { kind: 'progress' }>): void {
    const now = performance.now();
    if (event.phase !== phase) {
      phase = event.phase;
      start = { atMs: now, rows: event.rows, bytes: event.bytes };
      drawnMs = isTerminal ? 0 : now;
    }
    if (now - drawnMs < (isTerminal ? REDRAW_MS : SAY_AGAIN_MS)) return;
    drawnMs = now;
    const text = progressLine(event, (now - start.atMs) / 1_000, start);
    if (isTerminal) process.stdout.write(`\r${text}\x1b[K`);
    else line(text);
    isDrawn = isTerminal;
  }

  return (event) => {
    if (event.kind === 'progress') return draw(event);
    if (event.kind === 'step') return;
    if (event.kind === 'waiting') {
      if (event.reason === lastReason && performance.now() - drawnMs < SAY_AGAIN_MS) return;
      lastReason = event.reason;
      drawnMs = performance.now();
      return line(`Waiting: ${event.reason}.`);
    }
    for (const text of linesOf(event)) line(text);
  };
}

function linesOf(event: Exclude<MoveEvent, { kind: 'progress' | 'step' | 'waiting' }>): string[] {
  if (event.kind === 'removed')
    return [`Removed ${count(event.rows)} rows at ${event.server}, which does not own them.`];
  if (event.kind === 'pause') {
    const paused = `Writes to the range were paused for ${Math.ceil(event.ms)} ms`;
    return [
      event.isTakenBack ? `${paused}, and nothing was switched: ${event.reason}.` : `Switched. ${paused}.`,
    ];
  }
  const rows = event.tables.reduce((sum, table) => sum + table.rows, 0);
  return [
    `The copy equals its source: ${count(rows)} rows.`,
    ...event.tables
      .filter((table) => table.rows > 0)
      .map(
        ({ name, rows, checksum }) =>
          `  ${name.padEnd(14)} ${count(rows).padStart(12)} rows, checksum ${checksum}`,
      ),
  ];
}

/** `seconds`: since `start`, whose rows and bytes were done before. */
function progressLine(
  { phase, table, rows, rowsTotal, bytes }: Extract<MoveEvent, { kind: 'progress' }>,
  seconds: number,
  start: { rows: number; bytes: number },
): string {
  const perSecond = seconds > 0 ? (rows - start.rows) / seconds : 0;
  const left = Math.max(0, rowsTotal - rows);
  const parts = [
    `${DOING[phase]}${table ? ` ${table}` : ''}: ${count(rows)} of ${count(rowsTotal)} rows`,
    ...(bytes > 0
      ? [`${inBytes(bytes)}, ${inBytes((bytes - start.bytes) / Math.max(seconds, 0.001))}/s`]
      : []),
    `${count(perSecond)} rows/s`,
    ...(perSecond > 0 ? [`${inTime(left / perSecond)} left`] : []),
  ];
  return parts.join(', ');
}

function size(rows: number, bytes: number): string {
  return `${count(rows).padStart(12)} rows, ${inBytes(bytes)}`;
}
