/** One photo of a post, for its author: other edits, another photo instead of one that failed, or none. */
import type { Edits } from '../../../core/edits.ts';
import type { AccountId, MediaId, PostId } from '../../../core/ids.ts';
import { Conflict, Limited, NotFound } from '../../errors.ts';
import type { App } from '../../infra/app.ts';
import type { Transaction } from '../../infra/database.ts';
import { writeAt } from '../../infra/shards.ts';
import { claimUploads, editPhoto, findMedia, makeProof } from '../media/media.ts';
import { mediaDropped } from '../media/schema.ts';
import { namePeople, refuseUnknownPeople, removePeople } from '../people/people.ts';
import { claimOf, settlePost } from './posts.ts';
import { photoClaimed, type ReplacePhoto } from './schema.ts';
import * as store from './store.ts';

export type PostPhoto = { postId: PostId; mediaId: MediaId };

/** Throws NotFound for a photo that is not in a post of the viewer's. */
async function mustOwnPhoto(app: App, viewer: AccountId, { postId, mediaId }: PostPhoto) {
  const media = await findMedia(app, mediaId);
  const post = await store.selectPostOfMedia(app.shards, mediaId);
  if (!media || post?.post_id !== postId || post.account_id !== viewer || post.state === 'deleted')
    throw new NotFound();
  return media;
}

export async function getEdits(app: App, viewer: AccountId, photo: PostPhoto) {
  const media = await mustOwnPhoto(app, viewer, photo);
  return { edits: media.edits, hasOriginal: media.kept_original !== null };
}

const EDITS_AT_ONCE = 4;
const editing = new Map<AccountId, number>();

/** The renditions are made anew before this answers. Throws Conflict for a photo that is not ready. */
export async function changeEdits(
  app: App,
  viewer: AccountId,
  photo: PostPhoto,
  edits: Edits,
): Promise<void> {
  const media = await mustOwnPhoto(app, viewer, photo);
  if (media.state !== 'ready') throw new Conflict('photo_not_ready', 'This photo is not ready yet.');
  await fewAtOnce(viewer, () => editPhoto(app, media, edits));
}

/** These go before what others upload, or take their places: one member has a few in work at a time. */
async function fewAtOnce<Result>(viewer: AccountId, work: () => Promise<Result>): Promise<Result> {
  const atWork = editing.get(viewer) ?? 0;
  if (atWork >= EDITS_AT_ONCE) throw new Limited(2, 'Your other photos are still being made. Try again.');
  editing.set(viewer, atWork + 1);
  try {
    return await work();
  } finally {
    const left = (editing.get(viewer) ?? 1) - 1;
    if (left > 0) editing.set(viewer, left);
    else editing.delete(viewer);
  }
}

/** The whole picture without its edits, as a JPEG. */
export async function getProof(app: App, viewer: AccountId, photo: PostPhoto): Promise<Buffer> {
  const { media_id: mediaId } = await mustOwnPhoto(app, viewer, photo);
  return fewAtOnce(viewer, () => makeProof(app, mediaId));
}

export async function mustOwnMedia(app: App, viewer: AccountId, photo: PostPhoto): Promise<MediaId> {
  return (await mustOwnPhoto(app, viewer, photo)).media_id;
}

/** Puts another upload in the place of a photo that failed; the post develops again. */
export async function replacePhoto(
  app: App,
  viewer: AccountId,
  photo: PostPhoto,
  wish: ReplacePhoto,
): Promise<void> {
  await refuseUnknownPeople(app, viewer, [wish]);
  await changeFailedPost(app, viewer, photo, async (tx) => {
    await claimUploads(tx, viewer, [claimOf(wish)], 'photo');
    await store.updatePostMedia(tx, photo.postId, photo.mediaId, wish.uploadId, wish.altText ?? null);
    await removePeople(tx, photo.postId, photo.mediaId);
    await namePeople(app, tx, photo.postId, [{ mediaId: wish.uploadId, people: wish.people ?? [] }]);
    await store.updatePostState(tx, photo.postId, 'developing');
    await app.queue.enqueue(tx, photoClaimed, [{ mediaId: wish.uploadId, postId: photo.postId }]);
  });
}

/** The post goes on without a photo that failed. Throws Conflict for the only one. */
export async function leaveOutPhoto(app: App, viewer: AccountId, photo: PostPhoto): Promise<void> {
  await changeFailedPost(app, viewer, photo, async (tx) => {
    const states = await store.selectPhotoStates(tx, photo.postId);
    if (states.size < 2) throw new Conflict('last_photo', 'A post needs a photo. Delete the post instead.');
    await store.deletePostMedia(tx, photo.postId, photo.mediaId);
    await removePeople(tx, photo.postId, photo.mediaId);
    await store.updatePostState(tx, photo.postId, 'developing');
    await settlePost(app, tx, photo.postId);
  });
}

async function changeFailedPost(
  app: App,
  viewer: AccountId,
  photo: PostPhoto,
  change: (tx: Transaction) => Promise<void>,
): Promise<void> {
  await mustOwnPhoto(app, viewer, photo);
  await writeAt(app.shards, photo.postId, async (tx) => {
    const post = await store.selectPostHeadForUpdate(tx, photo.postId);
    if (!post || post.state === 'deleted') throw new NotFound();
    const states = await store.selectPhotoStates(tx, photo.postId);
    if (post.state !== 'failed' || states.get(photo.mediaId) !== 'failed')
      throw new Conflict('photo_not_failed', 'Only a photo that failed can be replaced or left out.');
    await change(tx);
    await app.queue.enqueue(tx, mediaDropped, [{ mediaId: photo.mediaId }]);
  });
}
