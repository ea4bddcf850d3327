/**
 * The thundering herd: a card that many ask for at the same moment, in two processes' worth of apps, while it is not in
 * Memcached. How often is it read from PostgreSQL?
 */
import type { PostId } from '../core/ids.ts';
import { findCards } from '../server/features/posts/cards.ts';
import type { App } from '../server/infra/app.ts';
import { startAccelerators } from './accelerators.ts';
import { openBenchApp } from './app.ts';
import { accountIdAs, insertAccounts, insertPosts, POSTS_FROM_MS } from './network-rows.ts';
import { step } from './people.ts';
import {
  type Bench,
  type Figures,
  type Scenario,
  type System,
  startSystem,
  until,
  withDatabase,
} from './system.ts';

const APPS = 2;
const LOOK_UPS = 1_000;
const ROUNDS = 20;
const ROUNDS_DEAD = 5;
const DEAD_MAX_MS = 10_000;

export const herd: Scenario = {
  name: 'herd',
  about: `${LOOK_UPS} look-ups of one card at once in each of ${APPS} apps: how often PostgreSQL is asked for it`,
  measure,
};

type Hot = { postId: PostId; version: number };

async function measure(bench: Bench): Promise<Figures> {
  const { settings, memcached } = await startAccelerators(bench);
  const system = await startSystem(bench, settings);
  const posts = await step(`${ROUNDS + 2 * ROUNDS_DEAD} posts`, makeHotPosts(system));
  const apps: App[] = [];
  while (apps.length < APPS) apps.push((await openBenchApp(bench, system, settings)).app);
  const worst = async (rounds: number) => {
    const loads: number[] = [];
    for (const hot of posts.splice(0, rounds)) loads.push(...(await Promise.all(countLoads(apps, hot))));
    return Math.max(...loads);
  };
  const startMs = performance.now();
  const queriesPerKeyPerProcess = await worst(ROUNDS);
  const herdRoundMs = (performance.now() - startMs) / ROUNDS;
  await memcached.kill();
  const queriesPerKeyDying = await worst(ROUNDS_DEAD);
  await until(DEAD_MAX_MS, 'Memcached is known to be dead', async () =>
    apps.every(({ memcached }) => memcached?.nodes().every(({ isDown }) => isDown)) ? true : null,
  );
  return {
    queriesPerKeyPerProcess,
    queriesPerKeyDying,
    queriesPerKeyDead: await worst(ROUNDS_DEAD),
    herdRoundMs,
  };
}

/** One for each round: nobody has looked at its card before. */
async function makeHotPosts(system: System): Promise<Hot[]> {
  return withDatabase(system, 'pinhole_shard', async (client) => {
    await insertAccounts(client, { from: 0, to: 1 });
    await insertPosts(client, {
      accounts: `select ${accountIdAs(0)} as account_id`,
      each: ROUNDS + 2 * ROUNDS_DEAD,
      hasPhotos: true,
      fromMs: POSTS_FROM_MS,
    });
    const { rows } = await client.query<Hot>(
      'select post_id as "postId", card_version as version from posts',
    );
    return rows;
  });
}

/** Statements to the shard's server, by app. All look-ups of all apps are under way at the same time. */
function countLoads(apps: App[], { postId, version }: Hot): Promise<number>[] {
  return apps.map(async (app) => {
    const versions = Promise.resolve(new Map([[postId, version]]));
    const before = countStatements(app);
    const found = await Promise.all(
      Array.from({ length: LOOK_UPS }, () => findCards(app, [postId], versions, { mayLag: true })),
    );
    if (found.some((cards) => cards.get(postId)?.photos.length !== 1)) throw new Error('A card is missing.');
    return countStatements(app) - before;
  });
}

function countStatements({ shards }: App): number {
  return shards.servers.reduce((all, { database }) => all + database.statementCount(), 0);
}
