/** Posts: published at once or not at all, visible to others when every photo is ready. */
import { createHash } from 'node:crypto';
import { type AccountId, type PostId, shardOf } from '../../../core/ids.ts';
import { limits } from '../../../core/limits.ts';
import { hashtagsIn, mentionsIn } from '../../../core/text.ts';
import { Conflict, Forbidden, Invalid, NotFound } from '../../errors.ts';
import type { App } from '../../infra/app.ts';
import { type Transaction, violates } from '../../infra/database.ts';
import { hint } from '../../infra/hints.ts';
import { answering, readEach, readReachable, writeAt } from '../../infra/shards.ts';
import { addToCount } from '../accounts/accounts.ts';
import { selectNextId } from '../accounts/store.ts';
import { findOwnBlocks, judge, maySeePost, type ViewerId, type Visible } from '../graph/audience.ts';
import { forgetServable } from '../media/addresses.ts';
import { type Claim, claimUploads } from '../media/media.ts';
import { removeAllMedia } from '../media/removal.ts';
import { announcePeople, namePeople, refuseUnknownPeople, removePeople } from '../people/people.ts';
import {
  ownerGone,
  type Publish,
  photoClaimed,
  postDeleted,
  postPublished,
  postSpread,
  type ReplacePhoto,
} from './schema.ts';
import * as store from './store.ts';

export type { PersonRow, PhotoRow, PostFacts, PostHead, PostRow } from './schema.ts';

const NEWEST = '9223372036854775807';

/**
 * The same key and body give the same post; the same key with another body throws Conflict. `alongside` is part of the
 * transaction: when it throws, nothing is published.
 */
export async function publish(
  app: App,
  viewer: AccountId,
  wish: Publish,
  idempotencyKey: string | null,
  alongside: (tx: Transaction) => Promise<void> = async () => undefined,
): Promise<PostId> {
  refuseTooManyTags(wish.caption, 'caption');
  const requestHash = createHash('sha256').update(JSON.stringify(wish)).digest();
  const before = await findRepeated(app, viewer, idempotencyKey, requestHash);
  if (before) return before;
  await refuseUnknownPeople(app, viewer, wish.photos);
  try {
    return await writeAt(app.shards, viewer, async (tx) => {
      const postId = await selectNextId<PostId>(tx, shardOf(viewer));
      await store.insertPost(tx, {
        postId,
        accountId: viewer,
        caption: wish.caption,
        placeName: wish.placeName || null,
        audience: wish.audience ?? 'everyone',
        takesComments: wish.takesComments ?? true,
        hidesLikeCount: wish.hidesLikeCount ?? false,
        idempotencyKey,
        requestHash,
      });
      await alongside(tx);
      await claimUploads(tx, viewer, wish.photos.map(claimOf), 'photo');
      await store.insertPostMedia(
        tx,
        postId,
        wish.photos.map(({ uploadId, altText }) => ({ mediaId: uploadId, altText })),
      );
      await namePeople(
        app,
        tx,
        postId,
        wish.photos.map(({ uploadId, people = [] }) => ({ mediaId: uploadId, people })),
      );
      await app.queue.enqueue(
        tx,
        photoClaimed,
        wish.photos.map(({ uploadId }) => ({ mediaId: uploadId, postId })),
      );
      return postId;
    });
  } catch (error) {
    if (!violates(error, 'posts_idempotency_unique')) throw error;
    const first = await findRepeated(app, viewer, idempotencyKey, requestHash);
    if (first) return first;
    throw error;
  }
}

/** A place that the member did not ask to show is forgotten. */
export function claimOf(photo: Publish['photos'][number] | ReplacePhoto): Claim {
  return {
    mediaId: photo.uploadId,
    edits: photo.edits,
    takenAt: photo.takenAt ?? null,
    place: photo.place ?? (photo.showsPlace ? 'its own' : null),
  };
}

async function findRepeated(
  app: App,
  viewer: AccountId,
  idempotencyKey: string | null,
  requestHash: Buffer,
): Promise<PostId | null> {
  const first = idempotencyKey && (await store.selectByIdempotencyKey(app.shards, viewer, idempotencyKey));
  if (!first) return null;
  if (first.request_hash.equals(requestHash)) return first.post_id;
  throw new Conflict('idempotency_mismatch', 'This Idempotency-Key was used for another post.');
}

export function refuseTooManyTags(text: string, path: string): void {
  refuseMoreThan(limits.hashtagsPerText, 'hashtags', hashtagsIn(text).length, path);
  refuseMoreThan(limits.mentionsPerText, 'mentions', mentionsIn(text).length, path);
}

function refuseMoreThan(count: number, code: 'hashtags' | 'mentions', found: number, path: string): void {
  if (found <= count) return;
  const message = `At most ${count} ${code} are possible; here are ${found}.`;
  throw new Invalid('invalid', message, [{ path, message, code, params: { count, found } }]);
}

/** Called when one of the photos is ready or has failed for good: with the last one the post appears, or fails. */
export async function settlePost(app: App, tx: Transaction, postId: PostId): Promise<void> {
  const post = await store.selectPostHeadForUpdate(tx, postId);
  if (post?.state !== 'developing') return;
  const states = [...(await store.selectPhotoStates(tx, postId)).values()];
  if (states.some((state) => state !== 'ready' && state !== 'failed')) return;
  const isWhole = states.every((state) => state === 'ready');
  await store.updatePostState(tx, postId, isWhole ? 'published' : 'failed');
  if (!isWhole) return;
  await addToCount(tx, post.account_id, 'post', 1);
  await app.queue.enqueue(tx, postSpread, [{ accountId: post.account_id, postId }]);
  await app.queue.enqueue(tx, postPublished, [{ postId }]);
  await announcePeople(app, tx, postId);
  tx.afterCommit(() => hint(app, 'published', [postId]));
}

export async function deletePost(app: App, viewer: AccountId, postId: PostId): Promise<void> {
  const media = await store.selectMedia(app.shards, postId);
  await writeAt(app.shards, postId, async (tx) => {
    const post = await store.selectPostHeadForUpdate(tx, postId);
    if (post?.account_id !== viewer || post.state === 'deleted') throw new NotFound();
    await store.updatePostState(tx, postId, 'deleted');
    await app.queue.enqueue(tx, postDeleted, [{ postId }]);
    await app.queue.enqueue(tx, ownerGone, [{ postId }]);
    await app.queue.enqueue(tx, postSpread, [{ accountId: viewer, postId }]);
    if (post.state === 'published') await addToCount(tx, viewer, 'post', -1);
    tx.afterCommit(() => hint(app, 'post', [postId]));
  });
  for (const { media_id } of media) forgetServable(app, media_id);
}

// reading -----------------------------------------------------------------------------------------------------

export function findPost(app: App, postId: PostId): Promise<store.PostRow | null> {
  return store.selectPost(app.shards, postId);
}

export type SeenPost = { facts: store.PostFacts; account: Visible };

/** Those that the viewer may see, as they stand; his own also while nobody else may. In a member's request those of servers that do not answer are absent. */
export function seePosts(app: App, viewer: ViewerId, postIds: PostId[]): Promise<Map<PostId, SeenPost>> {
  return see(app, viewer, postIds, readReachable);
}

async function see(
  app: App,
  viewer: ViewerId,
  postIds: PostId[],
  read: typeof readEach,
): Promise<Map<PostId, SeenPost>> {
  if (postIds.length === 0) return new Map();
  const [facts, ownBlocks] = await Promise.all([
    store.selectPostFacts(read, app.shards, viewer ?? '0', postIds),
    findOwnBlocks(app, viewer),
  ]);
  const seen = judge(viewer, [facts, ownBlocks]);
  return new Map(
    facts.flatMap((post) => {
      const account = seen.get(post.account_id);
      return account && maySeePost(viewer, post, account) ? [[post.post_id, { facts: post, account }]] : [];
    }),
  );
}

/** Newest first, over all servers. */
export async function listNewestOfAccounts(
  app: App,
  accountIds: AccountId[],
  before: string,
  limit: number,
): Promise<store.PostRow[]> {
  const rows = await store.selectNewestOfAccounts(app.shards, accountIds, before, limit);
  return rows.sort((a, b) => Number(BigInt(b.post_id) - BigInt(a.post_id))).slice(0, limit);
}

/** Their ids alone, newest first, as they stand just now. Throws ServerDown unless all servers answer. */
export async function listNewestIdsOfAccounts(
  app: App,
  accountIds: AccountId[],
  before: string,
  limit: number,
): Promise<PostId[]> {
  if (accountIds.length === 0) return [];
  const postIds = await store.selectNewestIdsOfAccounts(app.shards, accountIds, before, limit);
  return postIds.sort((a, b) => Number(BigInt(b) - BigInt(a))).slice(0, limit);
}

/** What a profile shows; with the first page, which has no `before`, the pinned ones as well. */
export async function listProfileIds(
  app: App,
  accountId: AccountId,
  before: string,
  limit: number,
  isFirst: boolean,
): Promise<{ pinned: PostId[]; postIds: PostId[] }> {
  const rows = await store.selectProfileIds(app.shards, accountId, before, limit, isFirst);
  const idsOf = (isPinned: boolean) =>
    rows.flatMap((row) => (row.is_pinned === isPinned ? [row.post_id] : []));
  return { pinned: idsOf(true), postIds: idsOf(false) };
}

export function listArchivedIds(
  app: App,
  accountId: AccountId,
  before: string,
  limit: number,
): Promise<PostId[]> {
  return store.selectHiddenIds(app.shards, accountId, ['archived'], before, limit);
}

export function listPostIdsOfAccount(
  app: App,
  accountId: AccountId,
  before: string,
  limit: number,
): Promise<PostId[]> {
  return store.selectPostIdsOfAccount(app.shards, accountId, before, limit);
}

export function listUnpublishedIds(app: App, accountId: AccountId, limit: number): Promise<PostId[]> {
  return store.selectHiddenIds(app.shards, accountId, ['developing', 'failed'], NEWEST, limit);
}

/** Throws NotFound unless the viewer sees the post, and it is or was published. Never tells which. */
export async function mustSeePost(app: App, viewer: ViewerId, postId: PostId): Promise<store.PostFacts> {
  const seen = (await see(app, viewer, [postId], readEach)).get(postId);
  if (seen?.facts.state !== 'published' && seen?.facts.state !== 'archived') throw new NotFound();
  return seen.facts;
}

/** For jobs that tell somebody of a post. */
export async function isSeenBy(app: App, viewer: ViewerId, postId: PostId): Promise<boolean> {
  return (await see(app, viewer, [postId], readEach)).get(postId)?.facts.state === 'published';
}

/** Null where its author shows it to himself alone. */
export function likeCountFor(
  viewer: ViewerId,
  post: Pick<store.PostRow, 'account_id' | 'like_count' | 'hides_like_count'>,
): number | null {
  return post.hides_like_count && post.account_id !== viewer ? null : Number(post.like_count);
}

/**
 * Holds the post until the transaction ends, so that nothing is added to one that is deleted, archived or closed meanwhile.
 * Throws NotFound, and Forbidden for one that takes no comments.
 */
export async function mustTakeComments(tx: Transaction, postId: PostId): Promise<void> {
  const post = await store.selectPostHeadForUpdate(tx, postId);
  if (post?.state !== 'published') throw new NotFound();
  if (!post.takes_comments) throw new Forbidden('comments_off', 'Comments on this post are turned off.');
}

/** Holds the post until the transaction ends, whatever its state: what changes its comments comes one after the other. */
export async function holdPost(tx: Transaction, postId: PostId): Promise<void> {
  await store.selectPostHeadForUpdate(tx, postId);
}

export function findPostHeads(app: App, postIds: PostId[]): Promise<store.PostHead[]> {
  return postIds.length > 0 ? store.selectPostHeads(app.shards, postIds) : Promise.resolve([]);
}

export const addToPostCounts = store.addToPostCounts;

/** The last step of a deletion: photos, then the row. */
export async function removePost(app: App, postId: PostId): Promise<void> {
  const media = await store.selectMedia(app.shards, postId);
  await removeAllMedia(app, postId, media, async (tx) => {
    await removePeople(tx, postId, null);
    await store.deletePostRow(tx, postId);
  });
}

/** For the removal of an account: begins to delete up to `limit` of its posts, and says whether any are left. */
export async function dropSomePosts(app: App, accountId: AccountId, limit: number): Promise<boolean> {
  const postIds = await store.selectAnyPostIds(app.shards, accountId, limit);
  await writeAt(app.shards, accountId, async (tx) => {
    const dropped = await store.updatePostsDeleted(tx, postIds);
    const gone = dropped.map((postId) => ({ postId }));
    await app.queue.enqueue(tx, postDeleted, gone);
    await app.queue.enqueue(tx, ownerGone, gone);
  });
  return postIds.length > 0;
}

export async function forgetOldKeys(app: App): Promise<void> {
  for (const { database } of answering(app.shards)) await store.updateOldKeys(database);
}
