import type { AccountId, CommentId } from '../../../core/ids.ts';
import { mentionsIn } from '../../../core/text.ts';
import type { App } from '../../infra/app.ts';
import { job } from '../../infra/queue.ts';
import { writeAt } from '../../infra/shards.ts';
import { findAccountIdsByHandle } from '../accounts/accounts.ts';
import { forgetComment, tell } from '../activity/activity.ts';
import { seeAccounts } from '../graph/audience.ts';
import { findPostHeads } from '../posts/posts.ts';
import { type CommentRow, findComments } from './comments.ts';
import { commentDeleted, commentMade } from './schema.ts';

export const jobs = [
  job(commentMade, { batch: 50, concurrency: 2 }, async (app: App, payloads) => {
    const rows = await findComments(
      app,
      payloads.map(({ commentId }) => commentId as CommentId),
    );
    for (const row of rows) await tellOwnerAndMentioned(app, row);
  }),
  job(commentDeleted, { concurrency: 1 }, async (app: App, [payload]) => {
    if (payload) await forgetComment(app, payload.commentId);
  }),
];

async function tellOwnerAndMentioned(app: App, row: CommentRow): Promise<void> {
  const [post] = await findPostHeads(app, [row.post_id]);
  if (post?.state !== 'published') return;
  const act = { actorId: row.account_id, postId: row.post_id, commentId: row.comment_id };
  await writeAt(app.shards, post.account_id, (tx) =>
    tell(app, tx, [{ ...act, accountId: post.account_id, kind: 'commented' }]),
  );
  const mentioned = new Set((await findAccountIdsByHandle(app, mentionsIn(row.text))).values());
  mentioned.delete(post.account_id);
  for (const accountId of mentioned)
    if (await mayBeTold(app, accountId, post.account_id, row.account_id))
      await writeAt(app.shards, accountId, (tx) => tell(app, tx, [{ ...act, accountId, kind: 'mentioned' }]));
}

/** Only who may see the post, and the one who wrote, is told of it. */
async function mayBeTold(
  app: App,
  accountId: AccountId,
  ownerId: AccountId,
  authorId: AccountId,
): Promise<boolean> {
  const seen = await seeAccounts(app, accountId, [ownerId, authorId]);
  return seen.get(ownerId)?.sees === 'all' && seen.has(authorId);
}
