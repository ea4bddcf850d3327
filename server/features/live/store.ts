/**
 * No table of its own: cheap looks at those of others, for many connected members in one statement per server, that say whether
 * something may be new. What is then told is read by the usual paths.
 */
import type { AccountId, CommentId, PostId } from '../../../core/ids.ts';
import type { Database } from '../../infra/database.ts';
import { readEach, type Shards } from '../../infra/shards.ts';
import { sql } from '../../infra/sql.ts';
import type { FactsRow } from '../graph/schema.ts';

/** Texts that are others whenever what an account was told, or has seen of it, is another. */
export function selectActivityMarks(shards: Shards, accountIds: AccountId[]) {
  return readEach<{ account_id: AccountId; mark: string }, AccountId>(
    shards,
    accountIds,
    (share) => sql`
    select account_id, concat_ws(' ', seen_activity_id,
      (select max(activity_id) from activity where activity.account_id = accounts.account_id),
      (select count(*) from (select from activity
        where activity.account_id = accounts.account_id and activity_id > seen_activity_id limit 100) as unread)) as mark
    from accounts where account_id = any(${share})`,
  );
}

/** The same for posts that somebody watches. */
export function selectPostMarks(shards: Shards, postIds: PostId[]) {
  return readEach<{ post_id: PostId; mark: string }, PostId>(
    shards,
    postIds,
    (share) => sql`
    select post_id, concat_ws(' ', state, like_count, comment_count,
      (select max(comment_id) from comments where comments.post_id = posts.post_id)) as mark
    from posts where post_id = any(${share})`,
  );
}

/** Published posts with an ID beyond `after`, newest first, at most `limit` of one server. */
export async function selectRecentPosts(
  database: Pick<Database, 'rows'>,
  after: string,
  limit: number,
): Promise<PostId[]> {
  const rows = await database.rows<{ post_id: PostId }>(sql`
    select post_id from posts where post_id > ${after} and state = 'published' and is_owned(post_id)
    order by post_id desc limit ${limit}`);
  return rows.map((row) => row.post_id);
}

/** Which of the viewers are accepted followers of the authors, with what "may A see B" depends on at the author's side. */
export function selectFollowersAmong(shards: Shards, authors: AccountId[], viewers: AccountId[]) {
  return readEach<FactsRow & { viewer_id: AccountId }, AccountId>(
    shards,
    authors,
    (share) => sql`
    select follower_id as viewer_id, accounts.account_id, handle, name, is_private, avatar_id,
      accounts.state = 'active' as is_active, followers.state as follower_state,
      exists (select from blocks where blocks.account_id = accounts.account_id and target_id = follower_id) as blocks_viewer
    from followers join accounts using (account_id)
    where followers.account_id = any(${share}) and follower_id = any(${viewers}::bigint[]) and followers.state = 'accepted'`,
  );
}

export function selectBlocksAmong(shards: Shards, viewers: AccountId[], targets: AccountId[]) {
  return readEach<{ account_id: AccountId; target_id: AccountId }, AccountId>(
    shards,
    viewers,
    (share) => sql`
    select account_id, target_id from blocks where account_id = any(${share}) and target_id = any(${targets}::bigint[])`,
  );
}

/** The newest comments of each post beyond its own `after`, at most `limit` of each. */
export function selectCommentIds(shards: Shards, wanted: { postId: PostId; after: string }[], limit: number) {
  const afters = new Map(wanted.map(({ postId, after }) => [postId, after]));
  return readEach<{ post_id: PostId; comment_id: CommentId }, PostId>(
    shards,
    [...afters.keys()],
    (share) => sql`
    select wanted.post_id, newest.comment_id
    from unnest(${share}::bigint[], ${share.map((postId) => afters.get(postId))}::bigint[]) as wanted (post_id, after_id), lateral (
      select comment_id from comments where comments.post_id = wanted.post_id and comment_id > after_id
      order by comment_id desc limit ${limit}) as newest`,
  );
}
