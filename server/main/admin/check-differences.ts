/**
 * What a check finds, and when it counts. In a network in use things differ for a moment all the time: a job will mend them.
 * So a difference counts only when it looked the same three times, and between these looks no job that could mend it was
 * waiting or running on any server. Whatever changes begins anew; what vanishes is forgotten. Jobs that wait are waited for
 * up to ten minutes in all, then the difference is called undecided.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type AnyId, LOGICAL_SHARDS } from '../../../core/ids.ts';
import type { App } from '../../infra/app.ts';
import type { Row } from '../../infra/database.ts';
import { mergeRanges, printRanges } from '../../infra/moves/plan.ts';
import { ServerDown } from '../../infra/server-down.ts';
import { groupByServer, readEach, type ShardServer, serverOf } from '../../infra/shards.ts';
import { type Statement, sql } from '../../infra/sql.ts';

/** Jobs that could mend a difference: those whose payload holds the values in the fields. */
export type Mender = { kind: { name: string }; fields: string[]; values: string[] };
export type Difference = {
  key: string;
  is: string;
  menders: Mender[];
  /** The same thing as it is now; null: nothing differs any more. */
  again(): Promise<Difference | null>;
  repair(app: App): Promise<void>;
};
/** Gives differences in bounded batches. */
export type Check = { name: string; find(sight: Sight): AsyncIterable<Difference[]> };
export type Sight = {
  app: App;
  /** What could not be looked at → why. */
  unseen: Map<string, string>;
  rows: number;
  /** Of waiting for jobs, for the whole run. */
  patienceMs: number;
};

const LOOKS = 3;
const LOOK_AGAIN_MS = 250;
const LOOK_AGAIN_MAX_MS = 2_000;
/** Also when the patience is used up: what a job mends within seconds is not called undecided. */
const PATIENCE_MIN_MS = 3_000;
const ROUNDS_MAX = 20;
const ROUND_PAUSE_MS = 500;

// looking -----------------------------------------------------------------------------------------------------

/**
 * Rows of all servers, in batches. `statement` gives those after the last one whose logical shard has its bit set
 * (`get_bit(shards, ((id >> 10) & 8191)::integer) = 1`): a server may hold copies that it does not own. Shards that move
 * meanwhile are looked at again where they are then.
 */
export async function* scan<Shape extends Row>(
  sight: Sight,
  statement: (after: Shape | null, shards: Buffer) => Statement,
): AsyncIterable<Shape[]> {
  const { shards } = sight.app;
  let rest = Array.from({ length: LOGICAL_SHARDS }, (_, logicalShard) => logicalShard);
  for (let round = 0; round < ROUNDS_MAX; round++) {
    for (const server of shards.servers) {
      if (sight.unseen.has(server.name)) continue;
      try {
        const here = new Set(await selectOwned(server)).intersection(new Set(rest));
        if (here.size === 0) continue;
        yield* scanServer(sight, server, statement, bitsOf(here));
        const seen = here.intersection(new Set(await selectOwned(server)));
        rest = rest.filter((logicalShard) => !seen.has(logicalShard));
      } catch (error) {
        noteDown(sight, server, error);
      }
    }
    rest = rest.filter((logicalShard) => !sight.unseen.has(shards.map[logicalShard]?.name ?? ''));
    if (rest.length === 0) return;
    await delay(ROUND_PAUSE_MS);
    await shards.reload();
  }
  const ranges = printRanges(mergeRanges(rest.map((each) => ({ from: each, to: each }))));
  sight.unseen.set(`shards ${ranges}`, 'no server owned them for long enough to look at them');
}

async function* scanServer<Shape extends Row>(
  sight: Sight,
  { database }: ShardServer,
  statement: (after: Shape | null, shards: Buffer) => Statement,
  bits: Buffer,
): AsyncIterable<Shape[]> {
  for (let after: Shape | null = null; ; ) {
    const rows: Shape[] = await database.rows<Shape>(statement(after, bits));
    sight.rows += rows.length;
    after = rows.at(-1) ?? null;
    if (!after) return;
    yield rows;
  }
}

export async function selectOwned({ database }: ShardServer): Promise<number[]> {
  const rows = await database.rows<{ logical_shard: number }>(sql`select logical_shard from owned_shards`);
  return rows.map((row) => row.logical_shard);
}

/** As get_bit counts them. */
function bitsOf(logicalShards: Iterable<number>): Buffer {
  const bits = Buffer.alloc(LOGICAL_SHARDS / 8);
  for (const each of logicalShards) bits[each >> 3] = (bits[each >> 3] ?? 0) | (1 << (each & 7));
  return bits;
}

/** As readEach, but from those servers that answer; `isSeen` says of which IDs they were. */
export async function ask<Shape extends Row, Id extends AnyId>(
  sight: Sight,
  ids: Iterable<Id>,
  statement: (share: Id[]) => Statement,
): Promise<{ rows: Shape[]; isSeen(id: Id): boolean }> {
  const { shards } = sight.app;
  const down = new Set<ShardServer>();
  const asked = [...groupByServer(shards, [...new Set(ids)])].map(async ([server, share]) => {
    try {
      return await readEach<Shape, Id>(shards, share, statement);
    } catch (error) {
      noteDown(sight, server, error);
      down.add(server);
      return [];
    }
  });
  const rows = (await Promise.all(asked)).flat();
  return { rows, isSeen: (id) => !down.has(serverOf(shards, id)) };
}

function noteDown(sight: Sight, server: ShardServer, error: unknown): void {
  if (!(error instanceof ServerDown)) throw error;
  sight.unseen.set(server.name, 'it does not answer');
}

// judging -----------------------------------------------------------------------------------------------------

type Doubt = { difference: Difference; looks: number; seenAt: Date };

/** Gives those that count, and those that jobs may still mend. */
export async function judge(
  sight: Sight,
  found: Difference[],
): Promise<{ real: Difference[]; undecided: Difference[] }> {
  const startMs = performance.now();
  const real: Difference[] = [];
  let doubts: Doubt[] = found.map((difference) => ({ difference, looks: 1, seenAt: new Date() }));
  let pauseMs = LOOK_AGAIN_MS;
  while (doubts.length > 0) {
    await delay(pauseMs);
    pauseMs = Math.min(LOOK_AGAIN_MAX_MS, pauseMs * 1.3);
    const waiting = await findWaiting(sight, doubts);
    const next: Doubt[] = [];
    for (const doubt of doubts) {
      const now = waiting.has(doubt) ? { ...doubt, looks: 1 } : await lookAgain(sight, doubt);
      if (now && now.looks >= LOOKS) real.push(now.difference);
      else if (now) next.push(now);
    }
    doubts = next;
    if (performance.now() - startMs > Math.max(PATIENCE_MIN_MS, sight.patienceMs)) break;
  }
  if (found.length > 0) sight.patienceMs -= performance.now() - startMs;
  return { real, undecided: doubts.map(({ difference }) => difference) };
}

async function lookAgain(sight: Sight, doubt: Doubt): Promise<Doubt | null> {
  try {
    const now = await doubt.difference.again();
    if (!now) return null;
    if (now.is === doubt.difference.is) return { ...doubt, looks: doubt.looks + 1 };
    return { difference: now, looks: 1, seenAt: new Date() };
  } catch (error) {
    if (!(error instanceof ServerDown)) throw error;
    sight.unseen.set(error.server, 'it does not answer');
    return null;
  }
}

/** Those that a job may mend which is neither done nor dead: one question for each kind of job. */
async function findWaiting(sight: Sight, doubts: Doubt[]): Promise<Set<Doubt>> {
  const waiting = new Set<Doubt>();
  const all = doubts.flatMap((doubt) => doubt.difference.menders.map((mender) => ({ doubt, mender })));
  for (const asked of Map.groupBy(all, ({ mender }) => `${mender.kind.name} ${mender.fields}`).values()) {
    const [first] = asked;
    if (!first) continue;
    const { kind, fields } = first.mender;
    const keyOf = ({ values }: Mender) => values.join(' ');
    // Of all jobs of a kind, only those matter that were there when it was seen: others always come.
    const before = fields.length === 0 ? new Date(Math.max(...doubts.map(({ seenAt }) => +seenAt))) : null;
    const keys = [...new Set(asked.map(({ mender }) => keyOf(mender)))];
    const there = new Set(await sight.app.queue.findUnfinished(kind.name, fields, keys, before));
    for (const { doubt, mender } of asked) if (there.has(keyOf(mender))) waiting.add(doubt);
  }
  return waiting;
}

/** The others of a batch go on when one cannot be mended because its server is down. */
export async function repairAll(sight: Sight, differences: Difference[]): Promise<void> {
  for (const difference of differences)
    try {
      await difference.repair(sight.app);
    } catch (error) {
      if (!(error instanceof ServerDown)) throw error;
      sight.unseen.set(error.server, 'it does not answer');
    }
}
