/**
 * The epoch of the network, in the directory: it ends when a process that runs without Redis, or with another one, changes something
 * of which derived data in Redis would have to be told. So Redis may be switched on, off and elsewhere under a running network,
 * one process after the other, and no list from before is believed afterwards.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { runOutsideRequests } from '../request-context.ts';
import type { Shards } from '../shards.ts';
import { sql } from '../sql.ts';

export type Epoch = {
  /** Null when the directory has not said it for some seconds. */
  value(): number | null;
  /** For a process without Redis: what others have derived is void. */
  end(): Promise<void>;
  close(): Promise<void>;
};

const LOOK_MS = 1_000;
const KNOWN_MS = 10_000;

/** `shards.directory` is asked for each time: it is another one when it is reached in another way. `user`: a hash of the addresses of this process's Redis, which follows the epoch; null without. */
export async function openEpoch(
  shards: Pick<Shards, 'directory'>,
  user: string | null,
  onError: (error: Error) => void,
): Promise<Epoch> {
  let epoch = 0;
  let lookedMs = 0;
  let isClosed = false;
  /** Where others have another Redis, each who looks ends the epoch of the others, until all have the same. */
  const look = async () => {
    const askedMs = performance.now();
    const [same] = await shards.directory.rows<{ epoch: string }>(
      sql`select epoch from derived_epoch where used_by = ${user}`,
    );
    const [now] = same
      ? [same]
      : await shards.directory.rows<{ epoch: string }>(
          sql`update derived_epoch set used_by = ${user}, epoch = epoch + 1 where used_by <> ${user} returning epoch`,
        );
    if (!now) return;
    epoch = Number(now.epoch);
    lookedMs = askedMs;
  };
  async function follow(): Promise<void> {
    while (!isClosed) {
      await delay(LOOK_MS, undefined, { ref: false });
      if (!isClosed) await look().catch(onError);
    }
  }
  if (user !== null) {
    await look();
    void runOutsideRequests(follow);
  }
  return {
    value: () => (performance.now() - lookedMs < KNOWN_MS ? epoch : null),
    async end() {
      await shards.directory.rows(
        sql`update derived_epoch set epoch = epoch + 1, used_by = '' where used_by <> ''`,
      );
    },
    async close() {
      isClosed = true;
    },
  };
}
