/**
 * Many PostgreSQL servers: what two of them reach against one, what the shard layer itself costs, a move under writes, and
 * how soon a killed server is back. One run answers for one machine: all servers, poolers and processes share its cores.
 */

import { type AnyId, shardOf } from '../core/ids.ts';
import { makeAdmin, makeMembers, makePhoto, makePosts, step } from './people.ts';
import { measureRecovery, measureStart } from './shards-faults.ts';
import { closeFleets, openGrown, openPlain, SHARD, type Side, settle } from './shards-fleet.ts';
import { measureMove } from './shards-move.ts';
import { measureConnections, measurePage } from './shards-page.ts';
import { measureRatios, type Scene } from './shards-ratio.ts';
import { fillRows, LONG_AGO_MS } from './shards-rows.ts';
import { measureFence, measureIds } from './shards-sql.ts';
import type { Bench, Figures, Scenario, Wish } from './system.ts';

const MEMBERS = 48;
const AUTHORS_EACH_SERVER = 15;
const POSTS_EACH = 2;
const USUAL_SECONDS = 6;

export const shards: Scenario = {
  name: 'shards',
  about:
    'two shard servers with replicas and pgbouncer against one without; IDs, the fence, a move, recovery',
  measure,
};

async function measure(bench: Bench, wish: Wish): Promise<Figures> {
  closeFleets(bench);
  const sides = Promise.all([openPlain(bench), openGrown(bench)]);
  const [plainSide, fleetSide] = await step(
    'two Pinholes, three servers, two replicas, two pgbouncers',
    sides,
  );
  const plain = await step(`${MEMBERS} members on one server`, setScene(plainSide));
  const fleet = await step(`${MEMBERS} members on two`, setScene(fleetSide));
  const connection = plainSide.directory.connection(SHARD);
  const sql = await step('IDs and the fence in PostgreSQL', measureSql(connection));
  const ratios = await step(
    'likes, follows and posts, side by side',
    measureRatios(bench, plain, fleet, wish.seconds),
  );
  const memory = await step(
    'every logical shard through the same connections',
    measureConnections(bench, plain),
  );
  await plainSide.system.stop();
  const page = await step('a page from both servers', measurePageOf(bench, fleet));
  const recovery = await step('kill -9 of a server under writes', measureRecovery(bench, fleet));
  // The amount to move is not a time: it shrinks with --seconds and never grows.
  const part = Math.min(1, (wish.seconds ?? USUAL_SECONDS) / USUAL_SECONDS);
  const move = await step('a move under writes', measureMove(bench, fleet, part));
  const start = await step('starting on two servers', measureStart(fleetSide));
  return { ...ratios, ...sql, ...page, ...move, ...memory, ...start, ...recovery };
}

async function measureSql(connection: Parameters<typeof measureIds>[0]): Promise<Figures> {
  return { ...(await measureIds(connection)), ...(await measureFence(connection)) };
}

/** Members who sign up, and rows that stand for many others: as many accounts as there are logical shards. */
async function setScene(side: Side): Promise<Scene> {
  await makeAdmin(side.system);
  const members = await makeMembers(side.system, 'fan', MEMBERS);
  const parts = await Promise.all(
    side.places.map(({ server, shards }) =>
      fillRows(server, {
        shards,
        accounts: shards.to - shards.from + 1,
        postsEach: POSTS_EACH,
        likesEach: 0,
        hasPhotos: false,
        fromMs: LONG_AGO_MS,
      }),
    ),
  );
  // Taking turns, so that neighbours in the list live on different servers.
  const mixed = (lists: string[][]) =>
    (lists[0] ?? []).flatMap((_, at) => lists.flatMap((list) => list[at] ?? []));
  const rows = {
    accountIds: mixed(parts.map(({ accountIds }) => accountIds)),
    postIds: mixed(parts.map(({ postIds }) => postIds)),
  };
  await settle(side);
  return { side, members, rows };
}

/** Photos of members who signed up: as many of them on each server. */
async function measurePageOf(bench: Bench, scene: Scene): Promise<Figures> {
  const [reader, ...others] = await makeMembers(scene.side.system, 'author', 4 * AUTHORS_EACH_SERVER);
  const authors = scene.side.places.flatMap(({ shards }) =>
    others
      .filter(({ accountId }) => {
        const shard = shardOf(accountId as AnyId);
        return shard >= shards.from && shard <= shards.to;
      })
      .slice(0, AUTHORS_EACH_SERVER),
  );
  if (!reader || authors.length !== AUTHORS_EACH_SERVER * 2)
    throw new Error('Too few members live on a server.');
  await makePosts(scene.side.system, authors, 1, await makePhoto(320, 400));
  await settle(scene.side);
  return measurePage(
    bench,
    scene,
    reader,
    authors.map(({ accountId }) => accountId),
  );
}
