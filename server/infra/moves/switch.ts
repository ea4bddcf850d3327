/**
 * The switch: the source is fenced, its running transactions end, the target catches up, the map changes, all processes
 * have taken it up, the target is opened. Writes to the range wait meanwhile. All slow work is done before the fence, in
 * transactions that are held open and only committed within the pause; they end by themselves when this mover stands still.
 * What takes too long is taken back, which is safe until the target is opened: nothing is written there before that.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { MoveStopped } from './faults.ts';
import { type Link, MOVER } from './links.ts';
import { shardsIn } from './plan.ts';
import type { Report, Step } from './report.ts';
import { type MoveOptions, pause, type Session, waitUntilFree } from './session.ts';
import {
  type Move,
  selectLateProcesses,
  selectQuietProcesses,
  selectUptimeMs,
  updateMap,
  updateState,
} from './store.ts';

const POLL_MS = 1;
const HELD_MAX_MS = 1_000;
const QUIET_MS = 3_000;
const AGAIN_MS = 200;
const AGAIN_MAX_MS = 5_000;
const CATCH_UP_MS = 5_000;
/** A transaction that is older than this when the pause would begin may well outlast it. */
const OLD_TRANSACTION_MS = 30;
const REHEARSAL_MS = 20;
/** How far the target's clock of IDs is moved past the source's: one second of (ms << 10 | counter). */
const CLOCK_MARGIN = 1_000n << 10n;

/** Tries until it succeeds; throws MoveStopped when that takes too long. */
export async function switchOver(session: Session, move: Move, options: MoveOptions): Promise<Move> {
  const startMs = performance.now();
  for (let againMs = AGAIN_MS; ; againMs = Math.min(againMs * 2, AGAIN_MAX_MS)) {
    await waitUntilFree(options, () => findObstacle(session, options), AGAIN_MS);
    const failure = await trySwitch(session, move, options);
    if (failure === null) return { ...move, state: 'clearing' };
    if (performance.now() - startMs > options.limits.patienceMs)
      throw new MoveStopped(`Gave up: ${failure}.`);
    await pause(options, againMs);
  }
}

/** Why a pause would not be short now; null when nothing speaks against it. */
async function findObstacle(session: Session, { limits }: MoveOptions): Promise<string | null> {
  const { directory, source, target } = session;
  if ((await selectUptimeMs(directory)) < limits.silenceMs)
    return 'the directory has started a moment ago, and not all processes may have reported yet';
  const [quiet] = await selectQuietProcesses(directory, QUIET_MS, limits.silenceMs);
  if (quiet) return `the process ${quiet} has not been heard of for a moment, or has an old map`;
  const [old] = await source.rows<{ who: string }>(
    `select format('process %s (%s, %s, %s) has a transaction open at %s since %s', pid, usename,
       coalesce(nullif(application_name, ''), 'without a name'), state, $2::text, xact_start::timestamp(0)) as who
     from pg_stat_activity where ${isOther}
       and xact_start < clock_timestamp() - interval '${OLD_TRANSACTION_MS} milliseconds' order by xact_start limit 1`,
    [MOVER, source.server],
  );
  if (old) return old.who;
  const [prepared] = await source.rows<{ gid: string }>(
    'select gid from pg_prepared_xacts where database = current_database() limit 1',
  );
  if (prepared) return `the prepared transaction ${prepared.gid} is open at ${source.server}`;
  const startMs = performance.now();
  const hasPassed = await passMark(session, startMs + CATCH_UP_MS).then(
    () => performance.now() - startMs < REHEARSAL_MS,
    (error: unknown) => {
      if (error instanceof TooLong) return false;
      throw error;
    },
  );
  return hasPassed ? null : `${target.server} still catches up with ${source.server}`;
}

/** Others in this database who may write: pg_dump only reads, however long. What is hidden from our user is null. */
const isOther = `datname = current_database() and pid <> pg_backend_pid()
  and coalesce(backend_type, 'client backend') = 'client backend'
  and coalesce(application_name, '') not in ($1, 'pg_dump')`;

/** Gives why it was taken back, or null when the target owns the range. */
async function trySwitch(
  session: Session,
  move: Move,
  { report, limits }: MoveOptions,
): Promise<string | null> {
  const { directory, source, target, opener } = session;
  const step = (step: Step) => report({ kind: 'step', step });
  const shards = shardsIn(move.ranges);
  await updateState(directory, move, 'switching');
  await step('switching');
  await limitHolding(session);
  await directory.rows('begin');
  const version = await updateMap(directory, move.ranges, move.target);
  await opener.rows('begin');
  await opener.rows('insert into owned_shards select unnest($1::integer[])', [shards]);
  await source.rows('begin');
  await source.rows('delete from owned_shards where logical_shard = any ($1::integer[])', [shards]);
  await step('prepared');

  const fencedMs = performance.now();
  const untilMs = fencedMs + limits.pauseMs;
  let isMapped = false;
  try {
    await source.rows('commit');
    await step('fenced');
    // The directory is asked too, so that one that is cut off is noticed while the map is as it was.
    const ready = [drain(source, untilMs), passClock(source, target), directory.rows('select 1')];
    await inTime(Promise.all(ready), untilMs, 'Ending the writes');
    await step('drained');
    await inTime(passMark(session, untilMs), untilMs, 'Catching up');
    await step('marked');
    mustBeInTime(untilMs, 'Catching up');
    isMapped = true;
    await inTime(directory.rows('commit'), untilMs, 'Changing the map');
    await step('mapped');
    await inTime(waitForProcesses(directory, version, limits.silenceMs, untilMs), untilMs, 'A process');
    await step('acknowledged');
  } catch (error) {
    // Without the directory, only while the map cannot have changed: otherwise whoever reaches it again decides.
    if (!isMapped || error instanceof TooLong) await reopenSource(session, move, isMapped);
    if (!(error instanceof TooLong)) throw error;
    await limitHolding(session, 0);
    await updateState(directory, move, 'copying');
    await reportPause(report, fencedMs, error.message);
    return error.message;
  }
  await opener.rows('commit');
  await reportPause(report, fencedMs, null);
  await step('opened');
  await limitHolding(session, 0);
  await updateState(directory, move, 'clearing');
  return null;
}

class TooLong extends Error {}

function mustBeInTime(untilMs: number, what: string): void {
  if (performance.now() > untilMs) throw new TooLong(tooLong(what));
}

/** What is under way goes on, and what is sent after it on the same connection comes after it. */
async function inTime(work: Promise<unknown>, untilMs: number, what: string): Promise<void> {
  const over = new AbortController();
  const late = delay(Math.max(0, untilMs - performance.now()), true, { signal: over.signal }).catch(
    () => false,
  );
  try {
    if ((await Promise.race([work.then(() => false), late])) === true) throw new TooLong(tooLong(what));
  } finally {
    over.abort();
  }
}

const tooLong = (what: string) => `${what} took too long, so the pause was broken off`;

async function reportPause(report: Report, fencedMs: number, reason: string | null): Promise<void> {
  const ms = performance.now() - fencedMs;
  await report({ kind: 'pause', ms, isTakenBack: reason !== null, reason: reason ?? '' });
}

/** While something is held, the servers let go of a mover that stands still or is cut off; 0: as long as it likes. */
async function limitHolding({ directory, opener, source }: Session, ms = HELD_MAX_MS): Promise<void> {
  const held = `set idle_in_transaction_session_timeout = ${ms}`;
  await Promise.all([
    directory.rows(`${held}; set idle_session_timeout = ${ms}`),
    opener.rows(held),
    source.rows(held),
  ]);
}

/** Waits for the transactions that began before the fence: those that begin later see it. */
async function drain(source: Link, untilMs: number): Promise<void> {
  const running = await source.rows<{ transaction: string }>(
    `select virtualtransaction as transaction from pg_locks join pg_stat_activity using (pid)
     where locktype = 'virtualxid' and virtualxid = virtualtransaction and ${isOther}`,
    [MOVER],
  );
  let left = running.map(({ transaction }) => transaction);
  while (left.length > 0) {
    mustBeInTime(untilMs, 'Ending the writes');
    await delay(POLL_MS);
    const rows = await source.rows<{ transaction: string }>(
      `select virtualxid as transaction from pg_locks
       where locktype = 'virtualxid' and virtualxid = virtualtransaction and virtualxid = any ($1::text[])`,
      [left],
    );
    left = rows.map(({ transaction }) => transaction);
  }
}

/** No ID of the source is made again at the target, nor one that the source still gives away to a process with an old map. */
async function passClock(source: Link, target: Link): Promise<void> {
  const [clock] = await source.rows<{ tick: string }>('select last_value as tick from id_clock');
  await target.rows('select id_clock_pass($1)', [String(BigInt(clock?.tick ?? 0) + CLOCK_MARGIN)]);
}

/** What was committed at the source before stands at the target when this returns. */
async function passMark({ source, target }: Session, untilMs: number): Promise<void> {
  const mark = randomUUID();
  await source.rows('insert into move_marks values ($1)', [mark]);
  while ((await target.rows('select from move_marks where mark = $1', [mark])).length === 0) {
    mustBeInTime(untilMs, 'Catching up');
    await delay(POLL_MS);
  }
}

async function waitForProcesses(
  directory: Link,
  version: string,
  silenceMs: number,
  untilMs: number,
): Promise<void> {
  for (;;) {
    const [late] = await selectLateProcesses(directory, version, silenceMs);
    if (!late) return;
    mustBeInTime(untilMs, `The process ${late}`);
    await delay(POLL_MS);
  }
}

/** Everything back at the source. What was held open at the target must be gone before the source is written to again. */
async function reopenSource(session: Session, move: Move, isMapped: boolean): Promise<void> {
  const { directory, source, opener } = session;
  if (!isMapped) {
    await ownAgain(source, move);
    await Promise.all([opener.rows('rollback'), directory.rows('rollback')]);
    return;
  }
  await opener.rows('rollback');
  await directory.rows('begin');
  await updateMap(directory, move.ranges, move.source);
  await directory.rows('commit');
  await ownAgain(source, move);
}

export async function ownAgain(source: Link, move: Move): Promise<void> {
  await source.rows('insert into owned_shards select unnest($1::integer[]) on conflict do nothing', [
    shardsIn(move.ranges),
  ]);
}
