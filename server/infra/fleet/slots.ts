/**
 * Replication slots and the log that they hold back. A slot that nobody reads, of a replica that is gone or of a move
 * that was left alone, keeps its server's log for ever, until the disk is full.
 */
import type { Logger } from 'pino';
import { answering, type Shards } from '../shards.ts';
import { sql } from '../sql.ts';
import type { Asked } from './client.ts';

export type Slot = {
  name: string;
  isActive: boolean;
  /** Log that the server keeps for it, in bytes. */
  retainedBytes: number;
  /** It held back too much, and what reads it must begin anew. */
  isLost: boolean;
};
export type HungrySlot = Slot & { server: string };

const RETAINED_MAX_BYTES = 2 ** 30;
const TELL_AGAIN_MS = 3_600_000;

/** All slots of the server, whichever database they are for. */
export function selectSlots(server: Asked): Promise<Slot[]> {
  return server.rows<Slot>(sql`
    select slot_name as name, active as "isActive", coalesce(wal_status = 'lost', false) as "isLost",
      coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0)::double precision as "retainedBytes"
    from pg_replication_slots order by slot_name`);
}

/** One that has stopped, or holds back more than 1 GiB. */
export function isHungry(slot: Slot): boolean {
  return !slot.isActive || slot.isLost || slot.retainedBytes > RETAINED_MAX_BYTES;
}

/** Of the servers that answer. */
export async function findHungrySlots(shards: Shards): Promise<HungrySlot[]> {
  const found = await Promise.all(
    answering(shards).map(async ({ name, database }) => {
      const slots = await selectSlots(database).catch(() => []);
      return slots.filter(isHungry).map((slot) => ({ ...slot, server: name }));
    }),
  );
  return found.flat();
}

/** Warns of each hungry slot: when it becomes so, when it becomes so in another way, and then every hour. */
export function openSlotWatch(
  shards: Shards,
  log: Pick<Logger, 'warn'>,
  clock: { nowMs(): number },
): () => Promise<void> {
  let told = new Map<string, number>();
  return async () => {
    const slots = await findHungrySlots(shards);
    const nowMs = clock.nowMs();
    const seen = new Map<string, number>();
    for (const { server, name: slot, ...state } of slots) {
      const isLarge = state.retainedBytes > RETAINED_MAX_BYTES;
      const key = [server, slot, state.isActive, state.isLost, isLarge].join();
      const toldMs = told.get(key);
      const isDue = toldMs === undefined || nowMs - toldMs >= TELL_AGAIN_MS;
      seen.set(key, isDue ? nowMs : toldMs);
      if (isDue) log.warn({ server, slot, ...state }, describeSlot({ server, name: slot, ...state }));
    }
    told = seen;
  };
}

function describeSlot({ server, name, isActive, isLost, retainedBytes }: HungrySlot): string {
  const held = `${(retainedBytes / 2 ** 30).toFixed(1)} GiB of log`;
  const state = isLost ? 'is lost' : isActive ? 'is slow' : 'is read by nobody';
  return `The replication slot ${name} of ${server} ${state} and holds back ${held}: see docs/fleet.md, "Slots".`;
}
