/** The rows of `servers`, as the operator's verbs read and change them. */
import { MOVER_LOCK } from '../moves/store.ts';
import { sql } from '../sql.ts';
import type { Asked } from './client.ts';

export type Server = {
  name: string;
  /** Straight; of the first server too. */
  url: string;
  isOpen: boolean;
  /** '' : there is none. */
  poolerUrl: string;
  replicaUrls: string[];
};

const LOCK = 7_234_770_030;

/** `firstUrl`: of the server that the configuration names. The first comes first, then by name. */
export async function selectServers(directory: Asked, firstUrl: string): Promise<Server[]> {
  const rows = await directory.rows<Server>(sql`
    select name, url, is_open as "isOpen", pooler_url as "poolerUrl", replica_urls as "replicaUrls"
    from servers order by url <> '', name`);
  return rows.map((row) => ({ ...row, url: row.url || firstUrl }));
}

/** Logical shard → name of its server. */
export async function selectOwners(directory: Asked): Promise<string[]> {
  const rows = await directory.rows<{ server: string }>(
    sql`select server from logical_shards order by logical_shard`,
  );
  return rows.map(({ server }) => server);
}

/** False while another operator adds or changes a server; held until the client closes. */
export async function tryOperatorLock(directory: Asked): Promise<boolean> {
  const [row] = await directory.rows<{ isMine: boolean }>(
    sql`select pg_try_advisory_lock(${LOCK}) as "isMine"`,
  );
  return row?.isMine === true;
}

/** All processes hear of it. */
export async function insertServer(directory: Asked, server: Server): Promise<void> {
  await directory.rows(sql`
    with added as (
      insert into servers (name, url, is_open, pooler_url, replica_urls)
      values (${server.name}, ${server.url}, ${server.isOpen}, ${server.poolerUrl}, ${server.replicaUrls})
      returning name)
    select publish_map() from added`);
}

/** Of how it is reached, and whether it is open; all processes hear of it. */
export async function updateServer(directory: Asked, server: Server): Promise<void> {
  await directory.rows(sql`
    with changed as (
      update servers set is_open = ${server.isOpen}, pooler_url = ${server.poolerUrl},
        replica_urls = ${server.replicaUrls}
      where name = ${server.name} returning name)
    select publish_map() from changed`);
}

export type OpenMove = {
  ranges: string;
  source: string;
  target: string;
  state: string;
  seconds: number;
  /** Its mover lives. */
  isDriven: boolean;
};

/** The move that has not ended. */
export async function findOpenMove(directory: Asked): Promise<OpenMove | null> {
  const [move] = await directory.rows<OpenMove>(sql`
    select ranges, source, target, state, date_part('epoch', now() - started_at) as seconds,
      exists (select from pg_locks where locktype = 'advisory' and objsubid = 1 and granted
        and (classid::bigint << 32 | objid::bigint) = ${MOVER_LOCK}::bigint) as "isDriven"
    from moves where state not in ('done', 'undone')`);
  return move ?? null;
}
