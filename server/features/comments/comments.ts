/**
 * Comments: made in the shard of their post, in one transaction with its counter. A reply lies beneath a comment that is none
 * itself, and lives no longer than that. Whatever changes the comments of a post holds the post, then comments by their IDs.
 */
import type { AccountId, CommentId, PostId } from '../../../core/ids.ts';
import { Conflict, Forbidden, NotFound } from '../../errors.ts';
import type { App } from '../../infra/app.ts';
import type { Transaction } from '../../infra/database.ts';
import { hint } from '../../infra/hints.ts';
import { sweepServers, writeAt, writeEach } from '../../infra/shards.ts';
import { mustSee, type ViewerId } from '../graph/audience.ts';
import {
  addToPostCounts,
  holdPost,
  mustSeePost,
  mustTakeComments,
  refuseTooManyTags,
} from '../posts/posts.ts';
import { commentDeleted, commentMade } from './schema.ts';
import * as store from './store.ts';

export type { CommentRow } from './store.ts';

type Removable = Pick<store.CommentRow, 'comment_id' | 'post_id' | 'parent_id'>;

/** So many replies go with their comment at once, the others with the job. */
export const REPLIES_TOGETHER = 200;
const SWEEP = 500;

/** The same Idempotency-Key on the same post gives the same comment. `parentId`: what it answers, a comment or a reply. */
export async function comment(
  app: App,
  viewer: AccountId,
  postId: PostId,
  text: string,
  idempotencyKey: string | null,
  parentId: CommentId | null = null,
): Promise<store.CommentRow> {
  refuseTooManyTags(text, 'text');
  await mustSeePost(app, viewer, postId);
  const topId = parentId ? await findTopId(app, viewer, postId, parentId) : '0';
  const made = await writeAt(app.shards, postId, async (tx) => {
    await mustTakeComments(tx, postId);
    if (topId !== '0' && (await store.lockComments(tx, [topId])).length === 0) throw new NotFound();
    const row = await store.insertComment(tx, {
      postId,
      accountId: viewer,
      text,
      parentId: topId,
      idempotencyKey,
    });
    if (!row) return null;
    if (topId !== '0') await store.addToReplyCount(tx, topId, 1);
    await app.queue.enqueue(tx, commentMade, [{ commentId: row.comment_id }]);
    await addToPostCounts(tx, [postId], [0], [1]);
    tx.afterCommit(() => hint(app, 'comment', [postId]));
    return row;
  });
  const row =
    made ??
    (idempotencyKey && (await store.selectByIdempotencyKey(app.shards, postId, viewer, idempotencyKey)));
  if (!row) throw new NotFound();
  if (row.text !== text || row.parent_id !== topId)
    throw new Conflict('idempotency_mismatch', 'This Idempotency-Key was used for another comment.');
  return row;
}

/** The comment beneath which an answer goes. Throws NotFound unless the viewer sees what he answers, on this post. */
async function findTopId(
  app: App,
  viewer: AccountId,
  postId: PostId,
  parentId: CommentId,
): Promise<CommentId> {
  const parent = await store.selectComment(app.shards, parentId);
  if (parent?.post_id !== postId) throw new NotFound();
  await mustSeeAuthors(app, viewer, parent);
  return parent.parent_id === '0' ? parent.comment_id : parent.parent_id;
}

/**
 * One's own, or any on one's own post, with its replies. Whoever may not see the post or the comment is told that it does not
 * exist; the owner of the post need not see the comment.
 */
export async function deleteComment(app: App, viewer: AccountId, commentId: CommentId): Promise<void> {
  const row = await store.selectComment(app.shards, commentId);
  if (!row) throw new NotFound();
  if (row.account_id !== viewer) {
    const post = await mustSeePost(app, viewer, row.post_id);
    if (post.account_id !== viewer) {
      await mustSeeAuthors(app, viewer, row);
      throw new Forbidden('not_yours', 'Only its author, or the owner of the post, can delete a comment.');
    }
  }
  await removeComment(app, row);
}

/** Takes it away with its first replies; the job does the rest of it. */
export async function removeComment(app: App, row: Removable): Promise<void> {
  await writeAt(app.shards, row.post_id, async (tx) => {
    await holdPost(tx, row.post_id);
    await store.lockComments(tx, [row.parent_id, row.comment_id]);
    const [gone] = await store.deleteComments(tx, [row.comment_id]);
    if (!gone) return;
    if (row.parent_id !== '0') await store.addToReplyCount(tx, row.parent_id, -1);
    const replies =
      row.parent_id === '0' ? await store.deleteSomeReplies(tx, row.comment_id, REPLIES_TOGETHER) : [];
    await followRemoval(app, tx, row.post_id, [gone, ...replies]);
  });
}

async function followRemoval(
  app: App,
  tx: Transaction,
  postId: PostId,
  commentIds: CommentId[],
): Promise<void> {
  await app.queue.enqueue(
    tx,
    commentDeleted,
    commentIds.map((commentId) => ({ commentId })),
  );
  await addToPostCounts(tx, [postId], [0], [-commentIds.length]);
  const gone = commentIds.map((commentId) => `${postId} ${commentId}`);
  tx.afterCommit(() => hint(app, 'comment-gone', gone));
}

// reading -----------------------------------------------------------------------------------------------------

/** Without replies, newest first. */
export function listComments(
  app: App,
  postId: PostId,
  before: string,
  limit: number,
): Promise<store.CommentRow[]> {
  return store.selectComments(app.shards, postId, before, limit);
}

/** Oldest first. */
export function listReplies(
  app: App,
  commentId: CommentId,
  after: string,
  limit: number,
): Promise<store.CommentRow[]> {
  return store.selectReplies(app.shards, commentId, after, limit);
}

export function findComments(app: App, commentIds: CommentId[]): Promise<store.CommentRow[]> {
  return commentIds.length > 0 ? store.selectCommentsById(app.shards, commentIds) : Promise.resolve([]);
}

/**
 * The comment, and whose post it is on. Throws NotFound unless the viewer sees the post, the comment's author, and the author
 * of the comment that it answers.
 */
export async function mustSeeComment(
  app: App,
  viewer: ViewerId,
  commentId: CommentId,
): Promise<{ row: store.CommentRow; ownerId: AccountId }> {
  const row = await store.selectComment(app.shards, commentId);
  if (!row) throw new NotFound();
  const post = await mustSeePost(app, viewer, row.post_id);
  await mustSeeAuthors(app, viewer, row);
  return { row, ownerId: post.account_id };
}

async function mustSeeAuthors(app: App, viewer: ViewerId, row: store.CommentRow): Promise<void> {
  const top = row.parent_id === '0' ? row : await store.selectComment(app.shards, row.parent_id);
  if (!top) throw new NotFound();
  const authors = new Set([row.account_id, top.account_id]);
  await Promise.all([...authors].map((accountId) => mustSee(app, viewer, accountId)));
}

// removal -----------------------------------------------------------------------------------------------------

/** What is left of comments that are gone: more replies than went with them, and likes. */
export async function removeRemains(app: App, commentIds: CommentId[]): Promise<void> {
  for (let orphans: Removable[] = []; ; ) {
    orphans = await store.selectOrphans(app.shards, commentIds, REPLIES_TOGETHER);
    if (orphans.length === 0) break;
    for (const [postId, replies] of Map.groupBy(orphans, (reply) => reply.post_id))
      await removeReplies(
        app,
        postId,
        replies.map((reply) => reply.comment_id),
      );
  }
  for (let taken = SWEEP; taken >= SWEEP; ) {
    taken = 0;
    await writeEach(app.shards, commentIds, async (tx, share) => {
      taken += await store.deleteSomeLikesOfGone(tx, share, SWEEP);
    });
  }
}

async function removeReplies(app: App, postId: PostId, replyIds: CommentId[]): Promise<void> {
  await writeAt(app.shards, postId, async (tx) => {
    await holdPost(tx, postId);
    await store.lockComments(tx, replyIds);
    await followRemoval(app, tx, postId, await store.deleteComments(tx, replyIds));
  });
}

/** Its activity is forgotten by whoever calls; likes of its comments go with the job. */
export async function forgetPost(app: App, postId: PostId): Promise<void> {
  for (let gone = SWEEP; gone >= SWEEP; )
    gone = await writeAt(app.shards, postId, async (tx) => {
      const rows = await store.deleteSomeCommentsOfPost(tx, postId, SWEEP);
      const liked = rows.filter((row) => row.like_count !== '0');
      await app.queue.enqueue(
        tx,
        commentDeleted,
        liked.map((row) => ({ commentId: row.comment_id })),
      );
      return rows.length;
    });
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
