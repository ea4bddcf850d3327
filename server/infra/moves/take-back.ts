/** What becomes of a switch whose mover died within it. The directory's map and the target say how far it came. */
import { MoveRefused } from './faults.ts';
import { DIRECTORY, type Fleet, type Link, openLink } from './links.ts';
import { shardsIn } from './plan.ts';
import { defaultLimits, openSide } from './session.ts';
import { findMove, type Move, selectOwners, tryMoverLock, updateState } from './store.ts';
import { mapBack, ownAgain } from './switch.ts';

/**
 * For the processes that see a move in `switching`: when its mover is gone, the writes that wait for it are let go on, at
 * the source, or at the target where that owns the range already. Any number of processes may call it at once; while
 * the mover lives it does nothing. Throws ConnectionLost when a server that must be asked does not answer: call it again.
 */
export async function takeBackAbandonedSwitch(fleet: Fleet): Promise<'nothing' | 'taken back' | 'finished'> {
  const directory = await openLink(DIRECTORY, fleet.directory);
  try {
    if ((await findMove(directory))?.state !== 'switching') return 'nothing';
    if (!(await tryMoverLock(directory))) return 'nothing';
    const move = await findMove(directory);
    if (move?.state !== 'switching') return 'nothing';
    return (await settleSwitch(fleet, directory, move)).state === 'clearing' ? 'finished' : 'taken back';
  } finally {
    directory.close();
  }
}

/**
 * `directory` must hold the mover's lock. Gives the move as it is then: copying or clearing. The target is opened only
 * after the map has changed, so with the old map nobody needs to ask it, and it may be gone.
 */
export async function settleSwitch(fleet: Fleet, directory: Link, move: Move): Promise<Move> {
  const owners = await selectOwners(directory, move.ranges);
  if (owners.length !== 1 || ![move.source, move.target].includes(owners[0] ?? ''))
    throw new MoveRefused(`The map gives the range to ${owners.join(' and ')}: someone else has changed it.`);
  if (owners[0] === move.target) {
    if (await isOpen(fleet, directory, move)) return await updateState(directory, move, 'clearing');
    await mapBack(directory, move, defaultLimits.silenceMs);
  }
  const source = await openSide(fleet, directory, move.source, []);
  try {
    await ownAgain(source, move);
  } finally {
    source.close();
  }
  return await updateState(directory, move, 'copying');
}

async function isOpen(fleet: Fleet, directory: Link, move: Move): Promise<boolean> {
  const target = await openSide(fleet, directory, move.target, []);
  try {
    return await ownsAll(target, move);
  } finally {
    target.close();
  }
}

/** Whether the server owns each logical shard of the move. */
export async function ownsAll(server: Link, { ranges }: Move): Promise<boolean> {
  const shards = shardsIn(ranges);
  const rows = await server.rows('select from owned_shards where logical_shard = any ($1::integer[])', [
    shards,
  ]);
  return rows.length === shards.length;
}
