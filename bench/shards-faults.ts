/** How soon a shard server that was killed serves its members again, and how soon Pinhole starts on two servers. */
import { setTimeout as delay } from 'node:timers/promises';
import { type AnyId, shardOf } from '../core/ids.ts';
import { call, type Member } from './people.ts';
import { type Side, settle } from './shards-fleet.ts';
import { isAnswered, startActs } from './shards-move.ts';
import type { Scene } from './shards-ratio.ts';
import { type Bench, type Figures, median, until } from './system.ts';

const LOAD_MS = 3_000;
const DEAD_MS = 1_000;
const SERVED_MAX_MS = 60_000;
const STARTS = 3;

/** kill -9 of the second server under writes, a second of death, start; from the start on it is counted. */
export async function measureRecovery(bench: Bench, { side, members, rows }: Scene): Promise<Figures> {
  const [, place] = side.places;
  const own = members.find(({ accountId }) => isAt(place?.shards, accountId));
  if (!place || !own) throw new Error('Nobody lives on the second server.');
  const others = members.filter(({ accountId }) => !isAt(place.shards, accountId));
  const acts = await startActs(bench, side, members, rows);
  await delay(LOAD_MS);
  await place.server.kill();
  const killedMs = performance.now();
  await delay(DEAD_MS);
  const startMs = performance.now();
  await place.server.start();
  const recoveryQueriesMs = performance.now() - startMs;
  const recoveryMs = await whenServed(side, own, startMs);
  await delay(LOAD_MS);
  const ledger = await acts.stop();
  const recoveryJobsMs = await settle(side);
  const elsewhere = new Set(others.map(({ accountId }) => accountId));
  const isElsewhere = (id: string) => !isAt(place.shards, id);
  const calm = ledger.filter(({ accountId, targetId }) => elsewhere.has(accountId) && isElsewhere(targetId));
  return {
    recoveryQueriesMs,
    recoveryMs,
    recoveryJobsMs,
    recoveryDeadMs: startMs - killedMs,
    recoveryRefused: ledger.filter((act) => !isAnswered(act)).length,
    recoveryRefusedElsewhere: calm.filter((act) => !isAnswered(act)).length,
    recoveryWritesElsewhere: calm.length,
  };
}

function isAt(shards: { from: number; to: number } | undefined, id: string): boolean {
  const shard = shardOf(id as AnyId);
  return shards !== undefined && shard >= shards.from && shard <= shards.to;
}

/** He changes something of his own, and is answered. */
async function whenServed({ system }: Side, { token }: Member, startMs: number): Promise<number> {
  await until(SERVED_MAX_MS, 'the members of the server are served', () =>
    call(system.base, 'PATCH', '/me', { token, body: { bio: 'I am back.' } }).then(
      () => true,
      () => null,
    ),
  );
  return performance.now() - startMs;
}

/** The data is there; the median of some starts. */
export async function measureStart({ system }: Side): Promise<Figures> {
  const startsMs: number[] = [];
  while (startsMs.length < STARTS) {
    await system.stop();
    startsMs.push(await system.start());
  }
  return { fleetStartMs: median(startsMs) };
}
