/** Avatars: small, public, and made at once. */
import { type Edits, PLAIN_EDITS } from '../../../core/edits.ts';
import type { AccountId, MediaId } from '../../../core/ids.ts';
import { NotFound } from '../../errors.ts';
import type { App } from '../../infra/app.ts';
import type { Transaction } from '../../infra/database.ts';
import { writeAt } from '../../infra/shards.ts';
import { changeAvatar } from '../accounts/accounts.ts';
import { claimUploads, makeRenditions, uploadFault } from './media.ts';
import { removeMedia } from './removal.ts';
import { mediaDropped } from './schema.ts';
import { removeScratch } from './scratch.ts';
import * as store from './store.ts';

/** An avatar is small and somebody waits for it, so it is made at once. When it throws, the upload is gone. */
export async function setAvatar(
  app: App,
  viewer: AccountId,
  mediaId: MediaId,
  edits: Edits = PLAIN_EDITS,
): Promise<void> {
  await writeAt(app.shards, viewer, (tx) =>
    claimUploads(tx, viewer, [{ mediaId, edits, takenAt: null, place: null }], 'avatar'),
  );
  const media = await store.selectMedia(app.shards, mediaId);
  if (!media) throw new NotFound();
  try {
    const made = await makeRenditions(app, { ...media, shelf: 'public' }, 'avatar');
    await writeAt(app.shards, viewer, async (tx) => {
      if (!(await store.updateMediaReady(tx, mediaId, 'public', made))) throw new NotFound();
      await replaceAvatar(app, tx, viewer, mediaId);
    });
  } catch (error) {
    if ((await store.selectMedia(app.shards, mediaId))?.state !== 'ready') await removeMedia(app, media);
    throw uploadFault(error);
  }
  await removeScratch(app, mediaId);
}

export async function removeAvatar(app: App, viewer: AccountId): Promise<void> {
  await writeAt(app.shards, viewer, (tx) => replaceAvatar(app, tx, viewer, null));
}

async function replaceAvatar(
  app: App,
  tx: Transaction,
  viewer: AccountId,
  mediaId: MediaId | null,
): Promise<void> {
  const before = await changeAvatar(tx, viewer, mediaId);
  if (before) await app.queue.enqueue(tx, mediaDropped, [{ mediaId: before }]);
}
