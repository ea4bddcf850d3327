/**
 * Reads what is an account's own, part by part, out of the tables of the features: posts, post_media, media, comments, likes,
 * saves, follows, followers, activity. Writes nothing. From the primaries; a part begins before the row that is given.
 */
import type { Edits } from '../../../core/edits.ts';
import type { AccountId, CommentId, MediaId, PostId } from '../../../core/ids.ts';
import type { Database } from '../../infra/database.ts';
import { readAt, type Shards } from '../../infra/shards.ts';
import { sql } from '../../infra/sql.ts';

export type OwnPhoto = {
  media_id: MediaId;
  state: string;
  alt_text: string;
  edits: Edits;
  taken_at: string | null;
  latitude: number | null;
  longitude: number | null;
  has_original: boolean;
};
export type OwnPost = {
  post_id: PostId;
  caption: string;
  state: string;
  like_count: string;
  comment_count: string;
  created_at: Date;
  place_name: string | null;
  audience: string;
  takes_comments: boolean;
  hides_like_count: boolean;
  photos: OwnPhoto[];
};

/** In whatever state but deleted. */
export function selectOwnPosts(shards: Shards, accountId: AccountId, before: string, limit: number) {
  return readAt<OwnPost>(
    shards,
    accountId,
    sql`
    select post_id, caption, state, like_count, comment_count, created_at, place_name, audience, takes_comments, hides_like_count, photos
    from posts, lateral (
      select coalesce(jsonb_agg(jsonb_build_object(
        'media_id', media_id::text, 'state', media.state, 'alt_text', alt_text, 'edits', edits, 'taken_at', taken_at,
        'latitude', latitude, 'longitude', longitude, 'has_original', kept_original is not null) order by position), '[]') as photos
      from post_media join media using (media_id) where post_media.post_id = posts.post_id) as shown
    where account_id = ${accountId} and state <> 'deleted' and post_id < ${before} order by post_id desc limit ${limit}`,
  );
}

export type OwnComment = { comment_id: CommentId; post_id: PostId; parent_id: string; text: string };

/** On one server: comments lie where their posts do. */
export function selectOwnComments(database: Database, accountId: AccountId, before: string, limit: number) {
  return database.rows<OwnComment>(sql`
    select comment_id, post_id, parent_id, text from comments
    where account_id = ${accountId} and comment_id < ${before} and is_owned(comment_id) order by comment_id desc limit ${limit}`);
}

export type OwnMark = { post_id: PostId; mark_id: string };

/** In the order of the posts' ids, newest first. */
export function selectOwnLikes(shards: Shards, accountId: AccountId, before: string, limit: number) {
  return readAt<OwnMark>(
    shards,
    accountId,
    sql`
    select post_id, like_id as mark_id from likes where account_id = ${accountId} and post_id < ${before}
    order by post_id desc limit ${limit}`,
  );
}

export function selectOwnSaves(shards: Shards, accountId: AccountId, before: string, limit: number) {
  return readAt<OwnMark>(
    shards,
    accountId,
    sql`
    select post_id, save_id as mark_id from saves where account_id = ${accountId} and save_id < ${before}
    order by save_id desc limit ${limit}`,
  );
}

export type OwnTie = { other_id: AccountId; tie_id: string; state: string };

export function selectOwnFollows(shards: Shards, accountId: AccountId, before: string, limit: number) {
  return readAt<OwnTie>(
    shards,
    accountId,
    sql`
    select target_id as other_id, follow_id as tie_id, state from follows
    where account_id = ${accountId} and follow_id < ${before} order by follow_id desc limit ${limit}`,
  );
}

export function selectOwnFollowers(shards: Shards, accountId: AccountId, before: string, limit: number) {
  return readAt<OwnTie>(
    shards,
    accountId,
    sql`
    select follower_id as other_id, follow_id as tie_id, state from followers
    where account_id = ${accountId} and state = 'accepted' and follow_id < ${before} order by follow_id desc limit ${limit}`,
  );
}

export type OwnActivity = {
  activity_id: string;
  kind: string;
  actor_id: AccountId;
  post_id: string;
  comment_id: string;
};

export function selectOwnActivity(shards: Shards, accountId: AccountId, before: string, limit: number) {
  return readAt<OwnActivity>(
    shards,
    accountId,
    sql`
    select activity_id, kind, actor_id, post_id, comment_id from activity
    where account_id = ${accountId} and activity_id < ${before} order by activity_id desc limit ${limit}`,
  );
}
