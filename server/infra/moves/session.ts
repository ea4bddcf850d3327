/** What a mover holds while it works: the lock, in the directory's session, and a connection to each side. */
import { setTimeout as delay } from 'node:timers/promises';
import { MoveRefused, MoveStopped } from './faults.ts';
import { DIRECTORY, endOthers, type Fleet, type Link, openLink, serverNamed } from './links.ts';
import type { Report } from './report.ts';
import { findMove, type Move, tryMoverLock } from './store.ts';

export type Limits = {
  /** From the fence until the target is open, or else everything is taken back. */
  pauseMs: number;
  /** Processes that have said nothing for so long are dead, or ask the server after each read. */
  silenceMs: number;
  /** How long something that fails is tried again. */
  patienceMs: number;
  /** How long a row that changes is compared with its copy until both are equal at a look. */
  agreeMs: number;
  /** How long a request with an old map may still read at the source. */
  lateReadsMs: number;
};
export const defaultLimits: Limits = {
  pauseMs: 95,
  silenceMs: 15_000,
  patienceMs: 10 * 60_000,
  agreeMs: 60_000,
  lateReadsMs: 3_000,
};
export type MoveOptions = { report: Report; signal: AbortSignal; limits: Limits };

export type Session = {
  directory: Link;
  source: Link;
  /** A second one to the target, for the transaction that opens it. */
  target: Link;
  opener: Link;
  /** The source, as the target reaches it. */
  sourceUrl: string;
};

const LOCK_WAIT_MS = 3_000;
const LOCK_AGAIN_MS = 100;

/** The directory's session with the mover's lock. Throws MoveRefused when another mover has it. */
export async function openDirectory(fleet: Fleet): Promise<Link> {
  const directory = await openLink(DIRECTORY, fleet.directory);
  for (const startMs = performance.now(); ; await delay(LOCK_AGAIN_MS)) {
    // A process that takes a switch back holds it for a moment, and so does a mover whose death nobody has noticed yet.
    if (await tryMoverLock(directory)) return directory;
    if (performance.now() - startMs < LOCK_WAIT_MS) continue;
    const move = await findMove(directory);
    directory.close();
    const which = move ? ` (${move.source} to ${move.target})` : '';
    throw new MoveRefused(`Another mover is at work${which}: there can be one at a time.`);
  }
}

/** A connection to a server, where earlier movers have none any more. `directory` must hold the lock. */
export async function openSide(
  fleet: Fleet,
  directory: Link,
  name: string,
  own: readonly Link[],
): Promise<Link> {
  const link = await openLink(name, serverNamed(fleet, name).connection);
  try {
    await endOthers(link, own);
    await mustHoldLock(directory);
    return link;
  } catch (error) {
    link.close();
    throw error;
  }
}

/** The lock goes with the session, so a session that answers has it. */
export async function mustHoldLock(directory: Link): Promise<void> {
  await directory.rows('select 1');
}

export async function withSession<Result>(
  fleet: Fleet,
  directory: Link,
  move: Move,
  work: (session: Session) => Promise<Result>,
): Promise<Result> {
  const own: Link[] = [];
  try {
    const source = await openSide(fleet, directory, move.source, own);
    own.push(source);
    const target = await openSide(fleet, directory, move.target, own);
    own.push(target);
    const opener = await openSide(fleet, directory, move.target, own);
    own.push(opener);
    const sourceUrl = serverNamed(fleet, move.source).url;
    return await work({ directory, source, target, opener, sourceUrl });
  } finally {
    for (const link of own) link.close();
  }
}

/** Asks again and again until there is no reason to wait; says what it waits for. Throws MoveStopped when it takes too long. */
export async function waitUntilFree(
  options: MoveOptions,
  findReason: () => Promise<string | null>,
  everyMs: number,
): Promise<void> {
  const startMs = performance.now();
  for (let reason = await findReason(); reason !== null; reason = await findReason()) {
    if (performance.now() - startMs > options.limits.patienceMs) throw new MoveStopped(`Gave up: ${reason}.`);
    if (performance.now() - startMs > everyMs * 2) await options.report({ kind: 'waiting', reason });
    await pause(options, everyMs);
  }
}

/** Throws MoveStopped when the operator asks to stop. */
export async function pause({ signal }: MoveOptions, ms: number): Promise<void> {
  mustGoOn(signal);
  await delay(ms, undefined, { signal }).catch(() => mustGoOn(signal));
}

export function mustGoOn(signal: AbortSignal): void {
  if (signal.aborted) throw new MoveStopped('Stopped.');
}
