/** A Pinhole on several servers, each with an equal part of the logical shards, and people on the server of one's choice. */
import assert from 'node:assert/strict';
import path from 'node:path';
import type pg from 'pg';
import { type AnyId, LOGICAL_SHARDS } from '../core/ids.ts';
import { migrate } from '../server/infra/migrations.ts';
import { serverOf } from '../server/infra/shards.ts';
import { root } from '../server/main/app.ts';
import { openFleet, type PostgresServer, type ServerOptions, withClient } from './fleet.ts';
import { openWorld, type World } from './world.ts';

/** Servers are called main, pg2, pg3 … */
export async function openFleetWorld(options: ServerOptions & { servers: number }) {
  const fleet = await openFleet(options);
  // The admin is made when the shards have their places.
  const world = await openWorld({ fleet, config: { databaseUrl: fleet.databaseUrl }, hasAdmin: false });
  const { shards } = world.app;
  const [main, ...others] = fleet.servers;
  const each = Math.ceil(LOGICAL_SHARDS / fleet.servers.length);
  for (const [at, server] of others.entries())
    await join(world, main, server, `pg${at + 2}`, fleet.prefix, (at + 1) * each);
  await shards.reload();
  assert.equal(shards.servers.length, fleet.servers.length);
  await world.setUp();

  return {
    fleet,
    world,
    /** Signs up on the server of that name. */
    async accountOn(name: string, handle: string, more: { isPrivate?: boolean; name?: string } = {}) {
      const before = shards.servers.map((server) => server.isOpen);
      for (const server of shards.servers) server.isOpen = server.name === name;
      const person = await world.account(handle, more);
      for (const [at, server] of shards.servers.entries()) server.isOpen = before[at] ?? true;
      assert.equal(serverOf(shards, person.id as AnyId).name, name);
      return person;
    },
  };
}

/** Gives the server all shards from `first` on, before anybody lives there. */
async function join(
  world: World,
  main: PostgresServer,
  server: PostgresServer,
  name: string,
  prefix: string,
  first: number,
): Promise<void> {
  await server.query('postgres', `create database ${prefix}_shard encoding 'UTF8' template template0`);
  const shard = server.connection(`${prefix}_shard`);
  await migrate(shard, path.join(root, 'db/shard'), () => undefined);
  await inTransaction(shard, async (client) => {
    await client.query('delete from owned_shards where logical_shard < $1', [first]);
  });
  const owners = await main.query<{ server: string }>(
    `${prefix}_directory`,
    'select distinct server from logical_shards where logical_shard >= $1',
    [first],
  );
  for (const owner of owners) {
    const before = world.app.shards.servers.find((each) => each.name === owner.server);
    await inTransaction(before?.connection ?? {}, async (client) => {
      await client.query('delete from owned_shards where logical_shard >= $1', [first]);
    });
  }
  await inTransaction(main.connection(`${prefix}_directory`), async (client) => {
    await client.query('insert into servers (name, url) values ($1, $2)', [name, server.url(prefix)]);
    await client.query(
      'update logical_shards set server = $1, version = (select version + 1 from map_version) where logical_shard >= $2',
      [name, first],
    );
    await client.query('select publish_map()');
  });
  await world.app.shards.reload();
}

async function inTransaction(
  connection: pg.ClientConfig,
  work: (client: pg.Client) => Promise<void>,
): Promise<void> {
  await withClient(connection, async (client) => {
    await client.query('begin');
    await work(client);
    await client.query('commit');
  });
}
