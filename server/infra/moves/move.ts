/**
 * Moves logical shards between servers while members write. The directory says how far a move is, and every step makes
 * sure that something is so, whatever is there already. So going on after any fault, of a server, the network or this
 * process, is the same as beginning: connect, read the state, go on.
 *
 *   copying → switching → clearing → done          (switching → copying, when it took too long or its mover died)
 *   copying → undoing → undone
 */
import pg from 'pg';
import { drive, type Goal } from './drive.ts';
import { ConnectionLost, MoveRefused, MoveStopped } from './faults.ts';
import { type Fleet, type Link, serverNamed } from './links.ts';
import { type PlannedMove, planMoves, printRanges, type ShardRange } from './plan.ts';
import { mustBeMovable } from './refusals.ts';
import type { MoveEvent } from './report.ts';
import { defaultLimits, type Limits, type MoveOptions, openDirectory, openSide, pause } from './session.ts';
import { measure, type TableSize } from './size.ts';
import { findMove, insertMove, type Move, selectMap } from './store.ts';

export type Wish = { ranges: ShardRange[]; target: string };
export type SizedMove = PlannedMove & { sizes: TableSize[] };
/** `signal`: stops between two steps. */
export type Given = Pick<MoveOptions, 'report' | 'signal'> & { limits?: Partial<Limits> };

const RETRY_MS = 500;
/** Locks that could not be had, and deadlocks: worth another try. */
const PASSING = new Set(['55P03', '40P01', '40001', '55006']);

/** What the wish means now, with rows and bytes; throws MoveRefused where something stands against it. Changes nothing. */
export async function sizeMoves(fleet: Fleet, wish: Wish): Promise<SizedMove[]> {
  serverNamed(fleet, wish.target);
  return withDirectory(fleet, async (directory) => {
    const open = await findMove(directory);
    if (open) throw new MoveRefused(notEnded(open));
    const sized: SizedMove[] = [];
    for (const planned of planMoves(await selectMap(directory), wish.ranges, wish.target))
      sized.push({
        ...planned,
        sizes: await withChecked(fleet, directory, planned, (source) => measure(source, planned.ranges)),
      });
    return sized;
  });
}

/**
 * Makes one move of those that the wish still means; null when there is none left. Throws MoveRefused, and MoveStopped
 * when it stands still.
 */
export async function moveNext(fleet: Fleet, wish: Wish, given: Given): Promise<Move | null> {
  serverNamed(fleet, wish.target);
  let begun: PlannedMove | null = null;
  let moveId: string | null = null;
  return keepTrying(fleet, given, async (directory, options, isLastTry) => {
    if (moveId === null) {
      const open = await findMove(directory);
      if (open && !(begun && isSame(open, begun))) throw new MoveRefused(notEnded(open));
      const [planned] = planMoves(await selectMap(directory), wish.ranges, wish.target);
      if (!open && !planned) return null;
      if (planned && !open) {
        await withChecked(fleet, directory, planned, async () => undefined);
        begun = planned;
      }
      const move = open ?? (planned && (await insertMove(directory, planned)));
      moveId = move?.moveId ?? null;
      await options.report({ kind: 'step', step: 'recorded' });
    }
    return moveId === null ? null : drive(fleet, directory, moveId, 'finish', options, isLastTry);
  });
}

/** Goes on with the move that has not ended, to its end, or back to its beginning. Throws as moveNext does. */
export async function endMove(fleet: Fleet, goal: Goal, given: Given): Promise<Move> {
  let moveId: string | null = null;
  return keepTrying(fleet, given, async (directory, options, isLastTry) => {
    moveId ??= (await findMove(directory))?.moveId ?? null;
    if (moveId === null) throw new MoveRefused('There is no move that has not ended.');
    return drive(fleet, directory, moveId, goal, options, isLastTry);
  });
}

function isSame(a: PlannedMove, b: PlannedMove): boolean {
  return a.source === b.source && a.target === b.target && printRanges(a.ranges) === printRanges(b.ranges);
}

const notEnded = ({ ranges, source, target }: Move) =>
  `The move of ${printRanges(ranges)} from ${source} to ${target} has not ended: ./pinhole shard move --resume goes on with it, ./pinhole shard move --undo takes it back.`;

/** With new connections each time, as long as the faults may pass by themselves. */
async function keepTrying<Result>(
  fleet: Fleet,
  given: Given,
  work: (directory: Link, options: MoveOptions, isLastTry: boolean) => Promise<Result>,
): Promise<Result> {
  const limits = { ...defaultLimits, ...given.limits };
  const reached = new Set<string>();
  let failingSinceMs: number | null = null;
  const report = async (event: MoveEvent) => {
    const at = event.kind === 'step' ? event.step : event.kind === 'progress' ? placeOf(event) : null;
    // Only what is new counts: otherwise a fault in the same place each time would be tried for ever.
    if (at !== null && !reached.has(at)) failingSinceMs = null;
    if (at !== null) reached.add(at);
    await given.report(event);
  };
  const options: MoveOptions = { ...given, limits, report };
  for (;;) {
    const failingMs: number = failingSinceMs === null ? 0 : performance.now() - failingSinceMs;
    const isLastTry = failingMs > limits.patienceMs;
    try {
      return await withDirectory(fleet, (directory) => work(directory, options, isLastTry));
    } catch (error) {
      if (!mayPass(error)) throw error;
      if (isLastTry) throw new MoveStopped(`Gave up: ${error.message}.`);
      failingSinceMs ??= performance.now();
      await given.report({ kind: 'waiting', reason: error.message });
      await pause(options, failingMs === 0 ? 0 : RETRY_MS);
    }
  }
}

const placeOf = ({ phase, table, rows }: { phase: string; table: string; rows: number }) =>
  `${phase} ${table} ${rows}`;

function mayPass(error: unknown): error is Error {
  if (error instanceof ConnectionLost) return true;
  return error instanceof pg.DatabaseError && PASSING.has(error.code ?? '');
}

async function withDirectory<Result>(
  fleet: Fleet,
  work: (directory: Link) => Promise<Result>,
): Promise<Result> {
  const directory = await openDirectory(fleet);
  try {
    return await work(directory);
  } finally {
    directory.close();
  }
}

/** Gives the work a connection to the source, once nothing stands against the move. */
async function withChecked<Result>(
  fleet: Fleet,
  directory: Link,
  planned: PlannedMove,
  work: (source: Link) => Promise<Result>,
): Promise<Result> {
  const own: Link[] = [];
  try {
    const source = await openSide(fleet, directory, planned.source, own);
    own.push(source);
    const target = await openSide(fleet, directory, planned.target, own);
    own.push(target);
    await mustBeMovable(source, target, planned, serverNamed(fleet, planned.source).url);
    return await work(source);
  } catch (error) {
    if (!(error instanceof ConnectionLost)) throw error;
    throw new MoveRefused(`${error.message}. Nothing was done.`);
  } finally {
    for (const link of own) link.close();
  }
}
