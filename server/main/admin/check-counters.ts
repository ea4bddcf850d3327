/** Counters of accounts, posts and comments against the rows that they count; both are always on one server. */
import type { AnyId } from '../../../core/ids.ts';
import { changeAt } from '../../infra/shards.ts';
import { type Statement, sql } from '../../infra/sql.ts';
import { ask, type Check, type Difference, type Sight, scan } from './check-differences.ts';

const BATCH = 1_000;
type Counted = { id: AnyId; stands: string; counted: string };

export const checkCounters: Check = {
  name: 'counters',
  async *find(sight): AsyncIterable<Difference[]> {
    yield* wrongCounters(sight, nextAccounts, accountCounts, mendAccount);
    yield* wrongCounters(sight, nextPosts, postCounts, mendPost);
    yield* wrongCounters(sight, nextComments, commentCounts, mendComment);
  },
};

async function* wrongCounters(
  sight: Sight,
  next: (after: string, shards: Buffer) => Statement,
  counts: (ids: AnyId[]) => Statement,
  mend: (id: AnyId) => Statement,
): AsyncIterable<Difference[]> {
  /** The counter and the rows in one statement, which sees one moment: no job comes between. */
  const compare = async (ids: AnyId[]): Promise<Difference[]> => {
    const { rows } = await ask<Counted, AnyId>(sight, ids, counts);
    return rows.map(({ id, stands, counted }) => ({
      key: id,
      is: `counters say ${stands}, rows say ${counted}`,
      menders: [],
      again: async () => (await compare([id]))[0] ?? null,
      repair: async (app) => void (await changeAt(app.shards, id, mend(id))),
    }));
  };
  for await (const batch of scan<{ id: AnyId }>(sight, (after, shards) => next(after?.id ?? '0', shards)))
    yield compare(batch.map(({ id }) => id));
}

function nextAccounts(after: string, shards: Buffer): Statement {
  return sql`
    select account_id as id from accounts
    where account_id > ${after} and get_bit(${shards}::bytea, ((account_id >> 10) & 8191)::integer) = 1 order by account_id limit ${BATCH}`;
}

function accountCounts(ids: AnyId[]): Statement {
  return sql`
    select account_id as id, stands::text, counted::text from (
      select account_id, array[follower_count, following_count, post_count] as stands, array[
        (select count(*) from followers where followers.account_id = accounts.account_id and state = 'accepted'),
        (select count(*) from follows where follows.account_id = accounts.account_id and state = 'accepted'),
        (select count(*) from posts where posts.account_id = accounts.account_id and state = 'published')] as counted
      from accounts where account_id = any(${ids}::bigint[]) and state = 'active') as compared
    where stands <> counted`;
}

function mendAccount(accountId: AnyId): Statement {
  return sql`
    update accounts set
      follower_count = (select count(*) from followers where followers.account_id = accounts.account_id and state = 'accepted'),
      following_count = (select count(*) from follows where follows.account_id = accounts.account_id and state = 'accepted'),
      post_count = (select count(*) from posts where posts.account_id = accounts.account_id and state = 'published')
    where account_id = ${accountId}`;
}

function nextPosts(after: string, shards: Buffer): Statement {
  return sql`
    select post_id as id from posts
    where post_id > ${after} and get_bit(${shards}::bytea, ((post_id >> 10) & 8191)::integer) = 1 order by post_id limit ${BATCH}`;
}

function postCounts(ids: AnyId[]): Statement {
  return sql`
    select post_id as id, stands::text, counted::text from (
      select post_id, array[like_count, comment_count] as stands, array[
        (select count(*) from post_likes where post_likes.post_id = posts.post_id),
        (select count(*) from comments where comments.post_id = posts.post_id)] as counted
      from posts where post_id = any(${ids}::bigint[]) and state in ('published', 'archived')) as compared
    where stands <> counted`;
}

function mendPost(postId: AnyId): Statement {
  return sql`
    update posts set
      like_count = (select count(*) from post_likes where post_likes.post_id = posts.post_id),
      comment_count = (select count(*) from comments where comments.post_id = posts.post_id)
    where post_id = ${postId}`;
}

function nextComments(after: string, shards: Buffer): Statement {
  return sql`
    select comment_id as id from comments
    where comment_id > ${after} and get_bit(${shards}::bytea, ((comment_id >> 10) & 8191)::integer) = 1 order by comment_id limit ${BATCH}`;
}

function commentCounts(ids: AnyId[]): Statement {
  return sql`
    select comment_id as id, stands::text, counted::text from (
      select comment_id, array[like_count, reply_count] as stands, array[
        (select count(*) from comment_likes where comment_likes.comment_id = comments.comment_id),
        (select count(*) from comments as reply where reply.parent_id = comments.comment_id and reply.parent_id <> 0)] as counted
      from comments where comment_id = any(${ids}::bigint[])) as compared
    where stands <> counted`;
}

function mendComment(commentId: AnyId): Statement {
  return sql`
    update comments set
      like_count = (select count(*) from comment_likes where comment_likes.comment_id = comments.comment_id),
      reply_count = (select count(*) from comments as reply where reply.parent_id = comments.comment_id and reply.parent_id <> 0)
    where comment_id = ${commentId}`;
}
