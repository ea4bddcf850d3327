/** What an account was told → items; acts of accounts, and about posts, that it may no longer see are dropped. */

import type { z } from 'zod';
import { type AccountId, type CommentId, type PostId, timeOf } from '../../core/ids.ts';
import type { AccountWithRelationship } from '../../core/shapes.ts';
import { type ActivityRow, findSeenId } from '../features/activity/activity.ts';
import type { activityItem } from '../features/activity/schema.ts';
import { findComments } from '../features/comments/comments.ts';
import type { App } from '../infra/app.ts';
import { hydrateAccounts } from './accounts.ts';
import { hydrateThumbnails } from './posts.ts';

type Item = z.infer<typeof activityItem>;

export async function hydrateActivity(app: App, viewer: AccountId, rows: ActivityRow[]): Promise<Item[]> {
  const about = <Id>(ids: string[]) => [...new Set(ids.filter((id) => id !== '0'))] as Id[];
  const [accounts, posts, comments, seenId] = await Promise.all([
    hydrateAccounts(app, viewer, about<AccountId>(rows.map((row) => row.actor_id))),
    hydrateThumbnails(app, viewer, about<PostId>(rows.map((row) => row.post_id))),
    findComments(app, about<CommentId>(rows.map((row) => row.comment_id))),
    findSeenId(app, viewer),
  ]);
  const accountOf = new Map(accounts.map((account) => [account.id, account]));
  const textOf = new Map(comments.map((comment) => [String(comment.comment_id), comment.text]));
  return rows.flatMap((row) => {
    const account = accountOf.get(row.actor_id);
    const post = posts.get(row.post_id) ?? null;
    const commentText = textOf.get(row.comment_id) ?? null;
    if (!account || (row.post_id !== '0' && !post) || (row.comment_id !== '0' && commentText === null))
      return [];
    return [
      {
        id: row.activity_id,
        kind: kindNow(row, account),
        account,
        post,
        commentText,
        createdAt: new Date(timeOf(row.activity_id)).toISOString(),
        isUnread: BigInt(row.activity_id) > BigInt(seenId),
      },
    ];
  });
}

/** A request that was accepted has become a follow. */
function kindNow(row: ActivityRow, account: AccountWithRelationship): Item['kind'] {
  return row.kind === 'follow_requested' && account.relationship.followsYou ? 'followed' : row.kind;
}
