import type { AccountId, CommentId, PostId } from '../../../core/ids.ts';
import { mentionsIn } from '../../../core/text.ts';
import type { App } from '../../infra/app.ts';
import { job } from '../../infra/queue.ts';
import { writeAt } from '../../infra/shards.ts';
import { findAccountIdsByHandle } from '../accounts/accounts.ts';
import { forgetComments, type Telling, tell, untell } from '../activity/activity.ts';
import { seeAccounts } from '../graph/audience.ts';
import { findPostHeads, isSeenBy, type PostHead } from '../posts/posts.ts';
import { type CommentLike, followLikes } from './comment-likes.ts';
import { type CommentRow, findComments, removeRemains } from './comments.ts';
import { commentDeleted, commentLikeChanged, commentMade } from './schema.ts';

const EDGES_MAX = 1_000;

export const jobs = [
  job(commentMade, { batch: 50, concurrency: 2 }, async (app: App, payloads) => {
    const rows = await findComments(
      app,
      payloads.map(({ commentId }) => commentId as CommentId),
    );
    await tellOfComments(app, rows);
    await forgetVanished(app, new Set(rows.map((row) => row.comment_id)));
  }),
  job(commentDeleted, { batch: 50, concurrency: 1 }, async (app: App, payloads) => {
    const commentIds = payloads.map(({ commentId }) => commentId as CommentId);
    await removeRemains(app, commentIds);
    await forgetComments(app, commentIds);
  }),
  job(commentLikeChanged, { batch: 400, gatherMs: 50 }, async (app: App, payloads) => {
    const edges = payloads
      .flatMap((payload) => payload.edges)
      .map(({ accountId, commentId }) => ({
        accountId: accountId as AccountId,
        commentId: commentId as CommentId,
      }));
    // One transaction after the other: each edge is a lock, of which a server has some thousands.
    for (let at = 0; at < edges.length; at += EDGES_MAX)
      await followLikes(app, edges.slice(at, at + EDGES_MAX), async (tx, { came, went }) => {
        await tell(app, tx, came.map(tellingOf));
        await untell(app, tx, went.map(tellingOf));
      });
    await forgetVanished(app, new Set(edges.map(({ commentId }) => commentId)));
  }),
];

function tellingOf({ accountId, comment }: CommentLike): Telling {
  const { account_id, post_id, comment_id } = comment;
  return {
    accountId: account_id,
    kind: 'comment_liked',
    actorId: accountId,
    postId: post_id,
    commentId: comment_id,
  };
}

/** Of one that is deleted while it is told, the deletion's own job may have been here before. */
async function forgetVanished(app: App, commentIds: Set<CommentId>): Promise<void> {
  const there = await findComments(app, [...commentIds]);
  const vanished = commentIds.difference(new Set(there.map((row) => row.comment_id)));
  if (vanished.size > 0) await forgetComments(app, [...vanished]);
}

async function tellOfComments(app: App, rows: CommentRow[]): Promise<void> {
  const parentIds = new Set(rows.flatMap((row) => (row.parent_id === '0' ? [] : row.parent_id)));
  const [heads, tops] = await Promise.all([
    findPostHeads(app, [...new Set(rows.map((row) => row.post_id))]),
    findComments(app, [...parentIds]),
  ]);
  const posts = new Map(heads.map((post) => [post.post_id, post]));
  const topOf = new Map<string, CommentRow>(tops.map((top) => [top.comment_id, top]));
  for (const row of rows) {
    const [post, top] = [posts.get(row.post_id), topOf.get(row.parent_id)];
    // Without the comment that it answers it is about to be removed.
    if (post?.state === 'published' && (top || row.parent_id === '0')) await tellOf(app, row, post, top);
  }
}

/** Each is told once, of what concerns him most: that he was answered, that it is on his post, that he is mentioned. */
async function tellOf(app: App, row: CommentRow, post: PostHead, top: CommentRow | undefined): Promise<void> {
  const mentioned = (await findAccountIdsByHandle(app, mentionsIn(row.text))).values();
  const kinds = new Map<AccountId, Telling['kind']>(
    [...mentioned].map((accountId) => [accountId, 'mentioned']),
  );
  kinds.set(post.account_id, 'commented');
  if (top) kinds.set(top.account_id, 'replied');
  const authorIds = [row.account_id, ...(top ? [top.account_id] : [])];
  for (const [accountId, kind] of kinds)
    if (accountId === post.account_id || (await mayBeTold(app, accountId, row.post_id, authorIds)))
      await writeAt(app.shards, accountId, (tx) =>
        tell(app, tx, [
          { accountId, kind, actorId: row.account_id, postId: row.post_id, commentId: row.comment_id },
        ]),
      );
}

/** Only who may see the post, and those who wrote, is told of it. */
async function mayBeTold(
  app: App,
  accountId: AccountId,
  postId: PostId,
  authorIds: AccountId[],
): Promise<boolean> {
  const seen = await seeAccounts(app, accountId, authorIds);
  return authorIds.every((authorId) => seen.has(authorId)) && isSeenBy(app, accountId, postId);
}
