/**
 * Lists in Redis made for all who were here within the time that lists live, so that nobody finds his cold. It goes on where it
 * was broken off, and may run while members act: a list that changes meanwhile is left to its next reader.
 */
import type { AccountId } from '../../../core/ids.ts';
import type { App } from '../../infra/app.ts';
import type { Redis } from '../../infra/redis/redis.ts';
import { fillHome } from './feed.ts';
import * as store from './store.ts';

export type Progress = { done: number; all: number };
export type RebuildOptions = { isFromStart: boolean; onProgress(progress: Progress): void };

const BATCH = 200;
const AT_ONCE = 8;

export function rebuildHomes(app: App, redis: Redis, options: RebuildOptions): Promise<Progress> {
  return forEachRecent(app, redis, 'feeds', options, async (accountId) => {
    await store.forgetHomes(redis, [accountId]);
    await fillHome(app, redis, accountId);
  });
}

/** Some at a time. `part` names where it stands, for the next try. */
export async function forEachRecent(
  app: App,
  redis: Redis,
  part: string,
  { isFromStart, onProgress }: RebuildOptions,
  work: (accountId: AccountId) => Promise<void>,
): Promise<Progress> {
  const { servers } = app.shards;
  const counts = await Promise.all(servers.map(({ database }) => store.countRecent(database)));
  const progress = { done: 0, all: counts.reduce((all, count) => all + count, 0) };
  for (const { name, database } of servers) {
    let after = isFromStart ? null : await store.readPlace(redis, part, name);
    for (;;) {
      const accountIds = await store.selectRecent(database, after ?? '0', BATCH);
      await atOnce(accountIds, work);
      progress.done += accountIds.length;
      onProgress(progress);
      after = accountIds.at(-1) ?? null;
      await store.writePlace(redis, part, name, accountIds.length === BATCH ? after : null);
      if (accountIds.length < BATCH) break;
    }
  }
  return progress;
}

async function atOnce(accountIds: AccountId[], work: (accountId: AccountId) => Promise<void>): Promise<void> {
  const waiting = accountIds.values();
  const lane = async () => {
    for (const accountId of waiting) await work(accountId);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}
