/** Brings a copy of the ranges to the target, which then follows the source, and proves that it is equal. */
import { removeRows } from './clear.ts';
import { ConnectionLost, MoveRefused, MoveStopped } from './faults.ts';
import type { Link } from './links.ts';
import { shardsIn } from './plan.ts';
import {
  beginReplication,
  endReplication,
  isReplicating,
  selectCopyState,
  selectFaults,
} from './replication.ts';
import { type MoveOptions, mustGoOn, mustHoldLock, pause, type Session } from './session.ts';
import { measure, type TableSize, total } from './size.ts';
import type { Move } from './store.ts';
import { verify } from './verify.ts';

const POLL_MS = 200;

/** A stream of an earlier try is used where it is whole; otherwise all is begun anew. */
export async function copyRanges(session: Session, move: Move, options: MoveOptions): Promise<void> {
  const { directory, source, target, sourceUrl } = session;
  const { report, signal } = options;
  const goOn = async () => {
    mustGoOn(signal);
    await mustHoldLock(directory);
  };
  await mustOwnNothing(target, move);
  if (!(await isReplicating(source, target, move))) {
    await endReplication(source, target, move, async () => undefined);
    await removeRows(target, move.ranges, 0, async () => undefined, goOn);
    await report({ kind: 'step', step: 'target cleared' });
    await beginReplication(source, target, move, sourceUrl, report);
  }
  const sizes = await measure(source, move.ranges);
  await waitForCopy(session, move, sizes, options);
  await report({ kind: 'step', step: 'copied' });
  const { agreeMs } = options.limits;
  const tables = await verify(source, target, move.ranges, total(sizes).rows, agreeMs, report, goOn);
  await report({ kind: 'verified', tables });
  await report({ kind: 'step', step: 'verified' });
}

async function mustOwnNothing(target: Link, move: Move): Promise<void> {
  const owned = await target.rows('select from owned_shards where logical_shard = any ($1::integer[])', [
    shardsIn(move.ranges),
  ]);
  if (owned.length > 0)
    throw new MoveRefused(
      `${move.target} owns ${owned.length} logical shards of the range, though the map says otherwise.`,
    );
}

async function waitForCopy(
  session: Session,
  move: Move,
  sizes: readonly TableSize[],
  options: MoveOptions,
): Promise<void> {
  const { directory, source, target } = session;
  const all = total(sizes);
  let [progress, sinceMs, isSeen] = ['', performance.now(), false];
  for (;;) {
    await mustHoldLock(directory);
    const state = await selectCopyState(target, move);
    if (!state || !(await isReplicating(source, target, move)))
      throw new ConnectionLost(move.target, new Error('its stream from the source has ended'));
    const copied = { rows: 0, bytes: 0 };
    for (const { name, rows, bytes } of sizes) {
      const table = state.find((each) => each.name === name);
      const rowsCopied = table?.hasCopied ? rows : Math.min(rows, table?.rows ?? 0);
      copied.rows += rowsCopied;
      copied.bytes += rows === 0 ? 0 : (bytes * rowsCopied) / rows;
    }
    const table = state.find(({ hasCopied }) => !hasCopied)?.name ?? '';
    const done = { rows: copied.rows, rowsTotal: all.rows, bytes: copied.bytes };
    await options.report({ kind: 'progress', phase: 'copying', table, ...done });
    if (!isSeen) await options.report({ kind: 'step', step: 'copying' });
    isSeen = true;
    if (state.every(({ isReady }) => isReady)) return;
    const now = JSON.stringify(state);
    if (now !== progress) [progress, sinceMs] = [now, performance.now()];
    await sayWhatHolds(target, move, sinceMs, options);
    await pause(options, POLL_MS);
  }
}

async function sayWhatHolds(
  target: Link,
  move: Move,
  sinceMs: number,
  { limits, report }: MoveOptions,
): Promise<void> {
  const stillMs = performance.now() - sinceMs;
  if (stillMs < Math.min(limits.patienceMs, 10_000)) return;
  const faults = await selectFaults(target, move);
  const reason = `${move.target} copies nothing for now${faults > 0 ? ` (${faults} faults: its log says why)` : ''}`;
  if (stillMs > limits.patienceMs) throw new MoveStopped(`Gave up: ${reason}.`);
  await report({ kind: 'waiting', reason });
}
