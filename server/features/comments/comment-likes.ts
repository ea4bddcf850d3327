/**
 * Likes of comments: both sides lie in the comment's shard, so the edge, the counter and the job are one transaction, in which
 * likes of many members at once go together. Whatever changes the likes of a comment holds the comment.
 */
import type { AccountId, CommentId } from '../../../core/ids.ts';
import { NotFound } from '../../errors.ts';
import type { App } from '../../infra/app.ts';
import type { Transaction } from '../../infra/database.ts';
import { groupCommit } from '../../infra/group-commit.ts';
import { lockEdges, sweepServers, writeEach } from '../../infra/shards.ts';
import { findComments, mustSeeComment } from './comments.ts';
import { commentLikeChanged } from './schema.ts';
import * as store from './store.ts';

type Act = store.LikeKey & { isLike: boolean };
/** Null: there is no such comment, and was no such like. */
type Outcome = { isChanged: boolean; likeCount: number } | null;

const write = groupCommit<App, Act, Outcome>(apply);

const nameOf = ({ accountId, commentId }: store.LikeKey) => `${accountId} ${commentId}`;

/** Gives the outcome of each act. */
async function apply(app: App, tx: Transaction, acts: Act[]): Promise<Outcome[]> {
  const held = await store.lockComments(tx, [...new Set(acts.map(({ commentId }) => commentId))]);
  const counts = new Map(held.map((row) => [row.comment_id, Number(row.like_count)]));
  const likes = acts.filter(({ isLike, commentId }) => isLike && counts.has(commentId));
  const unlikes = acts.filter(({ isLike }) => !isLike);
  const came = likes.length > 0 ? await store.insertCommentLikes(tx, likes) : [];
  const went = unlikes.length > 0 ? await store.deleteCommentLikes(tx, unlikes) : [];
  if (came.length + went.length > 0) {
    const changes = new Map<CommentId, number>();
    for (const { commentId } of came) changes.set(commentId, (changes.get(commentId) ?? 0) + 1);
    for (const { commentId } of went) changes.set(commentId, (changes.get(commentId) ?? 0) - 1);
    const changed = await store.addToLikeCounts(tx, [...changes.keys()], [...changes.values()]);
    for (const [commentId, likeCount] of changed) counts.set(commentId, likeCount);
    await app.queue.enqueue(tx, commentLikeChanged, [{ edges: [...came, ...went] }]);
  }
  const isNew = [new Set(went.map(nameOf)), new Set(came.map(nameOf))];
  return acts.map((act) => {
    // Of two equal ones the first made the difference.
    const isChanged = isNew[Number(act.isLike)]?.delete(nameOf(act)) ?? false;
    const likeCount = counts.get(act.commentId);
    if (likeCount === undefined && !isChanged) return null;
    return { isChanged, likeCount: likeCount ?? 0 };
  });
}

/** Gives the count. Twice is once. */
export async function likeComment(app: App, viewer: AccountId, commentId: CommentId): Promise<number> {
  await mustSeeComment(app, viewer, commentId);
  const outcome = await write(app, commentId, { accountId: viewer, commentId, isLike: true });
  if (!outcome) throw new NotFound();
  return outcome.likeCount;
}

/** What was liked can be unliked also when it can no longer be seen; then the count is 0. */
export async function unlikeComment(app: App, viewer: AccountId, commentId: CommentId): Promise<number> {
  const seen = await mustSeeComment(app, viewer, commentId).catch((error) => error);
  const outcome = await write(app, commentId, { accountId: viewer, commentId, isLike: false });
  if (seen instanceof Error) {
    if (outcome?.isChanged) return 0;
    throw seen;
  }
  if (!outcome) throw new NotFound();
  return outcome.likeCount;
}

export function findLikedComments(
  app: App,
  viewer: AccountId,
  commentIds: CommentId[],
): Promise<Set<CommentId>> {
  return commentIds.length > 0
    ? store.selectLiked(app.shards, viewer, commentIds)
    : Promise.resolve(new Set());
}

/** Newest first. */
export function listCommentLikers(app: App, commentId: CommentId, before: string, limit: number) {
  return store.selectCommentLikers(app.shards, commentId, before, limit);
}

export type CommentLike = store.LikeKey & { comment: store.CommentRow };

/**
 * What the authors of the comments are told: one transaction per server, whatever the number of likes. Compares with the
 * likes as they stand, so it may run twice and out of order.
 */
export async function followLikes(
  app: App,
  edges: store.LikeKey[],
  tell: (tx: Transaction, news: { came: CommentLike[]; went: CommentLike[] }) => Promise<void>,
): Promise<void> {
  const rows = await findComments(app, [...new Set(edges.map(({ commentId }) => commentId))]);
  const comments = new Map(rows.map((row) => [row.comment_id, row]));
  const likes = edges.flatMap((edge): CommentLike[] => {
    const comment = comments.get(edge.commentId);
    return comment ? [{ ...edge, comment }] : [];
  });
  const authors = likes.map((like) => like.comment.account_id);
  await writeEach(app.shards, authors, async (tx, share) => {
    const here = new Set(share);
    const mine = likes.filter((like) => here.has(like.comment.account_id));
    await lockEdges(
      tx,
      mine.map((like) => `comment-like:${nameOf(like)}`),
    );
    const standing = new Set((await store.selectCommentLikes(app.shards, mine)).map(nameOf));
    await tell(tx, {
      came: mine.filter((like) => standing.has(nameOf(like))),
      went: mine.filter((like) => !standing.has(nameOf(like))),
    });
  });
}

/** For the removal of an account: takes back up to `limit` likes per server, and says whether any are left. */
export async function dropSomeCommentLikes(app: App, accountId: AccountId, limit: number): Promise<boolean> {
  let dropped = 0;
  await sweepServers(app.shards, async (database) => {
    const likes = await store.selectLikesOfAccount(database, accountId, limit);
    await dropCommentLikes(app, likes);
    dropped += likes.length;
  });
  return dropped > 0;
}

/** Also of comments that are not there. */
export async function dropCommentLikes(app: App, likes: store.LikeKey[]): Promise<void> {
  const acts = likes.map((like) => ({ ...like, isLike: false }));
  await writeEach(
    app.shards,
    likes.map(({ commentId }) => commentId),
    async (tx, share) => {
      const here = new Set(share);
      await apply(
        app,
        tx,
        acts.filter(({ commentId }) => here.has(commentId)),
      );
    },
  );
}
