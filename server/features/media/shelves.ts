/**
 * Shelves: photos of public accounts lie where everybody may fetch them; those of private accounts, and of posts that are for
 * followers or archived, where an address needs a signature that expires. Which is the right one the view photo_shelves says.
 * When that changes, the files are moved, a bounded part at a time.
 */
import type { AccountId, PostId } from '../../../core/ids.ts';
import type { App } from '../../infra/app.ts';
import type { Transaction } from '../../infra/database.ts';
import { answering, at, writeAt } from '../../infra/shards.ts';
import { NotStored } from '../../infra/storage/storage.ts';
import { isPrivateForShare } from '../accounts/accounts.ts';
import { photosMisplaced } from '../accounts/schema.ts';
import { accountFolder, forgetServable, mediaFolder, photoFolder } from './addresses.ts';
import { announceGone, removeFolder } from './removal.ts';
import { photosGone } from './schema.ts';
import * as store from './store.ts';

const BATCH = 64;
const TOGETHER = 8;
const OLD_ACCOUNTS = 20;

export async function shelve(app: Pick<App, 'queue'>, tx: Transaction, accountId: AccountId): Promise<void> {
  await app.queue.enqueue(tx, photosMisplaced, [{ accountId }]);
}

/** In the transaction that hides or opens a post. */
export async function shelvePost(
  app: Pick<App, 'queue'>,
  tx: Transaction,
  accountId: AccountId,
  postId: PostId,
): Promise<void> {
  await app.queue.enqueue(tx, photosMisplaced, [{ accountId, postId }]);
}

/** As movePhotos, for the photos of one post. */
export async function movePhotosOfPost(app: App, accountId: AccountId, postId: PostId): Promise<void> {
  const misplaced = await store.selectMisplacedOfPost(at(app.shards, accountId), postId);
  const moved = await moveAll(app, misplaced);
  const hidden = misplaced.filter(({ shelf }) => shelf !== 'private');
  await writeAt(app.shards, accountId, async (tx) => {
    const isLeft = !moved || (await store.selectMisplacedOfPost(tx, postId)).length > 0;
    if (isLeft) await shelvePost(app, tx, accountId, postId);
    await announceGone(
      app,
      tx,
      hidden.map((photo) => mediaFolder('public', accountId, photo.media_id)),
    );
  });
}

/** Moves some of the account's photos to the shelf that its privacy asks for now; idempotent, and goes on until none is left. */
export async function movePhotos(app: App, accountId: AccountId): Promise<void> {
  const misplaced = await store.selectMisplaced(at(app.shards, accountId), accountId, BATCH);
  const isDone = (await moveAll(app, misplaced)) && misplaced.length < BATCH;
  await writeAt(app.shards, accountId, async (tx) => {
    const isPrivateNow = await isPrivateForShare(tx, accountId);
    // The privacy may have changed while files were moved, and another job for that have found nothing to do.
    const isLeft = !isDone || (await store.selectMisplaced(tx, accountId, 1)).length > 0;
    if (isLeft) await shelve(app, tx, accountId);
    else if (isPrivateNow && app.config.purgeUrl)
      await app.queue.enqueue(tx, photosGone, [{ folders: [accountFolder('public', accountId)] }]);
  });
}

/** Says whether all stayed as they were meanwhile. */
async function moveAll(app: App, photos: store.Misplaced[]): Promise<boolean> {
  let isDone = true;
  for (let at = 0; at < photos.length; at += TOGETHER) {
    const some = photos.slice(at, at + TOGETHER);
    const moved = await Promise.all(some.map((photo) => movePhoto(app, photo)));
    isDone &&= moved.every(Boolean);
  }
  return isDone;
}

/** False when it changed meanwhile, e.g. was enlarged: it is then looked at again. */
async function movePhoto(app: App, photo: store.Misplaced): Promise<boolean> {
  const { media_id: mediaId, account_id: accountId, revision, shelf } = photo;
  const files = { accountId, mediaId, revision };
  // Only the row knows what it should be when the first file is moved: that is asked for again with it.
  const target = shelf === 'public' ? 'private' : await store.selectWantedShelf(app.shards, mediaId);
  if (target === shelf) return true;
  const [from, to] = [photoFolder(app, { ...files, shelf }), photoFolder(app, { ...files, shelf: target })];
  const move = ({ name }: store.StoredRendition) =>
    app.storage.move(`${from}/${name}.jpg`, `${to}/${name}.jpg`).catch((error: unknown) => {
      // Lost, or edited meanwhile: `./pinhole check` finds the former.
      if (!(error instanceof NotStored)) throw error;
    });
  await Promise.all(photo.renditions.map(move));
  const isMoved = await writeAt(app.shards, accountId, (tx) => store.updateShelf(tx, photo, target));
  forgetServable(app, mediaId);
  if (!isMoved) await removeStray(app, photo, to);
  return isMoved;
}

/** Edited or deleted while it was moved: what was moved belongs to nothing now. */
async function removeStray(app: App, photo: store.Misplaced, folder: string): Promise<void> {
  const now = await store.selectMedia(app.shards, photo.media_id);
  if (now?.revision !== photo.revision) await removeFolder(app, folder);
}

/** Photos that the first version laid: a few accounts each time. */
export async function moveOldPhotos(app: App): Promise<void> {
  for (const { database } of answering(app.shards))
    for (const accountId of await store.selectOldShelfAccounts(database, OLD_ACCOUNTS))
      await movePhotos(app, accountId);
}
