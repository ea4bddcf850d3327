/**
 * Table: activity (owner's side: what the account was told). Redis, role feeds: activity:{generation}:{account}, the newest rows
 * as JSON, in front of it.
 */
import { z } from 'zod';
import type { AccountId, ActivityId } from '../../../core/ids.ts';
import { type Database, oneOf, type Transaction } from '../../infra/database.ts';
import { forgetLeased, readLeased } from '../../infra/redis/leased.ts';
import { whereServed } from '../../infra/redis/optional.ts';
import type { Redis } from '../../infra/redis/redis.ts';
import { changeAt, readAt, type Shards } from '../../infra/shards.ts';
import { sql } from '../../infra/sql.ts';
import { activityKinds } from './schema.ts';

const NEWEST = '9223372036854775807';

export type Kind = (typeof activityKinds)[number];
export type ActivityRow = {
  activity_id: ActivityId;
  kind: Kind;
  actor_id: AccountId;
  post_id: string;
  comment_id: string;
};
export type Told = {
  accountId: AccountId;
  kind: Kind;
  actorId: AccountId;
  postId: string;
  commentId: string;
};

/** Which of an account's choices a kind belongs to. Null: told always, since somebody waits for an answer. */
const CHOICES: Record<Kind, string | null> = {
  liked: 'likes',
  comment_liked: 'likes',
  commented: 'comments',
  replied: 'comments',
  followed: 'follows',
  follow_accepted: 'follows',
  follow_requested: null,
  mentioned: 'mentions',
  tagged: 'mentions',
};

const id = z.string().regex(/^\d{1,19}$/);
const activityRows: z.ZodType<ActivityRow[]> = z.array(
  z.object({
    activity_id: id.transform((text) => text as ActivityId),
    kind: z.enum(activityKinds),
    actor_id: id.transform((text) => text as AccountId),
    post_id: id,
    comment_id: id,
  }),
);

export const RECENT_MAX = 200;
/** So old a list may be of which nobody could be told that it has changed. */
const RECENT_MS = 60_000;

const recentKey = (redis: Redis, accountId: AccountId) => `activity:${redis.generation()}:${accountId}`;

/** The newest rows, at most RECENT_MAX. */
export async function readRecent(
  redis: Redis | null,
  shards: Shards,
  accountId: AccountId,
): Promise<ActivityRow[]> {
  const load = () => selectActivity(shards, accountId, NEWEST, RECENT_MAX);
  const keyOf = (each: Redis) => recentKey(each, accountId);
  const text = await readLeased(redis, keyOf, RECENT_MS, async () => JSON.stringify(await load()));
  return parseRows(text) ?? load();
}

/** Null for what no Pinhole of this version wrote. */
function parseRows(text: string): ActivityRow[] | null {
  try {
    return activityRows.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** Redis that cannot be told has an old list for as long as that lives. */
export async function forgetRecent(redis: Redis | null, accountIds: AccountId[]): Promise<void> {
  if (!redis) return;
  await whereServed(() =>
    forgetLeased(
      redis,
      [...new Set(accountIds)].map((accountId) => recentKey(redis, accountId)),
    ),
  );
}

/** Not what the account does not want to be told: its row is in the same shard. */
export async function insertActivity(tx: Transaction, told: Told[]): Promise<void> {
  await tx.rows(sql`
    insert into activity (account_id, activity_id, kind, actor_id, post_id, comment_id)
    select account_id, next_id(id_logical_shard(account_id)), kind, actor_id, post_id, comment_id
    from unnest(${told.map((each) => each.accountId)}::bigint[], ${told.map((each) => each.kind)}::text[],
      ${told.map((each) => CHOICES[each.kind])}::text[], ${told.map((each) => each.actorId)}::bigint[],
      ${told.map((each) => each.postId)}::bigint[], ${told.map((each) => each.commentId)}::bigint[])
      with ordinality as told (account_id, kind, choice, actor_id, post_id, comment_id, place)
    join accounts using (account_id)
    where case choice when 'likes' then notifies_likes when 'comments' then notifies_comments
      when 'follows' then notifies_follows when 'mentions' then notifies_mentions else true end
    order by place
    on conflict on constraint activity_once do nothing`);
}

export async function deleteActivity(tx: Transaction, told: Told[]): Promise<void> {
  await tx.rows(sql`
    delete from activity using unnest(${told.map((each) => each.accountId)}::bigint[], ${told.map((each) => each.kind)}::text[],
      ${told.map((each) => each.actorId)}::bigint[], ${told.map((each) => each.postId)}::bigint[],
      ${told.map((each) => each.commentId)}::bigint[]) as told (account_id, kind, actor_id, post_id, comment_id)
    where activity.account_id = told.account_id and activity.kind = told.kind and activity.actor_id = told.actor_id
      and activity.post_id = told.post_id and activity.comment_id = told.comment_id`);
}

export function selectActivity(shards: Shards, accountId: AccountId, before: string, limit: number) {
  return readAt<ActivityRow>(
    shards,
    accountId,
    sql`
    select activity_id, kind, actor_id, post_id, comment_id from activity
    where account_id = ${accountId} and activity_id < ${before} order by activity_id desc limit ${limit}`,
  );
}

/** Who did what is not yet seen, newest first, at most `limit`; what is hidden is sorted out by the caller. */
export function selectUnread(shards: Shards, accountId: AccountId, limit: number) {
  return readAt<Pick<ActivityRow, 'actor_id' | 'post_id'>>(
    shards,
    accountId,
    sql`
    select actor_id, post_id from activity
    where account_id = ${accountId}
      and activity_id > (select seen_activity_id from accounts where account_id = ${accountId})
    order by activity_id desc limit ${limit}`,
  );
}

export async function selectSeenId(shards: Shards, accountId: AccountId): Promise<string> {
  const [row] = await readAt<{ seen_activity_id: string }>(
    shards,
    accountId,
    sql`select seen_activity_id from accounts where account_id = ${accountId}`,
  );
  return row?.seen_activity_id ?? '0';
}

/** Never moves back. */
/** Up to the newest that is there and no newer than this one. */
export async function updateSeenId(
  shards: Shards,
  accountId: AccountId,
  activityId: ActivityId,
): Promise<void> {
  await changeAt(
    shards,
    accountId,
    sql`
    update accounts set seen_activity_id = greatest(seen_activity_id,
      (select max(activity_id) from activity where account_id = ${accountId} and activity_id <= ${activityId}))
    where account_id = ${accountId}`,
  );
}

/** On one server: all that was told about a post, at most `limit` at a time. `<> 0` names the partial index. */
export async function deleteActivityOfPost(
  database: Database,
  postId: string,
  limit: number,
): Promise<number> {
  const row = await oneOf<{ count: string }>(
    database,
    sql`
    with batch as (select account_id, activity_id from activity where post_id = ${postId} and post_id <> 0 and is_owned(account_id) limit ${limit}),
    gone as (delete from activity using batch where (activity.account_id, activity.activity_id) = (batch.account_id, batch.activity_id) returning 1)
    select count(*) from gone`,
  );
  return Number(row?.count);
}

/** On one server: all that was told about comments, at most `limit` at a time. `<> 0` names the partial index. */
export async function deleteActivityOfComments(
  database: Database,
  commentIds: string[],
  limit: number,
): Promise<number> {
  const row = await oneOf<{ count: string }>(
    database,
    sql`
    with batch as (select account_id, activity_id from activity where comment_id = any(${commentIds}::bigint[]) and comment_id <> 0 and is_owned(account_id) limit ${limit}),
    gone as (delete from activity using batch where (activity.account_id, activity.activity_id) = (batch.account_id, batch.activity_id) returning 1)
    select count(*) from gone`,
  );
  return Number(row?.count);
}

/** On one server: all that was told to or about an account, at most `limit` at a time. */
export async function deleteActivityOfAccount(
  database: Database,
  accountId: AccountId,
  limit: number,
): Promise<number> {
  const row = await oneOf<{ count: string }>(
    database,
    sql`
    with batch as (select account_id, activity_id from activity where (account_id = ${accountId} or actor_id = ${accountId}) and is_owned(account_id) limit ${limit}),
    gone as (delete from activity using batch where (activity.account_id, activity.activity_id) = (batch.account_id, batch.activity_id) returning 1)
    select count(*) from gone`,
  );
  return Number(row?.count);
}
