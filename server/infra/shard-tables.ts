/**
 * The tables that are spread over servers by logical shard: what a move copies, compares and removes. `id` names the
 * logical shard; `key` is what names a row, in the order of an index of it. Parents first, as their references ask.
 */
export type ShardTable = { name: string; id: string; key: string[] };

export const shardTables: ShardTable[] = [
  { name: 'accounts', id: 'account_id', key: ['account_id'] },
  { name: 'credentials', id: 'account_id', key: ['account_id'] },
  { name: 'sessions', id: 'session_id', key: ['session_id'] },
  { name: 'mail_tokens', id: 'account_id', key: ['account_id', 'token_hash'] },
  { name: 'posts', id: 'post_id', key: ['post_id'] },
  { name: 'media', id: 'media_id', key: ['media_id'] },
  { name: 'post_media', id: 'post_id', key: ['post_id', 'position'] },
  { name: 'post_people', id: 'post_id', key: ['post_id', 'media_id', 'account_id'] },
  { name: 'drafts', id: 'draft_id', key: ['draft_id'] },
  { name: 'follows', id: 'account_id', key: ['account_id', 'target_id'] },
  { name: 'blocks', id: 'account_id', key: ['account_id', 'target_id'] },
  { name: 'likes', id: 'account_id', key: ['account_id', 'post_id'] },
  { name: 'saves', id: 'account_id', key: ['account_id', 'post_id'] },
  { name: 'activity', id: 'account_id', key: ['account_id', 'activity_id'] },
  { name: 'followers', id: 'account_id', key: ['account_id', 'follower_id'] },
  { name: 'post_likes', id: 'post_id', key: ['post_id', 'account_id'] },
  { name: 'comments', id: 'comment_id', key: ['comment_id'] },
  { name: 'tagged_posts', id: 'account_id', key: ['account_id', 'post_id'] },
  { name: 'comment_likes', id: 'comment_id', key: ['comment_id', 'account_id'] },
  { name: 'hashtag_posts', id: 'hashtag_id', key: ['hashtag_id', 'post_id'] },
];
