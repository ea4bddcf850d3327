/** Comments: made in the shard of their post, in one transaction with its counter. */
import type { AccountId, CommentId, PostId } from '../../../core/ids.ts';
import { Conflict, Forbidden, NotFound } from '../../errors.ts';
import type { App } from '../../infra/app.ts';
import { changing, sweepServers, writeAt } from '../../infra/shards.ts';
import { addToPostCounts, mustBePublished, mustSeePost, refuseTooManyTags } from '../posts/posts.ts';
import { commentDeleted, commentMade } from './schema.ts';
import * as store from './store.ts';

export type { CommentRow } from './store.ts';

/** The same Idempotency-Key on the same post gives the same comment. */
export async function comment(
  app: App,
  viewer: AccountId,
  postId: PostId,
  text: string,
  idempotencyKey: string | null,
): Promise<store.CommentRow> {
  refuseTooManyTags(text, 'text');
  await mustSeePost(app, viewer, postId);
  const made = await writeAt(app.shards, postId, async (tx) => {
    await mustBePublished(tx, postId);
    const row = await store.insertComment(tx, { postId, accountId: viewer, text, idempotencyKey });
    if (!row) return null;
    await app.queue.enqueue(tx, commentMade, [{ commentId: row.comment_id }]);
    await addToPostCounts(tx, [postId], [0], [1]);
    return row;
  });
  const row =
    made ??
    (idempotencyKey && (await store.selectByIdempotencyKey(app.shards, postId, viewer, idempotencyKey)));
  if (!row) throw new NotFound();
  if (row.text !== text)
    throw new Conflict('idempotency_mismatch', 'This Idempotency-Key was used for another comment.');
  return row;
}

/** One's own, or any on one's own post. Whoever may not see the post is told that it does not exist. */
export async function deleteComment(app: App, viewer: AccountId, commentId: CommentId): Promise<void> {
  const row = await store.selectComment(app.shards, commentId);
  if (!row) throw new NotFound();
  if (row.account_id !== viewer) {
    const post = await mustSeePost(app, viewer, row.post_id);
    if (post.account_id !== viewer)
      throw new Forbidden('not_yours', 'Only its author, or the owner of the post, can delete a comment.');
  }
  await removeComment(app, row);
}

async function removeComment(app: App, row: store.CommentRow): Promise<void> {
  await writeAt(app.shards, row.post_id, async (tx) => {
    if (!(await store.deleteComment(tx, row.comment_id))) return;
    await app.queue.enqueue(tx, commentDeleted, [{ commentId: row.comment_id }]);
    await addToPostCounts(tx, [row.post_id], [0], [-1]);
  });
}

/** Newest first. */
export function listComments(
  app: App,
  postId: PostId,
  before: string,
  limit: number,
): Promise<store.CommentRow[]> {
  return store.selectComments(app.shards, postId, before, limit);
}

export function findComments(app: App, commentIds: CommentId[]): Promise<store.CommentRow[]> {
  return commentIds.length > 0 ? store.selectCommentsById(app.shards, commentIds) : Promise.resolve([]);
}

export async function forgetPost(app: App, postId: PostId): Promise<void> {
  await store.deleteCommentsOfPost(changing(app.shards, postId), postId);
}

/** For the removal of an account: deletes up to `limit` comments per server, and says whether any are left. */
export async function dropSomeComments(app: App, accountId: AccountId, limit: number): Promise<boolean> {
  let dropped = 0;
  await sweepServers(app.shards, async (database) => {
    const rows = await store.selectCommentsOfAccount(database, accountId, limit);
    for (const row of rows) await removeComment(app, row);
    dropped += rows.length;
  });
  return dropped > 0;
}
