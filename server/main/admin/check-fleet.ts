/** The servers themselves: who owns which shards, rows where they do not belong, what a move has left, migrations. */
import { LOGICAL_SHARDS } from '../../../core/ids.ts';
import { mergeRanges, parseRanges, printRanges, shardsIn } from '../../infra/moves/plan.ts';
import { ServerDown } from '../../infra/server-down.ts';
import { shardTables } from '../../infra/shard-tables.ts';
import type { ShardServer } from '../../infra/shards.ts';
import { sql } from '../../infra/sql.ts';
import { type Check, type Difference, type Sight, selectOwned } from './check-differences.ts';

const NO_REPAIR = async () => undefined;
const LEFT_BY_MOVE = 'Left by a move: ./pinhole shard move takes it away when these shards move there again';

/** A check that gives all it finds at once, as text by key: again is all of it again. */
function plain(name: string, look: (sight: Sight) => Promise<Map<string, string>>): Check {
  const find = async (sight: Sight): Promise<Difference[]> =>
    [...(await look(sight))].map(([key, is]) => ({
      key,
      is,
      menders: [],
      again: async () => (await find(sight)).find((each) => each.key === key) ?? null,
      repair: NO_REPAIR,
    }));
  return {
    name,
    async *find(sight) {
      yield find(sight);
    },
  };
}

/** Those that answer; the others are noted. */
async function eachServer(sight: Sight, look: (server: ShardServer) => Promise<void>): Promise<void> {
  for (const server of sight.app.shards.servers)
    try {
      await look(server);
    } catch (error) {
      if (!(error instanceof ServerDown)) throw error;
      sight.unseen.set(server.name, 'it does not answer');
    }
}

type Move = { move_id: string; ranges: string; source: string; target: string; state: string };

async function findMove({
  app,
}: Sight): Promise<{ name: string; shards: Set<number>; state: string } | null> {
  const [move] = await app.shards.directory.rows<Move>(
    sql`select move_id, ranges, source, target, state from moves where state not in ('done', 'undone')`,
  );
  if (!move) return null;
  const shards = new Set(shardsIn(parseRanges(move.ranges)));
  return { name: `pinhole_move_${move.move_id}`, shards, state: move.state };
}

/** The map in the directory against what the servers say. A switch under way is between the two for a moment. */
export const checkShardMap = plain('logical shards', async (sight) => {
  const { directory } = sight.app.shards;
  const map = await directory.rows<{ logical_shard: number; server: string }>(
    sql`select logical_shard, server from logical_shards`,
  );
  const serverOf = new Map(map.map((row) => [row.logical_shard, row.server]));
  const owners = new Map<number, string[]>();
  await eachServer(sight, async (server) => {
    for (const each of await selectOwned(server))
      owners.set(each, [...(owners.get(each) ?? []), server.name]);
  });
  const move = await findMove(sight);
  const wrong = new Map<string, number[]>();
  for (let shard = 0; shard < LOGICAL_SHARDS; shard++) {
    const mapped = serverOf.get(shard) ?? 'nobody';
    const owned = owners.get(shard)?.join(' and ') ?? 'nobody';
    if (mapped === owned || sight.unseen.has(mapped)) continue;
    if (move?.state === 'switching' && move.shards.has(shard)) continue;
    const is = `the directory says ${mapped}, owned by ${owned}`;
    wrong.set(is, [...(wrong.get(is) ?? []), shard]);
  }
  return new Map([...wrong].map(([is, shards]) => [`shards ${print(shards)}`, is]));
});

function print(shards: number[]): string {
  return printRanges(mergeRanges(shards.map((shard) => ({ from: shard, to: shard }))));
}

/** Rows of shards that their server does not own, other than copies of a move under way. */
export const checkStrangeRows = plain('rows on their servers', async (sight) => {
  const strange = new Map<string, string>();
  if (sight.app.shards.servers.length === 1) return strange;
  await eachServer(sight, async ({ name, database }) => {
    for (const table of shardTables) {
      // Table and column are names from our own list.
      const found = await database.rows<{ shard: number; count: string }>({
        ...sql``,
        name: `strange rows of ${table.name}`,
        text: `select ((${table.id} >> 10) & 8191)::integer as shard, count(*) from ${table.name}
          where not is_owned(${table.id}) group by 1`,
      });
      // Asked for after the rows: the copies of a move that began meanwhile are its own.
      const move = await findMove(sight);
      const rows = found.filter(({ shard }) => !move?.shards.has(shard));
      if (rows.length === 0) continue;
      const count = rows.reduce((sum, row) => sum + Number(row.count), 0);
      const shards = print(rows.map((row) => row.shard));
      strange.set(`${name}, table ${table.name}`, `${count} rows of shards ${shards}. ${LEFT_BY_MOVE}`);
    }
  });
  return strange;
});

/** Publications, slots and subscriptions of moves that have ended. A slot that is left keeps the log for ever. */
export const checkRemains = plain('remains of moves', async (sight) => {
  const remains = new Map<string, string>();
  await eachServer(sight, async ({ name, database }) => {
    const found = await database.rows<{ kind: string; part: string }>(sql`
      select 'publication' as kind, pubname as part from pg_publication where pubname like 'pinhole\\_%'
      union all select 'slot', slot_name from pg_replication_slots where slot_name like 'pinhole\\_%' and database = current_database()
      union all select 'subscription', subname from pg_subscription
        where subname like 'pinhole\\_%' and subdbid = (select oid from pg_database where datname = current_database())`);
    const move = await findMove(sight);
    for (const { kind, part } of found)
      if (part !== move?.name) remains.set(`${kind} ${part} on ${name}`, LEFT_BY_MOVE);
  });
  return remains;
});

export const checkMigrations = plain('migrations', async (sight) => {
  const filesOf = new Map<string, string>();
  await eachServer(sight, async ({ name, database }) => {
    const [row] = await database.rows<{ files: string }>(
      sql`select string_agg(name, ' ' order by name) as files from schema_migrations`,
    );
    filesOf.set(name, row?.files ?? '');
  });
  const [first, ...others] = [...filesOf];
  const wrong = new Map<string, string>();
  for (const [name, files] of others)
    if (files !== first?.[1])
      wrong.set(name, `has other migrations than ${first?.[0]}. ./pinhole migrate brings all up to date`);
  return wrong;
});
