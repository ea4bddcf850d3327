/**
 * Whether home feeds grow slower with the network. It is made larger by SQL, from ten thousand accounts to a million, whose
 * follows are drawn by a power law; at each size two hundred readers who follow a hundred each read their warm feeds, at the
 * same load. The hundred are drawn in the same way, so that more and more of them are merged.
 */

import type pg from 'pg';
import type { AccountId } from '../core/ids.ts';
import { fillHome } from '../server/features/feed/feed.ts';
import type { App } from '../server/infra/app.ts';
import type { Redis } from '../server/infra/redis/redis.ts';
import { startAccelerators } from './accelerators.ts';
import { openBenchApp } from './app.ts';
import { type LoadRequest, load } from './load.ts';
import {
  accountIdAs,
  insertAccounts,
  insertFollows,
  insertPosts,
  insertSessions,
  type Numbers,
  POSTS_FROM_MS,
  tidy,
} from './network-rows.ts';
import { call, type Member, makeAdmin, step, together } from './people.ts';
import {
  type Bench,
  type Figures,
  percentile,
  type Scenario,
  type System,
  startSystem,
  type Wish,
  withDatabase,
} from './system.ts';

const SIZES = [
  { name: '10k', accounts: 10_000 },
  { name: '100k', accounts: 100_000 },
  { name: '1m', accounts: 1_000_000 },
] as const;
const FOLLOWS_EACH = 3;
/** Whoever is first in rank is drawn with the chance N^(-1/5): by 6 % of all follows of a million accounts. */
const POWER = 5;
const READERS = 200;
const FOLLOWED = 100;
const POSTS_EACH = 5;
/** PINHOLE_PUSH_LIMIT, as it is by default. */
const PUSH_LIMIT = 10_000;
const POSTS_APART_MS = 50_000_000;
const CONNECTIONS = 4;
const SECONDS = 12;
const WARM_UP_SECONDS = 2;
const PAGE = 20;

export const growth: Scenario = {
  name: 'growth',
  about: `home feeds with ${SIZES.map(({ name }) => name).join(', ')} accounts: does the page take longer?`,
  measure,
};

async function measure(bench: Bench, wish: Wish): Promise<Figures> {
  const { settings } = await startAccelerators(bench);
  const system = await startSystem(bench, settings);
  await makeAdmin(system);
  const { app, redis } = await openBenchApp(bench, system, settings);
  const figures: Figures = {};
  let from = 0;
  for (const { name, accounts } of SIZES) {
    const readers = await step(`${accounts} accounts`, grow(system, { from, to: accounts }));
    from = accounts;
    await step(`${READERS} lists`, warm(system, app, redis, readers));
    const lanes = Array.from({ length: CONNECTIONS }, (_, lane) =>
      readers.filter((_, at) => at % CONNECTIONS === lane).map(requestOf),
    );
    const read = (seconds: number) => load(bench, { port: system.port, lanes, repeats: true, seconds });
    await read(WARM_UP_SECONDS);
    const { latenciesMs } = await step('reading', read(wish.seconds ?? SECONDS));
    figures[`feedP50Ms${name}`] = percentile(latenciesMs, 0.5);
    figures[`feedP99Ms${name}`] = percentile(latenciesMs, 0.99);
    Object.assign(figures, await describe(system, name));
  }
  const ratio = (key: string) => (figures[`${key}1m`] ?? Number.NaN) / (figures[`${key}10k`] ?? Number.NaN);
  return { feedP50Ratio: ratio('feedP50Ms'), feedP99Ratio: ratio('feedP99Ms'), ...figures };
}

/** The last of the new accounts are the readers. */
function grow(system: System, { from, to }: Numbers): Promise<Member[]> {
  const readers = { from: to - READERS, to };
  const drawn = `floor(${to} * power(random(), ${POWER}))::integer`;
  return withDatabase(system, 'pinhole_shard', async (client) => {
    await insertAccounts(client, { from, to });
    await insertFollows(
      client,
      `select ${accountIdAs('follower')} as account_id, ${accountIdAs('rank')} as target_id
      from (
        select follower, ${drawn} as rank
        from generate_series(${from}, ${readers.from - 1}) as follower, generate_series(1, ${FOLLOWS_EACH})
      ) as draw`,
    );
    await insertReaders(client, readers, drawn);
    await client.query(
      "update accounts set spread = 'merged' where follower_count > $1 and spread <> 'merged'",
      [PUSH_LIMIT],
    );
    const members = await insertSessions(client, readers);
    await tidy(client);
    return members;
  });
}

/** Each follows a hundred different ones, all of whom have posts. */
async function insertReaders(client: pg.Client, { from, to }: Numbers, drawn: string): Promise<void> {
  const followed = `
    select ${accountIdAs('follower')} as account_id, ${accountIdAs('rank')} as target_id
    from (
      select follower, rank, row_number() over (partition by follower order by first) as place
      from (
        select follower, rank, min(draw) as first
        from (
          select follower, draw, ${drawn} as rank
          from generate_series(${from}, ${to - 1}) as follower, generate_series(1, ${FOLLOWED * 5}) as draw
        ) as draws
        where rank < ${from} group by follower, rank
      ) as different
    ) as placed
    where place <= ${FOLLOWED}`;
  await insertFollows(client, followed);
  await insertPosts(client, {
    accounts: `select distinct target_id as account_id from follows join accounts on accounts.account_id = target_id
      where follows.account_id between ${accountIdAs(from)} and ${accountIdAs(to)} and post_count = 0`,
    each: POSTS_EACH,
    hasPhotos: true,
    fromMs: POSTS_FROM_MS + POSTS_APART_MS * Math.log10(to),
  });
}

/** Lists in Redis, cards in Memcached. */
async function warm(system: System, app: App, redis: Redis, readers: Member[]): Promise<void> {
  await together(readers, async ({ accountId, token }) => {
    if (!(await fillHome(app, redis, accountId as AccountId))) throw new Error('A list was not filled.');
    const { items } = await call<{ items: unknown[] }>(system.base, 'GET', `/feed?limit=${PAGE}`, { token });
    if (items.length !== PAGE) throw new Error(`A page has ${items.length} posts.`);
  });
}

function requestOf({ token }: Member): LoadRequest {
  return { method: 'GET', path: `/api/v1/feed?limit=${PAGE}`, token };
}

/** What was measured there, to be read beside the figures. */
async function describe(system: System, name: string): Promise<Figures> {
  const { rows } = await withDatabase(system, 'pinhole_shard', (client) =>
    client.query<{ top: string; merged: string; mib: string }>(
      `select max(follower_count) as top, count(*) filter (where spread = 'merged') as merged,
        pg_database_size(current_database()) / 1048576 as mib from accounts`,
    ),
  );
  const [row] = rows;
  return {
    [`topFollowers${name}`]: Number(row?.top),
    [`mergedAccounts${name}`]: Number(row?.merged),
    [`databaseMiB${name}`]: Number(row?.mib),
  };
}
