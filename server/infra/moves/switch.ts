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
import { mustKnowTables } from './refusals.ts';
import type { Report, Step } from './report.ts';
import { type MoveOptions, pause, type Session, waitUntilFree } from './session.ts';
import {
  type Move,
  selectLateProcesses,
  selectQuietProcesses,
  selectUptimeMs,
  selectVersion,
  updateMap,
  updateState,
} from './store.ts';

const POLL_MS = 1;
const HELD_MAX_MS = 1_000;
const QUIET_MS = 3_000;
const AGAIN_MS = 500;
const AGAIN_MAX_MS = 5_000;
/** How long processes may take to take up a map that is taken back. */
const MAP_BACK_MS = 300;
const ANY_MAP = '0';
const REHEARSAL_MAX_MS = 2_000;
/** Of the pause: what its parts may take in rehearsal, and what must be left for the switch. */
const PART_MAX = 0.25;
const HEARING_MAX = 0.4;
const SWITCH_MIN = 0.4;
/** A transaction that is older than this when the pause would begin may well outlast it. */
const OLD_TRANSACTION_MS = 30;
/** How far the target's clock of IDs is moved past the source's: one second of (ms << 10 | counter). */
const CLOCK_MARGIN = 1_000n << 10n;

/** Tries until it succeeds; throws MoveStopped when that takes too long. */
export async function switchOver(session: Session, move: Move, options: MoveOptions): Promise<Move> {
  const startMs = performance.now();
  for (let againMs = AGAIN_MS; ; againMs = Math.min(againMs * 2, AGAIN_MAX_MS)) {
    await waitUntilFree(options, () => findObstacle(session, move, options), AGAIN_MS);
    const failure = await trySwitch(session, move, options);
    if (failure === null) return { ...move, state: 'clearing' };
    if (performance.now() - startMs > options.limits.patienceMs)
      throw new MoveStopped(`Gave up: ${failure}.`);
    await pause(options, againMs);
  }
}

/** Why a pause would not be short now; null when nothing speaks against it. Throws MoveStopped where waiting is of no use. */
async function findObstacle(session: Session, move: Move, { limits }: MoveOptions): Promise<string | null> {
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
  const { silenceMs, pauseMs } = limits;
  if ((await timeOf((untilMs) => passMark(session, untilMs))) > pauseMs * PART_MAX)
    return `${target.server} still catches up with ${source.server}`;
  // The same shards again, as they are: this takes the processes as long as the switch will.
  await directory.rows('begin');
  const version = await updateMap(directory, move.ranges, move.source);
  await directory.rows('commit');
  if (
    (await timeOf((untilMs) => waitForProcesses(directory, ANY_MAP, version, silenceMs, untilMs))) >
    pauseMs * HEARING_MAX
  )
    return 'the processes take long to hear of a new map';
  await mustKnowTables(source, target);
  return null;
}

/** In ms; work that takes too long is left after a while. */
async function timeOf(work: (untilMs: number) => Promise<void>): Promise<number> {
  const startMs = performance.now();
  try {
    await work(startMs + REHEARSAL_MAX_MS);
  } catch (error) {
    if (!(error instanceof TooLong)) throw error;
  }
  return performance.now() - startMs;
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
  await updateState(directory, move, 'switching');
  await step('switching');
  await limitHolding(session);
  await directory.rows('begin');
  const version = await updateMap(directory, move.ranges, move.target);
  await opener.rows('begin');
  const ownMs = await own(opener, move);
  await source.rows('begin');
  await source.rows('delete from owned_shards where logical_shard = any ($1::integer[])', [
    shardsIn(move.ranges),
  ]);
  await step('prepared');
  // Taking back is the same work at the source, and belongs to the pause.
  const switchMs = limits.pauseMs - 2 * ownMs;
  if (switchMs < limits.pauseMs * SWITCH_MIN) return letGo(session, move);

  const fencedMs = performance.now();
  const untilMs = fencedMs + switchMs;
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
    const heard = waitForProcesses(directory, ANY_MAP, version, limits.silenceMs, untilMs);
    await inTime(heard, untilMs, 'A process');
    await step('acknowledged');
  } catch (error) {
    // Without the directory, only while the map cannot have changed: otherwise whoever reaches it again decides.
    if (!isMapped || error instanceof TooLong) await reopenSource(session, move, isMapped, limits.silenceMs);
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

/** In ms. */
async function own(link: Link, move: Move): Promise<number> {
  const startMs = performance.now();
  await link.rows('insert into owned_shards select unnest($1::integer[])', [shardsIn(move.ranges)]);
  return performance.now() - startMs;
}

async function letGo(session: Session, move: Move): Promise<string> {
  const { directory, source, opener } = session;
  await Promise.all([directory, source, opener].map((each) => each.rows('rollback')));
  await limitHolding(session, 0);
  await updateState(directory, move, 'copying');
  return 'the servers are too busy for a short pause; fewer logical shards at a time would take less';
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
  const [clock] = await source.rows<{ tick: string }>(
    'select greatest(last_value, id_wall_clock_ms() << 10) as tick from id_clock',
  );
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
  from: string,
  version: string,
  silenceMs: number,
  untilMs: number,
): Promise<void> {
  for (;;) {
    const [late] = await selectLateProcesses(directory, from, version, silenceMs);
    if (!late) return;
    mustBeInTime(untilMs, `The process ${late}`);
    await delay(POLL_MS);
  }
}

/** Everything back at the source. What was held open at the target must be gone before the source is written to again. */
async function reopenSource(
  session: Session,
  move: Move,
  isMapped: boolean,
  silenceMs: number,
): Promise<void> {
  const { directory, source, opener } = session;
  if (!isMapped) {
    await own(source, move);
    await Promise.all([opener.rows('rollback'), directory.rows('rollback')]);
    return;
  }
  await opener.rows('rollback');
  await mapBack(directory, move, silenceMs);
  await own(source, move);
}

/**
 * Whoever has the map of the switch reads at the target, which will lag as soon as the source is written to: so they are
 * waited for, but no longer than members can wait. Whoever still has the map before it reads at the source.
 */
export async function mapBack(directory: Link, move: Move, silenceMs: number): Promise<void> {
  await directory.rows('begin');
  const switched = await selectVersion(directory, move.ranges);
  const version = await updateMap(directory, move.ranges, move.source);
  await directory.rows('commit');
  const untilMs = performance.now() + MAP_BACK_MS;
  await waitForProcesses(directory, switched, version, silenceMs, untilMs).catch((error: unknown) => {
    if (!(error instanceof TooLong)) throw error;
  });
}

/** After a crash, when it is not known whether the source was fenced. */
export async function ownAgain(source: Link, move: Move): Promise<void> {
  await source.rows('insert into owned_shards select unnest($1::integer[]) on conflict do nothing', [
    shardsIn(move.ranges),
  ]);
}
