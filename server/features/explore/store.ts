/** Tables: hashtags (directory), hashtag_posts (in the hashtag's shard). Reads posts and accounts for who is lively. */
import type { AccountId, HashtagId, PostId } from '../../../core/ids.ts';
import { type Database, oneOf } from '../../infra/database.ts';
import { ServerDown } from '../../infra/server-down.ts';
import { answering, at, changeAt, readAtLagging, type Shards } from '../../infra/shards.ts';
import { sql } from '../../infra/sql.ts';
import { afterPrefix } from '../accounts/store.ts';

export type HashtagRow = { tag: string; hashtag_id: HashtagId; post_count: string };

/** Counting stops here, so that a popular hashtag costs no more than this. */
/** So many hashtags are ranked by their use; of more that begin alike, the first in the alphabet. */
const RANKED_MAX = 1_000;
const COUNT_MAX = 100_000;

export function selectHashtag(directory: Database, tag: string): Promise<HashtagRow | null> {
  return oneOf(directory, sql`select tag, hashtag_id, post_count from hashtags where tag = ${tag}`);
}

export function selectHashtagsByPrefix(
  directory: Database,
  prefix: string,
  limit: number,
): Promise<HashtagRow[]> {
  return directory.rows(sql`
    select * from (
      select tag, hashtag_id, post_count from hashtags
      where tag >= ${prefix} and tag < ${afterPrefix(prefix)} and post_count > 0 order by tag limit ${RANKED_MAX}) as found
    order by post_count desc, tag limit ${limit}`);
}

export async function insertHashtag(
  directory: Database,
  tag: string,
  hashtagId: HashtagId,
): Promise<HashtagId> {
  const row = await oneOf<{ hashtag_id: HashtagId }>(
    directory,
    sql`
    insert into hashtags (tag, hashtag_id) values (${tag}, ${hashtagId})
    on conflict (tag) do update set tag = excluded.tag returning hashtag_id`,
  );
  return row?.hashtag_id ?? hashtagId;
}

export async function insertHashtagPost(shards: Shards, hashtagId: HashtagId, postId: PostId): Promise<void> {
  await changeAt(
    shards,
    hashtagId,
    sql`insert into hashtag_posts (hashtag_id, post_id) values (${hashtagId}, ${postId}) on conflict do nothing`,
  );
}

/** On one server: takes a post out of all hashtags but those to keep; gives the hashtags that lost it. */
export async function deleteHashtagPosts(
  database: Database,
  postId: PostId,
  keep: HashtagId[],
): Promise<HashtagId[]> {
  const rows = await database.rows<{ hashtag_id: HashtagId }>(sql`
    delete from hashtag_posts where post_id = ${postId} and not hashtag_id = any(${keep}) and is_owned(hashtag_id) returning hashtag_id`);
  return rows.map((row) => row.hashtag_id);
}

/** The count is taken anew each time, so that it heals by itself; one at a time, so that the last to write saw all. */
export async function updateHashtagCount(shards: Shards, hashtagId: HashtagId): Promise<void> {
  await shards.directory.transaction(async (tx) => {
    await tx.rows(sql`select from hashtags where hashtag_id = ${hashtagId} for update`);
    const row = await oneOf<{ count: string }>(
      at(shards, hashtagId),
      sql`
      select count(*) from (select from hashtag_posts where hashtag_id = ${hashtagId} limit ${COUNT_MAX}) as counted`,
    );
    await tx.rows(sql`update hashtags set post_count = ${row?.count ?? 0} where hashtag_id = ${hashtagId}`);
  });
}

export async function selectHashtagPosts(
  shards: Shards,
  hashtagId: HashtagId,
  before: string,
  limit: number,
): Promise<PostId[]> {
  const rows = await readAtLagging<{ post_id: PostId }>(
    shards,
    hashtagId,
    sql`
    select post_id from hashtag_posts where hashtag_id = ${hashtagId} and post_id < ${before} order by post_id desc limit ${limit}`,
  );
  return rows.map((row) => row.post_id);
}

/** Public accounts by what their posts among the newest `posts` have called forth; each post counts by itself too. One statement per server. */
export async function selectLively(shards: Shards, posts: number, limit: number) {
  const found = await Promise.all(
    answering(shards).map(({ database }) =>
      database
        .rows<{ account_id: AccountId; responses: string }>(sql`
        select account_id, sum(1 + like_count + comment_count) as responses
        from (
          select account_id, like_count, comment_count from posts
          where state = 'published' and audience = 'everyone' and is_owned(post_id) order by post_id desc limit ${posts}) as newest
        join accounts using (account_id)
        where state = 'active' and not is_private
        group by account_id order by responses desc, account_id desc limit ${limit}`)
        .catch(noneOfServerDown),
    ),
  );
  return found.flat();
}

/** Who is suggested may lack those of a server that has just stopped to answer. */
function noneOfServerDown(error: unknown): [] {
  if (!(error instanceof ServerDown)) throw error;
  return [];
}
