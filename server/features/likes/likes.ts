/** Likes: written in the liker's shard, mirrored to the post's by a job that also folds the counter. */
import type { AccountId, PostId } from '../../../core/ids.ts';
import { Forbidden } from '../../errors.ts';
import type { App } from '../../infra/app.ts';
import type { Transaction } from '../../infra/database.ts';
import { groupCommit } from '../../infra/group-commit.ts';
import { hint } from '../../infra/hints.ts';
import { changing, lockEdges, writeAt, writeEach } from '../../infra/shards.ts';
import { addToPostCounts, findPostHeads, likeCountFor, mustSeePost, type PostHead } from '../posts/posts.ts';
import { likeChanged } from './schema.ts';
import * as store from './store.ts';

export type { Marks } from './store.ts';

const NEWEST = '9223372036854775807';
const SWEEP = 500;
/** What was liked just before it was archived comes back with that like. */
const LIKED: ReadonlySet<string | undefined> = new Set(['published', 'archived']);

type Act = { accountId: AccountId; postId: PostId; isLike: boolean };

/** Gives for each act whether it changed anything. */
const write = groupCommit<App, Act, boolean>(async (app, tx, acts) => {
  const inOrder = acts.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  const [likes, unlikes] = [true, false].map((kind) => inOrder.filter(({ isLike }) => isLike === kind));
  const came = likes?.length ? await store.insertLikes(tx, likes) : [];
  const went = unlikes?.length ? await store.deleteLikes(tx, unlikes) : [];
  if (came.length + went.length > 0)
    await app.queue.enqueue(tx, likeChanged, [{ edges: [...came, ...went] }]);
  const changed = [new Set(went.map(nameOf)), new Set(came.map(nameOf))];
  // Of two equal ones the first made the difference.
  return acts.map((act) => changed[Number(act.isLike)]?.delete(nameOf(act)) ?? false);
});

const nameOf = ({ accountId, postId }: store.Key) => `${accountId} ${postId}`;

/** Gives the count as the viewer should see it: null where it is hidden. Twice is once. */
export async function like(app: App, viewer: AccountId, postId: PostId): Promise<number | null> {
  const post = await mustSeePost(app, viewer, postId);
  const isNew = await write(app, viewer, { accountId: viewer, postId, isLike: true });
  const count = likeCountFor(viewer, post);
  return count === null ? null : count + Number(isNew);
}

/** What was liked can be unliked also when it can no longer be seen; then the count is 0. */
export async function unlike(app: App, viewer: AccountId, postId: PostId): Promise<number | null> {
  const post = await mustSeePost(app, viewer, postId).catch((error: Error) => error);
  const wasLiked = await write(app, viewer, { accountId: viewer, postId, isLike: false });
  if (post instanceof Error) {
    if (wasLiked) return 0;
    throw post;
  }
  const count = likeCountFor(viewer, post);
  return count === null ? null : Math.max(0, count - Number(wasLiked));
}

/** What the viewer likes of these posts, and what he has saved. One statement. */
export async function findMarks(app: App, viewer: AccountId | null, postIds: PostId[]): Promise<store.Marks> {
  if (!viewer || postIds.length === 0) return { liked: new Set(), saved: new Set() };
  return store.selectMarks(app.shards, viewer, postIds);
}

/** Throws Forbidden where the author shows who likes it to himself alone. */
export async function mustSeeLikers(app: App, viewer: AccountId | null, postId: PostId): Promise<void> {
  if (likeCountFor(viewer, await mustSeePost(app, viewer, postId)) === null)
    throw new Forbidden('likes_hidden', 'Only its author sees who likes this post.');
}

export function listLikers(app: App, postId: PostId, before: string, limit: number) {
  return store.selectLikers(app.shards, postId, before, limit);
}

export type LikeNews = {
  came: { edge: store.Edge; owner: AccountId }[];
  went: { edge: store.Edge; owner: AccountId }[];
};

/**
 * likes → post_likes, counters, and what the owners are told: one transaction per server, whatever the number of
 * likes. Compares both sides as they stand, so it may run twice and out of order.
 */
export async function mirrorLikes(
  app: App,
  edges: store.Key[],
  tell: (tx: Transaction, news: LikeNews) => Promise<void>,
): Promise<void> {
  const posts = edges.map((edge) => edge.postId);
  await writeEach(app.shards, posts, (tx, postIds) => {
    const here = new Set(postIds);
    const share = edges.filter((edge) => here.has(edge.postId));
    return mirrorHere(app, tx, share, tell);
  });
}

async function mirrorHere(
  app: App,
  tx: Transaction,
  edges: store.Key[],
  tell: (tx: Transaction, news: LikeNews) => Promise<void>,
) {
  await lockEdges(
    tx,
    edges.map(({ accountId, postId }) => `like:${accountId}:${postId}`),
  );
  const posts = new Map<PostId, PostHead>(
    (
      await findPostHeads(
        app,
        edges.map((edge) => edge.postId),
      )
    ).map((post) => [post.post_id, post]),
  );
  const sources = await store.selectLikes(app.shards, edges);
  const standing = new Set(sources.map(({ account_id, post_id }) => `${account_id}:${post_id}`));
  const came = await store.insertPostLikes(
    tx,
    sources.filter(({ post_id }) => LIKED.has(posts.get(post_id)?.state)),
  );
  const went = await store.deletePostLikes(
    tx,
    edges.filter(({ accountId, postId }) => !standing.has(`${accountId}:${postId}`)),
  );
  const withOwner = (edge: store.Edge) => ({
    edge,
    owner: posts.get(edge.post_id)?.account_id ?? edge.account_id,
  });
  const orphans = sources.filter(({ post_id }) => [undefined, 'deleted'].includes(posts.get(post_id)?.state));
  for (const { account_id, post_id } of orphans)
    await store.deleteLikesOfPost(changing(app.shards, account_id), post_id, [account_id]);
  const inOrder = came.toSorted((a, b) => (BigInt(a.like_id) < BigInt(b.like_id) ? -1 : 1));
  await tell(tx, { came: inOrder.map(withOwner), went: went.map(withOwner) });
  const changes = new Map<PostId, number>();
  for (const { post_id } of came) changes.set(post_id, (changes.get(post_id) ?? 0) + 1);
  for (const { post_id } of went) changes.set(post_id, (changes.get(post_id) ?? 0) - 1);
  const changed = [...changes].filter(([, by]) => by !== 0).sort(([a], [b]) => (a < b ? -1 : 1));
  tx.afterCommit(() => hint(app, 'post', changes.keys()));
  // Last, so that the rows of hot posts are locked only for the moment of the commit.
  if (changed.length === 0) return;
  const published = await addToPostCounts(
    tx,
    changed.map(([postId]) => postId),
    changed.map(([, by]) => by),
    changed.map(() => 0),
  );
  // Its likes were perhaps removed before these came. Run again, the job sees that it is deleted.
  if (changed.some(([postId, by]) => by > 0 && !published.has(postId)))
    throw new Error('A post was deleted while its likes were mirrored.');
}

// removal -----------------------------------------------------------------------------------------------------

export async function forgetPost(app: App, postId: PostId): Promise<void> {
  for (let before = NEWEST; ; ) {
    const likers = await store.selectLikers(app.shards, postId, before, SWEEP);
    const likerIds = likers.map((liker) => liker.account_id);
    await writeEach(app.shards, likerIds, (tx, share) => store.deleteLikesOfPost(tx, postId, share));
    const last = likers.at(-1);
    if (!last || likers.length < SWEEP) break;
    before = last.like_id;
  }
  await store.deletePostLikesOf(changing(app.shards, postId), postId);
}

/** For the removal of an account: takes back up to `limit` likes, and says whether any are left. */
export async function dropSomeLikes(app: App, accountId: AccountId, limit: number): Promise<boolean> {
  return writeAt(app.shards, accountId, async (tx) => {
    const postIds = await store.deleteSomeLikes(tx, accountId, limit);
    const edges = postIds.map((postId) => ({ accountId, postId }));
    if (edges.length > 0) await app.queue.enqueue(tx, likeChanged, [{ edges }]);
    return postIds.length > 0;
  });
}
