/** Comments → cards; those of accounts that the viewer may not see are dropped. */

import type { AccountId, CommentId } from '../../core/ids.ts';
import { timeOf } from '../../core/ids.ts';
import type { CommentCard } from '../../core/shapes.ts';
import { findLikedComments } from '../features/comments/comment-likes.ts';
import type { CommentRow } from '../features/comments/comments.ts';
import { seeAccounts, type ViewerId } from '../features/graph/audience.ts';
import type { App } from '../infra/app.ts';
import { presentCard } from './accounts.ts';

export async function hydrateComments(
  app: App,
  viewer: ViewerId,
  ownerId: AccountId,
  rows: CommentRow[],
): Promise<CommentCard[]> {
  const [seen, liked] = await Promise.all([
    seeAccounts(app, viewer, [...new Set(rows.map((row) => row.account_id))]),
    viewer
      ? findLikedComments(
          app,
          viewer,
          rows.filter((row) => row.like_count !== '0').map((row) => row.comment_id),
        )
      : new Set<CommentId>(),
  ]);
  return rows.flatMap((row) => {
    const account = seen.get(row.account_id);
    if (!account) return [];
    return [
      {
        id: row.comment_id,
        postId: row.post_id,
        account: presentCard(app, account),
        text: row.text,
        createdAt: new Date(timeOf(row.comment_id)).toISOString(),
        canDelete: viewer !== null && (viewer === row.account_id || viewer === ownerId),
        parentId: row.parent_id === '0' ? null : row.parent_id,
        likeCount: Number(row.like_count),
        liked: liked.has(row.comment_id),
        replyCount: Number(row.reply_count),
      },
    ];
  });
}
