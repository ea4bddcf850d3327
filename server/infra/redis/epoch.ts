/**
 * The epoch of the network, in the directory: it ends when a process that runs without Redis changes something of which
 * derived data in Redis would have to be told. So Redis may be switched on and off under a running network, one process after
 * the other, and no list from before is believed afterwards.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '../database.ts';
import { runOutsideRequests } from '../request-context.ts';
import { sql } from '../sql.ts';

export type Epoch = {
  /** As it was within the last second, while the directory answers. */
  value(): number;
  /** Makes the value that of now. */
  look(): Promise<void>;
  /** For a process without Redis: what others have derived is void. */
  end(): Promise<void>;
  close(): Promise<void>;
};

const LOOK_MS = 1_000;

/** `isUsed`: this process has Redis, says so, and follows the epoch. */
export async function openEpoch(
  directory: Database,
  isUsed: boolean,
  onError: (error: Error) => void,
): Promise<Epoch> {
  let epoch = 0;
  let isClosed = false;
  const look = async () => {
    const [row] = await directory.rows<{ epoch: string }>(sql`select epoch from derived_epoch where in_use`);
    const [now] = row
      ? [row]
      : await directory.rows<{ epoch: string }>(sql`update derived_epoch set in_use = true returning epoch`);
    epoch = Math.max(epoch, Number(now?.epoch));
  };
  async function follow(): Promise<void> {
    while (!isClosed) {
      await delay(LOOK_MS, undefined, { ref: false });
      if (!isClosed) await look().catch(onError);
    }
  }
  if (isUsed) {
    await look();
    void runOutsideRequests(follow);
  }
  return {
    value: () => epoch,
    look,
    async end() {
      await directory.rows(sql`update derived_epoch set epoch = epoch + 1, in_use = false where in_use`);
    },
    async close() {
      isClosed = true;
    },
  };
}
