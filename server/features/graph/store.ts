/** Tables: follows, blocks (owner's side); followers (mirror's side). Reads accounts for what privacy depends on. */
import type { AccountId } from '../../../core/ids.ts';
import { type Database, oneOf, type Transaction } from '../../infra/database.ts';
import {
  lockEdges,
  readAt,
  readAtLagging,
  type readEach,
  readReachable,
  type Shards,
} from '../../infra/shards.ts';
import { sql } from '../../infra/sql.ts';
import type { FactsRow } from './schema.ts';

export type FollowRow = { follow_id: string; state: 'requested' | 'accepted' };
export type FollowerRow = { follow_id: string; state: 'requested' | 'accepted' | 'removed' };
export type Edge = { account_id: AccountId; follow_id: string };

/**
 * What "may A see B" depends on at B's side, and B's card: one statement per server. Always from the primary. `read`
 * says what a server that does not answer means.
 */
export function selectFacts(
  read: typeof readEach,
  shards: Shards,
  viewerId: AccountId | '0',
  accountIds: AccountId[],
): Promise<FactsRow[]> {
  return read<FactsRow, AccountId>(
    shards,
    accountIds,
    (share) => sql`
    select accounts.account_id, handle, name, is_private, avatar_id, accounts.state = 'active' as is_active,
      exists (select from blocks where blocks.account_id = accounts.account_id and target_id = ${viewerId}) as blocks_viewer,
      followers.state as follower_state
    from accounts left join followers on followers.account_id = accounts.account_id and follower_id = ${viewerId}
    where accounts.account_id = any(${share})`,
  );
}

export async function selectBlockedIds(shards: Shards, viewerId: AccountId): Promise<AccountId[]> {
  const rows = await readAt<{ target_id: AccountId }>(
    shards,
    viewerId,
    sql`select target_id from blocks where account_id = ${viewerId}`,
  );
  return rows.map((row) => row.target_id);
}

/** Whom I follow and whom I block, in one statement: what a home feed starts from. */
export async function selectCircle(shards: Shards, viewerId: AccountId) {
  const [row] = await readAt<{ followed: AccountId[]; blocked: AccountId[] }>(
    shards,
    viewerId,
    sql`
    select
      array(select target_id::text from follows where account_id = ${viewerId} and state = 'accepted') as followed,
      array(select target_id::text from blocks where account_id = ${viewerId}) as blocked`,
  );
  return row ?? { followed: [], blocked: [] };
}

/** My own follow of each, and whether each follows me: both stand in my own shard. */
export function selectTies(shards: Shards, viewerId: AccountId, accountIds: AccountId[]) {
  return readAt<{ other_id: AccountId; following: FollowRow['state'] | null; follows_me: boolean }>(
    shards,
    viewerId,
    sql`
    select other_id, follows.state as following, followers.state is not distinct from 'accepted' as follows_me
    from unnest(${accountIds}::bigint[]) as other_id
    left join follows on follows.account_id = ${viewerId} and target_id = other_id
    left join followers on followers.account_id = ${viewerId} and follower_id = other_id`,
  );
}

export async function countFollowing(tx: Transaction, accountId: AccountId): Promise<number> {
  const row = await oneOf<{ count: string }>(
    tx,
    sql`select count(*) from follows where account_id = ${accountId}`,
  );
  return Number(row?.count);
}

/** Held by whoever follows or blocks: of two requests of one member at the same moment, one sees what the other did. */
export function lockTie(tx: Transaction, accountId: AccountId, targetId: AccountId): Promise<void> {
  return lockEdges(tx, [`tie:${accountId}:${targetId}`]);
}

/** Not one whom the account blocks. */
export async function insertFollow(
  tx: Transaction,
  accountId: AccountId,
  targetId: AccountId,
  followId: string,
  state: FollowRow['state'],
): Promise<boolean> {
  const rows = await tx.rows(sql`
    insert into follows (account_id, target_id, follow_id, state)
    select ${accountId}, ${targetId}, ${followId}, ${state}
    where not exists (select from blocks where account_id = ${accountId} and target_id = ${targetId})
    on conflict do nothing returning 1`);
  return rows.length > 0;
}

export function selectFollow(
  db: { rows: Database['rows'] },
  accountId: AccountId,
  targetId: AccountId,
): Promise<FollowRow | null> {
  return oneOf(
    db,
    sql`select follow_id, state from follows where account_id = ${accountId} and target_id = ${targetId}`,
  );
}

export function selectFollowForUpdate(
  tx: Transaction,
  accountId: AccountId,
  targetId: AccountId,
): Promise<FollowRow | null> {
  return oneOf(
    tx,
    sql`select follow_id, state from follows where account_id = ${accountId} and target_id = ${targetId} for update`,
  );
}

export async function updateFollowState(
  tx: Transaction,
  accountId: AccountId,
  targetId: AccountId,
  state: FollowRow['state'],
): Promise<void> {
  await tx.rows(
    sql`update follows set state = ${state} where account_id = ${accountId} and target_id = ${targetId}`,
  );
}

export function deleteFollow(
  tx: Transaction,
  accountId: AccountId,
  targetId: AccountId,
): Promise<FollowRow | null> {
  return oneOf(
    tx,
    sql`delete from follows where account_id = ${accountId} and target_id = ${targetId} returning follow_id, state`,
  );
}

export function selectFollower(
  db: { rows: Database['rows'] },
  accountId: AccountId,
  followerId: AccountId,
): Promise<FollowerRow | null> {
  return oneOf(
    db,
    sql`select follow_id, state from followers where account_id = ${accountId} and follower_id = ${followerId}`,
  );
}

export function selectFollowerForUpdate(
  tx: Transaction,
  accountId: AccountId,
  followerId: AccountId,
): Promise<FollowerRow | null> {
  return oneOf(
    tx,
    sql`select follow_id, state from followers where account_id = ${accountId} and follower_id = ${followerId} for update`,
  );
}

export async function upsertFollower(
  tx: Transaction,
  accountId: AccountId,
  followerId: AccountId,
  row: FollowerRow,
): Promise<void> {
  await tx.rows(sql`
    insert into followers (account_id, follower_id, follow_id, state) values (${accountId}, ${followerId}, ${row.follow_id}, ${row.state})
    on conflict (account_id, follower_id) do update set follow_id = excluded.follow_id, state = excluded.state`);
}

export async function deleteFollower(
  tx: Transaction,
  accountId: AccountId,
  followerId: AccountId,
): Promise<void> {
  await tx.rows(sql`delete from followers where account_id = ${accountId} and follower_id = ${followerId}`);
}

/** Held at the followed one's side by whoever brings a follow there, or keeps it away. */
export function lockFollow(tx: Transaction, followerId: AccountId, accountId: AccountId): Promise<void> {
  return lockEdges(tx, [`follow:${followerId}:${accountId}`]);
}

/**
 * Privacy as it is now, held until the transaction ends. Not `for share`: two that then both count a follower would
 * wait for each other. Null: the account is gone.
 */
export function selectOpenness(tx: Transaction, accountId: AccountId, followerId: AccountId) {
  return oneOf<{ is_private: boolean; blocks: boolean }>(
    tx,
    sql`
    select is_private, exists (select from blocks where account_id = ${accountId} and target_id = ${followerId}) as blocks
    from accounts where account_id = ${accountId} and state = 'active' for no key update`,
  );
}

/** Whether the account is public, and stays so until the transaction ends. */
export async function lockPublic(tx: Transaction, accountId: AccountId): Promise<boolean> {
  const rows = await tx.rows(sql`
    select 1 from accounts where account_id = ${accountId} and state = 'active' and not is_private for no key update`);
  return rows.length > 0;
}

export async function updateRequestsAccepted(
  tx: Transaction,
  accountId: AccountId,
  limit: number,
): Promise<AccountId[]> {
  const rows = await tx.rows<{ follower_id: AccountId }>(sql`
    update followers set state = 'accepted' where account_id = ${accountId} and follower_id in (
      select follower_id from followers where account_id = ${accountId} and state = 'requested' limit ${limit} for update)
    returning follower_id`);
  return rows.map((row) => row.follower_id);
}

export async function countBlocks(tx: Transaction, accountId: AccountId): Promise<number> {
  const row = await oneOf<{ count: string }>(
    tx,
    sql`select count(*) from blocks where account_id = ${accountId}`,
  );
  return Number(row?.count);
}

export async function insertBlock(
  tx: Transaction,
  accountId: AccountId,
  targetId: AccountId,
  blockId: string,
): Promise<void> {
  await tx.rows(sql`
    insert into blocks (account_id, target_id, block_id) values (${accountId}, ${targetId}, ${blockId}) on conflict do nothing`);
}

export async function deleteBlock(tx: Transaction, accountId: AccountId, targetId: AccountId): Promise<void> {
  await tx.rows(sql`delete from blocks where account_id = ${accountId} and target_id = ${targetId}`);
}

// lists, newest first; `before` is the follow_id or block_id of the last one seen ------------------------------

export function selectFollowing(shards: Shards, accountId: AccountId, before: string, limit: number) {
  return readAtLagging<Edge>(
    shards,
    accountId,
    sql`
    select target_id as account_id, follow_id from follows
    where account_id = ${accountId} and state = 'accepted' and follow_id < ${before} order by follow_id desc limit ${limit}`,
  );
}

export function selectFollowers(
  shards: Shards,
  accountId: AccountId,
  state: 'requested' | 'accepted',
  before: string,
  limit: number,
) {
  const read = state === 'accepted' ? readAtLagging : readAt;
  return read<Edge>(
    shards,
    accountId,
    sql`
    select follower_id as account_id, follow_id from followers
    where account_id = ${accountId} and state = ${state} and follow_id < ${before} order by follow_id desc limit ${limit}`,
  );
}

/** Accepted ones in the order of their ids, after the given one: for what must reach all of them. */
export async function selectFollowerIds(
  shards: Shards,
  accountId: AccountId,
  after: string,
  limit: number,
): Promise<AccountId[]> {
  const rows = await readAt<{ follower_id: AccountId }>(
    shards,
    accountId,
    sql`
    select follower_id from followers where account_id = ${accountId} and follower_id > ${after} and state = 'accepted'
    order by follower_id limit ${limit}`,
  );
  return rows.map((row) => row.follower_id);
}

export function selectBlocks(shards: Shards, accountId: AccountId, before: string, limit: number) {
  return readAtLagging<Edge>(
    shards,
    accountId,
    sql`
    select target_id as account_id, block_id as follow_id from blocks
    where account_id = ${accountId} and block_id < ${before} order by block_id desc limit ${limit}`,
  );
}

// who one could follow ----------------------------------------------------------------------------------------

/** Whom the account follows, or has asked, the newest first. */
export function selectNewestFollows(shards: Shards, accountId: AccountId, limit: number) {
  return readAt<{ target_id: AccountId; state: FollowRow['state'] }>(
    shards,
    accountId,
    sql`
    select target_id, state from follows where account_id = ${accountId} order by follow_id desc limit ${limit}`,
  );
}

export type FollowedRow = { account_id: AccountId; count: string; by: AccountId[] };

/**
 * Whom these accounts follow, by how many of them, without those that are excepted; `by`: the first two of them, in the order
 * given. Of each account the newest `each` follows count, and a server names at most `limit`. One statement per server.
 */
export function selectFollowedBy(
  shards: Shards,
  accountIds: AccountId[],
  exceptIds: AccountId[],
  { each, limit }: { each: number; limit: number },
): Promise<FollowedRow[]> {
  return readReachable<FollowedRow, AccountId>(
    shards,
    accountIds,
    (share) => sql`
    with theirs as materialized (
      select account_id, place, target_id, follow_id
      from unnest(${share}::bigint[]) with ordinality as friend (account_id, place), lateral (
        select target_id, follow_id from follows
        where follows.account_id = friend.account_id and state = 'accepted'
        order by follow_id desc limit ${each}) as newest)
    select target_id as account_id, count(*) as count, (array_agg(account_id::text order by place))[1:2] as by
    from theirs
    where not exists (select from unnest(${exceptIds}::bigint[]) as mine where mine = target_id)
    group by target_id order by count(*) desc, max(follow_id) desc limit ${limit}`,
  );
}

// removal of an account ---------------------------------------------------------------------------------------

export function selectSomeFollows(tx: Transaction, accountId: AccountId, limit: number) {
  return tx.rows<{ target_id: AccountId }>(
    sql`select target_id from follows where account_id = ${accountId} limit ${limit}`,
  );
}

export function selectSomeFollowers(tx: Transaction, accountId: AccountId, limit: number) {
  return tx.rows<{ follower_id: AccountId }>(sql`
    select follower_id from followers where account_id = ${accountId} and state <> 'removed' limit ${limit}`);
}

export async function deleteBlocksOf(tx: Transaction, accountId: AccountId): Promise<void> {
  await tx.rows(sql`delete from blocks where account_id = ${accountId}`);
}
