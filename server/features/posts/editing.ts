/** What an author does to a post that is there: its words, who may see it, its photos' order, the archive, pins. */
import type { AccountId, MediaId, PostId } from '../../../core/ids.ts';
import { limits } from '../../../core/limits.ts';
import { Conflict, Invalid, NotFound } from '../../errors.ts';
import type { App } from '../../infra/app.ts';
import type { Transaction } from '../../infra/database.ts';
import { hint } from '../../infra/hints.ts';
import { lockEdges, writeAt } from '../../infra/shards.ts';
import { addToCount } from '../accounts/accounts.ts';
import { forgetServable } from '../media/addresses.ts';
import { shelvePost } from '../media/shelves.ts';
import { namePeople, refuseUnknownPeople } from '../people/people.ts';
import { type PostHead, refuseTooManyTags } from './posts.ts';
import { type EditPost, ownerGone, postChanged, postSpread } from './schema.ts';
import * as store from './store.ts';

/** Throws NotFound for a post that is not the viewer's, Invalid unless `photos` are all photos of the post. */
export async function editPost(app: App, viewer: AccountId, postId: PostId, wish: EditPost): Promise<void> {
  if (wish.caption !== undefined) refuseTooManyTags(wish.caption, 'caption');
  await mustOwn(app, viewer, postId);
  if (wish.photos) await refuseUnknownPeople(app, viewer, wish.photos);
  const mediaIds = await changeOwn(app, viewer, postId, async (tx, post) => {
    const photos = await store.selectPhotoOrder(tx, postId);
    if (wish.photos) await editPhotos(app, tx, postId, photos, wish.photos);
    await store.updatePost(tx, postId, wish);
    const isAudienceNew = wish.audience !== undefined && wish.audience !== post.audience;
    if (isAudienceNew) await shelvePost(app, tx, viewer, postId);
    if (isAudienceNew && wish.audience === 'followers') await app.queue.enqueue(tx, ownerGone, [{ postId }]);
    const isCaptionNew = wish.caption !== undefined && wish.caption !== post.caption;
    if (isAudienceNew || isCaptionNew) await app.queue.enqueue(tx, postChanged, [{ postId }]);
    return photos.map(({ media_id }) => media_id);
  });
  for (const mediaId of mediaIds) forgetServable(app, mediaId);
  hint(app, 'post', [postId]);
}

type PhotoWish = NonNullable<EditPost['photos']>[number];

async function editPhotos(
  app: App,
  tx: Transaction,
  postId: PostId,
  photos: { media_id: MediaId; alt_text: string }[],
  wishes: PhotoWish[],
): Promise<void> {
  const altTexts = new Map(photos.map((photo) => [photo.media_id, photo.alt_text]));
  const named = new Set(wishes.map(({ mediaId }) => mediaId));
  const isWhole = named.size === wishes.length && named.size === altTexts.size;
  if (!isWhole || wishes.some(({ mediaId }) => !altTexts.has(mediaId))) {
    const message = 'Name every photo of the post once, in the order that you want.';
    throw new Invalid('photos_incomplete', message, [{ path: 'photos', message, code: 'photos_incomplete' }]);
  }
  const wanted = wishes.map(({ mediaId, altText }) => ({
    mediaId,
    altText: altText ?? altTexts.get(mediaId) ?? '',
  }));
  const isSame = photos.every(
    (photo, at) => wanted[at]?.mediaId === photo.media_id && wanted[at].altText === photo.alt_text,
  );
  if (!isSame) await store.updatePhotoOrder(tx, postId, wanted);
  const people = wishes.flatMap(({ mediaId, people: wish }) => (wish ? [{ mediaId, people: wish }] : []));
  if (people.length > 0) await namePeople(app, tx, postId, people);
}

/** From the commit on its author alone sees it; likes and comments stay. Twice is once. */
export async function archivePost(app: App, viewer: AccountId, postId: PostId): Promise<void> {
  await changeArchive(app, viewer, postId, 'published', 'archived');
}

/** As it was, but for the pin. Twice is once. */
export async function unarchivePost(app: App, viewer: AccountId, postId: PostId): Promise<void> {
  await changeArchive(app, viewer, postId, 'archived', 'published');
}

async function changeArchive(
  app: App,
  viewer: AccountId,
  postId: PostId,
  from: 'published' | 'archived',
  to: 'published' | 'archived',
): Promise<void> {
  const mediaIds = await changeOwn(app, viewer, postId, async (tx, post) => {
    if (post.state === to) return [];
    if (post.state !== from) throw notPublished();
    await store.updatePostState(tx, postId, to);
    await addToCount(tx, viewer, 'post', to === 'published' ? 1 : -1);
    await app.queue.enqueue(tx, postSpread, [{ accountId: viewer, postId }]);
    await app.queue.enqueue(tx, postChanged, [{ postId }]);
    if (to === 'archived') await app.queue.enqueue(tx, ownerGone, [{ postId }]);
    await shelvePost(app, tx, viewer, postId);
    return (await store.selectPhotoOrder(tx, postId)).map(({ media_id }) => media_id);
  });
  for (const mediaId of mediaIds) forgetServable(app, mediaId);
  hint(app, 'post', [postId]);
}

function notPublished(): Conflict {
  return new Conflict('post_not_published', 'Only a post that is published can be archived or pinned.');
}

/** First on the author's profile. Throws Conflict when so many are pinned already. Twice is once. */
export async function pinPost(app: App, viewer: AccountId, postId: PostId): Promise<void> {
  await changeOwn(app, viewer, postId, async (tx, post) => {
    if (post.is_pinned) return;
    if (post.state !== 'published') throw notPublished();
    if ((await store.countPinned(tx, viewer)) >= limits.pinsMax)
      throw new Conflict(
        'too_many_pins',
        `At most ${limits.pinsMax} posts can be pinned. Take a pin away first.`,
      );
    await store.updatePinned(tx, postId, true);
  });
}

export async function unpinPost(app: App, viewer: AccountId, postId: PostId): Promise<void> {
  await changeOwn(app, viewer, postId, (tx) => store.updatePinned(tx, postId, false));
}

/** Before a member's words about others are looked into. */
async function mustOwn(app: App, viewer: AccountId, postId: PostId): Promise<void> {
  const [post] = await store.selectPostHeads(app.shards, [postId]);
  if (post?.account_id !== viewer || post.state === 'deleted') throw new NotFound();
}

/** One change of an account's posts after the other: of two that pin at once, the second sees the first. */
async function changeOwn<Result>(
  app: App,
  viewer: AccountId,
  postId: PostId,
  change: (tx: Transaction, post: PostHead) => Promise<Result>,
): Promise<Result> {
  return writeAt(app.shards, postId, async (tx) => {
    await lockEdges(tx, [`posts:${viewer}`]);
    const post = await store.selectPostHeadForUpdate(tx, postId);
    if (post?.account_id !== viewer || post.state === 'deleted') throw new NotFound();
    return change(tx, post);
  });
}
