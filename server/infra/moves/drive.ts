/** Brings a move from the state that the directory gives to its end, or back to its beginning. */
import { removeRows } from './clear.ts';
import { copyRanges } from './copy.ts';
import { ConnectionLost, MoveRefused } from './faults.ts';
import type { Fleet, Link } from './links.ts';
import { printRanges, shardsIn } from './plan.ts';
import { countOwned, mustKnowTables } from './refusals.ts';
import { endReplication, isPublished } from './replication.ts';
import {
  type MoveOptions,
  mustGoOn,
  mustHoldLock,
  openSide,
  pause,
  waitUntilFree,
  withSession,
} from './session.ts';
import { measure, total } from './size.ts';
import { getMove, type Move, updateState } from './store.ts';
import { switchOver } from './switch.ts';
import { ownsAll, settleSwitch } from './take-back.ts';

export type Goal = 'finish' | 'undo';

const STANDBY_AGAIN_MS = 200;

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
  if (move.state === 'clearing' && goal === 'undo') move = await takeBackLost(fleet, directory, move);
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

/** A range that the target has lost, with the source's copy still whole: as a switch that was not ended. */
async function takeBackLost(fleet: Fleet, directory: Link, move: Move): Promise<Move> {
  const isLost = await withSession(fleet, directory, move, async ({ source, target }) => {
    const owned = await countOwned(target, shardsIn(move.ranges));
    return owned === 0 && (await isPublished(source, move));
  });
  if (!isLost) throw new MoveRefused(tooLate(move));
  return settleSwitch(fleet, directory, await updateState(directory, move, 'switching'));
}

function copyAndSwitch(fleet: Fleet, directory: Link, move: Move, options: MoveOptions): Promise<Move> {
  return withSession(fleet, directory, move, async (session) => {
    await mustKnowTables(session.source, session.target);
    await copyRanges(session, move, options);
    return switchOver(session, move, options);
  });
}

function clear(fleet: Fleet, directory: Link, move: Move, options: MoveOptions): Promise<Move> {
  return withSession(fleet, directory, move, async ({ source, target }) => {
    await options.report({ kind: 'step', step: 'clearing' });
    await mustOwnAll(target, move);
    await waitForStandbys(target, options);
    await mustOwnAll(target, move);
    await endReplication(source, target, move, options.report);
    await pause(options, options.limits.lateReadsMs);
    await removeAll(source, directory, move, options, () => mustOwnAll(target, move));
    return updateState(directory, move, 'done');
  });
}

/** The source's copy may be the only one: the target may have been replaced by a standby that had not followed so far. */
async function mustOwnAll(target: Link, move: Move): Promise<void> {
  if (await ownsAll(target, move)) return;
  throw new MoveRefused(
    `${move.target} does not own ${printRanges(move.ranges)} any more, though it had taken them over: it seems that another copy of that server was put in its place. Nothing more is removed at ${move.source}, which has the rows as they were when ${move.target} took over. Put the copy of ${move.target} that has the range back in its place, then ./pinhole shard move --resume. If it is gone for good, ./pinhole shard move --undo gives the range back to ${move.source}, as long as nothing has been removed there; what members wrote at ${move.target} is lost then.`,
  );
}

/** Until the standbys that follow the target now have on their disks what it has at this moment. */
async function waitForStandbys(target: Link, options: MoveOptions): Promise<void> {
  const [now] = await target.rows<{ lsn: string }>('select pg_current_wal_lsn() as lsn');
  const findLate = async () => {
    const [late] = await target.rows<{ name: string }>(
      `select coalesce(nullif(application_name, ''), client_addr::text, '') as name from pg_stat_replication
       where state = 'streaming' and coalesce(flush_lsn, '0/0') < $1::pg_lsn and not exists (
         select from pg_replication_slots where active_pid = pid and slot_type = 'logical')`,
      [now?.lsn],
    );
    return late ? `the standby ${late.name} of ${target.server} lacks a part of what was moved` : null;
  };
  await waitUntilFree(options, findLate, STANDBY_AGAIN_MS);
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
      await removeAll(target, directory, move, options, async () => undefined);
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
  beforeBatch: () => Promise<void>,
): Promise<void> {
  const { rows: rowsTotal } = total(await measure(server, ranges));
  let isSeen = false;
  const rows = await removeRows(server, ranges, rowsTotal, report, async () => {
    mustGoOn(signal);
    await mustHoldLock(directory);
    await beforeBatch();
    if (isSeen) return;
    isSeen = true;
    await report({ kind: 'step', step: 'removing' });
  });
  await report({ kind: 'removed', server: server.server, rows });
  await report({ kind: 'step', step: 'cleared' });
}
