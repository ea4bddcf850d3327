/** Brings a move from the state that the directory gives to its end, or back to its beginning. */
import { removeRows } from './clear.ts';
import { copyRanges } from './copy.ts';
import { ConnectionLost, MoveRefused } from './faults.ts';
import type { Fleet, Link } from './links.ts';
import { printRanges } from './plan.ts';
import { endReplication } from './replication.ts';
import { type MoveOptions, mustGoOn, mustHoldLock, openSide, pause, withSession } from './session.ts';
import { measure, total } from './size.ts';
import { getMove, type Move, updateState } from './store.ts';
import { switchOver } from './switch.ts';
import { settleSwitch } from './take-back.ts';

export type Goal = 'finish' | 'undo';

/** `isLastTry`: an undo leaves out a target that does not answer. Throws ConnectionLost when it is to be called again. */
export async function drive(
  fleet: Fleet,
  directory: Link,
  moveId: string,
  goal: Goal,
  options: MoveOptions,
  isLastTry: boolean,
): Promise<Move> {
  let move = await getMove(directory, moveId);
  if (move.state === 'switching') move = await settleSwitch(fleet, directory, move);
  if (move.state === 'clearing' && goal === 'undo') throw new MoveRefused(tooLate(move));
  if (move.state === 'copying' && goal === 'undo') {
    move = await updateState(directory, move, 'undoing');
    await options.report({ kind: 'step', step: 'undoing' });
  }
  if (move.state === 'copying') move = await copyAndSwitch(fleet, directory, move, options);
  if (move.state === 'clearing') move = await clear(fleet, directory, move, options);
  if (move.state === 'undoing') move = await undo(fleet, directory, move, options, isLastTry);
  return move;
}

const tooLate = ({ ranges, source, target }: Move) =>
  `${target} has taken over ${printRanges(ranges)} already, so it cannot be undone. ./pinhole shard move --resume ends it; then ./pinhole shard move ${printRanges(ranges)} --to ${source} moves it back.`;

function copyAndSwitch(fleet: Fleet, directory: Link, move: Move, options: MoveOptions): Promise<Move> {
  return withSession(fleet, directory, move, async (session) => {
    await copyRanges(session, move, options);
    return switchOver(session, move, options);
  });
}

function clear(fleet: Fleet, directory: Link, move: Move, options: MoveOptions): Promise<Move> {
  return withSession(fleet, directory, move, async ({ source, target }) => {
    await options.report({ kind: 'step', step: 'clearing' });
    await endReplication(source, target, move, options.report);
    await pause(options, options.limits.lateReadsMs);
    await removeAll(source, directory, move, options);
    return updateState(directory, move, 'done');
  });
}

async function undo(
  fleet: Fleet,
  directory: Link,
  move: Move,
  options: MoveOptions,
  isLastTry: boolean,
): Promise<Move> {
  try {
    await withSession(fleet, directory, move, async ({ source, target }) => {
      await endReplication(source, target, move, options.report);
      await removeAll(target, directory, move, options);
    });
  } catch (error) {
    if (!(error instanceof ConnectionLost) || error.server !== move.target) throw error;
    // At least the source keeps no log for a target that is gone.
    const source = await openSide(fleet, directory, move.source, []);
    await endReplication(source, null, move, async () => undefined).finally(source.close);
    if (!isLastTry) throw error;
    const left = `${move.target} does not answer, so its part of the copy is left there: the next move to it removes that`;
    await options.report({ kind: 'waiting', reason: left });
  }
  return updateState(directory, move, 'undone');
}

async function removeAll(
  server: Link,
  directory: Link,
  { ranges }: Move,
  { report, signal }: MoveOptions,
): Promise<void> {
  const { rows: rowsTotal } = total(await measure(server, ranges));
  let isSeen = false;
  const rows = await removeRows(server, ranges, rowsTotal, report, async () => {
    mustGoOn(signal);
    await mustHoldLock(directory);
    if (isSeen) return;
    isSeen = true;
    await report({ kind: 'step', step: 'removing' });
  });
  await report({ kind: 'removed', server: server.server, rows });
  await report({ kind: 'step', step: 'cleared' });
}
