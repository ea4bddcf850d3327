/** Reads posts. Redis, role map: what infra/redis/id-map.ts keeps for OWNERS. */
import type { AccountId, PostId } from '../../../core/ids.ts';
import type { PostAudience } from '../../../core/shapes.ts';
import type { Database } from '../../infra/database.ts';
import { readReachable, type Shards } from '../../infra/shards.ts';
import { sql } from '../../infra/sql.ts';

export type OwnerRow = { post_id: PostId; account_id: AccountId };

/** Key in Redis, role map: owners:layouts, and what infra/redis/id-map.ts keeps under owners:{version}. Rebuilt by `rebuild map`. */
export const OWNERS = 'owners';

/** Published posts alone, from the primaries; one statement per server. */
export function selectOwners(shards: Shards, postIds: PostId[]) {
  return readReachable<OwnerRow & { audience: PostAudience }, PostId>(
    shards,
    postIds,
    (share) => sql`
    select post_id, account_id, audience from posts where post_id = any(${share}) and state = 'published'`,
  );
}

/** All posts of a server that are for everyone, account by account, each account's newest first. */
export function selectOwnersAfter(database: Database, after: OwnerRow, limit: number): Promise<OwnerRow[]> {
  return database.rows<OwnerRow>(sql`
    select post_id, account_id from posts
    where state = 'published' and audience = 'everyone' and is_owned(post_id) and account_id >= ${after.account_id}
      and (account_id > ${after.account_id} or post_id < ${after.post_id})
    order by account_id, post_id desc limit ${limit}`);
}

export async function countPublished(database: Database): Promise<{ count: number; firstId: PostId | null }> {
  const [row] = await database.rows<{ count: string; first_id: PostId | null }>(
    sql`select count(*), min(post_id) as first_id from posts where state = 'published'`,
  );
  return { count: Number(row?.count), firstId: row?.first_id ?? null };
}
