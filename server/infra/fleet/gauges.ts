/** Figures of each server and its replicas, asked for when Prometheus reads them; a server that hangs holds up nothing. */
import { setTimeout as delay } from 'node:timers/promises';
import { Gauge, Registry } from 'prom-client';
import type { ShardServer, Shards } from '../shards.ts';
import { sql } from '../sql.ts';
import { type Slot, selectSlots } from './slots.ts';

type Figures = { connections: number; slots: Slot[] };

const ANSWER_MS = 1_000;

/** In the form that Prometheus reads. */
export async function readServerGauges(shards: Shards): Promise<string> {
  const registry = new Registry();
  const gauge = (name: string, help: string, labelNames: string[]) =>
    new Gauge({ name, help, labelNames, registers: [registry] });
  const up = gauge('pinhole_server_up', 'Whether the PostgreSQL server answers', ['server']);
  const connections = gauge('pinhole_server_connections', 'Connections of clients to the server', ['server']);
  const open = gauge('pinhole_server_open', 'Whether it takes new accounts', ['server']);
  const owned = gauge('pinhole_server_logical_shards', 'Logical shards that it holds', ['server']);
  const retained = gauge('pinhole_slot_retained_bytes', 'Log that the server keeps for a replication slot', [
    'server',
    'slot',
    'active',
  ]);
  const replicaUp = gauge('pinhole_replica_up', 'Whether the replica answers', ['server', 'replica']);
  const lag = gauge('pinhole_replica_lag_seconds', 'How far the replica is behind its server', [
    'server',
    'replica',
  ]);
  const counts = Map.groupBy(shards.map, (server) => server);
  await Promise.all(
    shards.servers.map(async (each) => {
      const { name: server } = each;
      open.set({ server }, Number(each.isOpen));
      owned.set({ server }, counts.get(each)?.length ?? 0);
      for (const [at, { lag: behind }] of each.replicas.list().entries()) {
        const replica = String(at + 1);
        replicaUp.set({ server, replica }, Number(behind !== null));
        if (behind !== null) lag.set({ server, replica }, Math.max(0, behind.ms) / 1_000);
      }
      const figures = await askServer(each);
      up.set({ server }, Number(figures !== null));
      if (!figures) return;
      connections.set({ server }, figures.connections);
      for (const { name: slot, isActive, retainedBytes } of figures.slots)
        retained.set({ server, slot, active: String(isActive) }, retainedBytes);
    }),
  );
  return registry.metrics();
}

/** Null when it does not answer in time. */
async function askServer({ database }: ShardServer): Promise<Figures | null> {
  const asking = async (): Promise<Figures> => {
    const [row] = await database.rows<{ connections: number }>(
      sql`select count(*)::integer as connections from pg_stat_activity where backend_type = 'client backend'`,
    );
    return { connections: row?.connections ?? 0, slots: await selectSlots(database) };
  };
  if (database.isDown()) return null;
  return Promise.race([asking().catch(() => null), delay(ANSWER_MS, null, { ref: false })]);
}
