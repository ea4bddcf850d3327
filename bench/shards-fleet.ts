/**
 * Two Pinholes side by side: `plain` on one PostgreSQL server, `fleet` on two, each with a streaming replica and pgbouncer in
 * front. Both run as `./pinhole up` with PINHOLE_DATABASE; the servers are Debian's, on free loopback ports.
 */
import type pg from 'pg';
import { LOGICAL_SHARDS } from '../core/ids.ts';
import { pgbouncerConfig } from '../server/main/admin/pgbouncer.ts';
import { closeByHand } from '../test/closing.ts';
import { type Fleet, openFleet, type PostgresServer, startPgbouncer, startReplica } from '../test/fleet.ts';
import { type Bench, prepareSystem, runPinhole, type System, until } from './system.ts';

export type Place = {
  name: string;
  server: PostgresServer;
  /** The logical shards that it owns at first; both ends are within. */
  shards: { from: number; to: number };
};
export type Side = {
  system: System;
  settings: Record<string, string>;
  directory: PostgresServer;
  places: [Place, ...Place[]];
};

export const SHARD = 'pinhole_shard';
const DIRECTORY = 'pinhole_directory';
const HALF = LOGICAL_SHARDS / 2;
const QUIET_MAX_MS = 120_000;
const UNFINISHED = "select 1 from jobs.job where state < 'completed' and name <> 'dead' limit 1";

/** Whatever test/fleet.ts starts for this benchmark is stopped with it. */
export function closeFleets(bench: Bench): void {
  bench.closing.push(closeByHand());
}

export async function openPlain(bench: Bench): Promise<Side> {
  const fleet = await openFleet({ servers: 1 });
  const [server] = fleet.servers;
  const shards = { from: 0, to: LOGICAL_SHARDS - 1 };
  return openSide(bench, 'plain', fleet, [{ name: 'main', server, shards }]);
}

export async function openGrown(bench: Bench): Promise<Side> {
  const fleet = await openFleet({ servers: 2 });
  const [server, second = server] = fleet.servers;
  const places: Side['places'] = [
    { name: 'main', server, shards: { from: 0, to: HALF - 1 } },
    { name: 'second', server: second, shards: { from: HALF, to: LOGICAL_SHARDS - 1 } },
  ];
  return openSide(bench, 'fleet', fleet, places);
}

async function openSide(bench: Bench, name: string, fleet: Fleet, places: Side['places']): Promise<Side> {
  const [{ server: directory }, ...others] = places;
  const settings = { PINHOLE_DATABASE: fleet.databaseUrl };
  const system = await prepareSystem(bench, name, settings);
  await system.start();
  const verb = (...args: string[]) => runPinhole(bench, args, { ...settings, PINHOLE_DATA: system.dataDir });
  for (const place of others) {
    await verb('shard', 'add', place.name, place.server.url(fleet.prefix), ...(await surround(place, fleet)));
    await give(directory, places[0], place);
  }
  if (others.length > 0) await verb('shard', 'set', places[0].name, ...(await surround(places[0], fleet)));
  return { system, settings, directory, places };
}

/** A pooler in front, a replica behind, as `shard add` and `shard set` are told of them. */
async function surround({ name, server }: Place, { prefix }: Fleet): Promise<string[]> {
  const url = server.url(prefix);
  const configure = (port: number, authFile: string) =>
    pgbouncerConfig({ url, name, port, authFile, socketDir: '' });
  const [pooler, replica] = await Promise.all([startPgbouncer(configure), startReplica(server)]);
  return ['--pooler', pooler.url(prefix), '--replica', replica.url(prefix)];
}

/** Its shards, while nobody lives there: without the time that a move takes. */
async function give(directory: PostgresServer, from: Place, { name, server, shards }: Place): Promise<void> {
  const all = Array.from({ length: shards.to - shards.from + 1 }, (_, at) => shards.from + at);
  await from.server.query(SHARD, 'delete from owned_shards where logical_shard = any ($1)', [all]);
  await server.query(SHARD, 'insert into owned_shards select unnest($1::integer[])', [all]);
  await directory.query(
    DIRECTORY,
    `with version as (select publish_map() as version)
     update logical_shards set server = $1, version = version.version from version where logical_shard = any ($2)`,
    [name, all],
  );
}

export const directoryOf = (side: Side): pg.ClientConfig => side.directory.connection(DIRECTORY);

/** Waits until all jobs of all servers are done; gives the ms that took. */
export async function settle({ places }: Side): Promise<number> {
  const startMs = performance.now();
  await until(QUIET_MAX_MS, 'all jobs are done', async () => {
    const left = await Promise.all(places.map(({ server }) => server.query(SHARD, UNFINISHED)));
    return left.flat().length === 0 ? true : null;
  });
  return performance.now() - startMs;
}
