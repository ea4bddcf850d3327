/** What must hold after a move, and a mover as a process of its own. */
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { MoveEvent, Step } from '../server/infra/moves/report.ts';
import { shardTables } from '../server/infra/shard-tables.ts';
import type { MoverOrder } from './shard-move-mover.ts';
import type { Members, MoveWorld } from './shard-move-world.ts';

const root = path.resolve(import.meta.dirname, '..');

const VALUES: Record<string, string> = {
  accounts: "select 'accounts ' || account_id as key, bio as value from accounts where is_owned(account_id)",
  posts: "select 'posts ' || post_id as key, caption as value from posts where is_owned(post_id)",
  media: "select 'media ' || media_id as key, revision::text as value from media where is_owned(media_id)",
  likes:
    "select 'likes ' || account_id || ':' || post_id as key, like_id::text as value from likes where is_owned(account_id)",
  sessions:
    "select 'sessions ' || session_id as key, device_name as value from sessions where is_owned(session_id)",
};

/** Everything that must hold once the members have stopped and no move is open. */
export async function mustBeWhole(world: MoveWorld, members: Members): Promise<void> {
  assert.deepEqual(members.refused.slice(0, 3), [], 'nobody was refused for good');
  assert.equal(new Set(members.ids).size, members.ids.length, 'no ID was made twice');
  const found = new Map<string, string>();
  let twice = 0;
  for (const server of world.servers)
    for (const text of Object.values(VALUES))
      for (const { key, value } of await world.ask<{ key: string; value: string }>(server, text)) {
        if (found.has(key)) twice++;
        found.set(key, value);
      }
  const lost = [...members.ledger].filter(([key, values]) => !values.includes(found.get(key) ?? null));
  assert.deepEqual(
    lost.slice(0, 3),
    [],
    `${lost.length} of ${members.ledger.size} acknowledged acts are not there`,
  );
  assert.equal(twice, 0, 'no row stands on two servers');
  await mustBeTidy(world);
}

/** Owned shards are the map, no row is where it is not owned, and nothing of a move is left. */
export async function mustBeTidy(world: MoveWorld): Promise<void> {
  const owners = await world.ask<{ owners: string }>(
    world.directory,
    "select string_agg(server, ',' order by logical_shard) as owners from logical_shards",
  );
  const owned: string[] = Array.from({ length: 8_192 }, () => '');
  for (const [at, server] of world.servers.entries()) {
    const name = world.fleet.servers[at]?.name ?? '';
    for (const { shard } of await world.ask<{ shard: number }>(
      server,
      'select logical_shard as shard from owned_shards',
    ))
      owned[shard] = `${owned[shard] ?? ''}${name}`;
    for (const { name: table, id } of shardTables) {
      const [stray] = await world.ask<{ rows: string }>(
        server,
        `select count(*) as rows from ${table} where not is_owned(${id})`,
      );
      assert.equal(stray?.rows, '0', `${name} holds rows of ${table} that it does not own`);
    }
    const [left] = await world.ask<{ left: string | null }>(
      server,
      `select string_agg(name, ' ') as left from (select slot_name::text as name from pg_replication_slots where slot_type = 'logical'
         union all select subname from pg_subscription union all select pubname from pg_publication
         union all select mark from move_marks) as each`,
    );
    assert.equal(left?.left, null, `${name} has nothing left of a move`);
  }
  assert.ok(owners[0]?.owners === owned.join(), 'each shard is owned by one server, the one of the map');
}

/** Runs a mover as a process of its own; `at` is called for each step and may kill it. Gives whether it ended well. */
export async function runMover(
  order: MoverOrder,
  at: (step: Step, mover: ChildProcess) => Promise<void> | void,
  see: (event: MoveEvent) => void = () => undefined,
): Promise<boolean> {
  const mover = fork(path.join(root, 'test/shard-move-mover.ts'), [JSON.stringify(order)], { silent: true });
  let faults = '';
  mover.stderr?.on('data', (data) => {
    faults += String(data);
  });
  mover.on('message', async (event: MoveEvent) => {
    see(event);
    if (event.kind !== 'step') return;
    await at(event.step, mover);
    // One that was killed meanwhile has no ear for it, which is no fault.
    if (mover.connected) mover.send('go', () => undefined);
  });
  const [code, signal] = await once(mover, 'exit');
  if (signal === null && code !== 0) throw new Error(`The mover ended with ${code}: ${faults.slice(0, 500)}`);
  return code === 0;
}
