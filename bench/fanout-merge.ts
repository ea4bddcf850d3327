/**
 * What a reader pays when he follows accounts whose posts are merged: CPU of a page of ids (listHome), of readers with none, 1,
 * 5 and 20 such accounts, in turns.
 */
import { fillHome, listHome } from '../server/features/feed/feed.ts';
import { measureCosts, sum } from './costs.ts';
import type { Scene } from './fanout-scene.ts';
import {
  accountIdAs,
  accountIdOf,
  insertAccounts,
  insertFollows,
  insertPosts,
  POSTS_FROM_MS,
} from './network-rows.ts';
import { type Figures, median, type System, withDatabase } from './system.ts';

const MERGED = [0, 1, 5, 20] as const;
const STARS = 20;
const POSTS_EACH = 30;
/** What makes the readers' lists: an account that is pushed. */
const PUSHED_POSTS = 500;
const ROUNDS = 3;
const READS = 800;
const LANES = 8;
const PAGE = 20;
const NEWEST = '9223372036854775807';
const POSTS_APART_MS = 50_000_000;

/** Numbers of made accounts: the pushed one, the stars, then a reader for each number of stars. */
function castOf(from: number) {
  const stars = { from: from + 1, to: from + 1 + STARS };
  const readers = MERGED.map((merged, at) => ({ merged, number: stars.to + at }));
  return { pushed: from, stars, readers, end: stars.to + MERGED.length };
}

/** `from`: the first number that is free. */
export async function setMergingScene(system: System, from: number): Promise<void> {
  const { pushed, stars, readers, end } = castOf(from);
  const accounts = (first: number, last: number) =>
    `select ${accountIdAs('n')} as account_id from generate_series(${first}, ${last}) as n`;
  await withDatabase(system, 'pinhole_shard', async (client) => {
    await insertAccounts(client, { from, to: end });
    await client.query(
      `update accounts set spread = 'merged' where account_id in (${accounts(stars.from, stars.to - 1)})`,
    );
    const posts = { hasPhotos: false, fromMs: POSTS_FROM_MS + POSTS_APART_MS };
    await insertPosts(client, { ...posts, accounts: accounts(pushed, pushed), each: PUSHED_POSTS });
    await insertPosts(client, {
      ...posts,
      accounts: accounts(stars.from, stars.to - 1),
      each: POSTS_EACH,
      fromMs: posts.fromMs + POSTS_APART_MS,
    });
    for (const { merged, number } of readers)
      await insertFollows(
        client,
        `select ${accountIdAs(number)} as account_id, ${accountIdAs('n')} as target_id
        from generate_series(${pushed}, ${pushed + merged}) as n`,
      );
    await client.query('analyze');
  });
}

export async function measureMerging({ system, app, redis }: Scene, from: number): Promise<Figures> {
  const { readers } = castOf(from);
  const costs = new Map<number, number[]>(MERGED.map((merged) => [merged, []]));
  for (const { number } of readers) await fillHome(app, redis, accountIdOf(number));
  for (let round = 0; round < ROUNDS; round++)
    for (const { merged, number } of readers) {
      const reader = accountIdOf(number);
      const spent = await measureCosts(system, redis, async () => {
        const lane = async () => {
          for (let read = 0; read < READS / LANES; read++) await listHome(app, reader, NEWEST, PAGE);
        };
        await Promise.all(Array.from({ length: LANES }, lane));
      });
      costs.get(merged)?.push(sum(spent) / READS);
    }
  const of = (merged: number) => median(costs.get(merged) ?? []);
  return {
    listUsPerRead: of(0),
    mergeUsPerRead1: of(1) - of(0),
    mergeUsPerRead5: of(5) - of(0),
    mergeUsPerRead20: of(20) - of(0),
  };
}
