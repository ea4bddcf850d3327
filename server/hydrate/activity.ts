/** What an account was told → items; acts of accounts, and about posts, that it may no longer see are dropped. */

import type { z } from 'zod';
import { type AccountId, type CommentId, type PostId, timeOf } from '../../core/ids.ts';
import type { AccountWithRelationship } from '../../core/shapes.ts';
import type { ActivityRow } from '../features/activity/activity.ts';
import type { activityItem } from '../features/activity/schema.ts';
import { findComments } from '../features/comments/comments.ts';
import { seeAccounts } from '../features/graph/audience.ts';
import type { App } from '../infra/app.ts';
import { hydrateAccounts, presentCard } from './accounts.ts';
import { hydrateThumbnails } from './posts.ts';

type Item = z.infer<typeof activityItem>;

const OTHERS_SHOWN = 2;

/** A group becomes one item; whoever may not be seen does not count. */
export async function hydrateActivity(
  app: App,
  viewer: AccountId,
  groups: ActivityRow[][],
  seenId: string,
): Promise<Item[]> {
  const about = <Id>(ids: string[]) => [...new Set(ids.filter((id) => id !== '0'))] as Id[];
  const heads = groups.flatMap(([row]) => row ?? []);
  const seen = await seeAccounts(app, viewer, about<AccountId>(groups.flat().map((row) => row.actor_id)));
  const visible = groups.map((rows) => rows.filter((row) => seen.has(row.actor_id)));
  const [accounts, posts, comments] = await Promise.all([
    hydrateAccounts(app, viewer, about<AccountId>(visible.flatMap(([row]) => row?.actor_id ?? []))),
    hydrateThumbnails(app, viewer, about<PostId>(heads.map((row) => row.post_id))),
    findComments(app, about<CommentId>(heads.map((row) => row.comment_id))),
  ]);
  const accountOf = new Map(accounts.map((account) => [account.id, account]));
  const textOf = new Map(comments.map((comment) => [String(comment.comment_id), comment.text]));
  return visible.flatMap(([row, ...others]) => {
    const account = row && accountOf.get(row.actor_id);
    const post = (row && posts.get(row.post_id)) ?? null;
    const commentText = (row && textOf.get(row.comment_id)) ?? null;
    if (!account || (row.post_id !== '0' && !post) || (row.comment_id !== '0' && commentText === null))
      return [];
    const named = others.slice(0, OTHERS_SHOWN).flatMap(({ actor_id }) => seen.get(actor_id) ?? []);
    return [
      {
        id: row.activity_id,
        kind: kindNow(row, account),
        account,
        others: named.map((other) => presentCard(app, other)),
        otherCount: others.length,
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
