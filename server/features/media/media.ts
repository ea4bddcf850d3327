/**
 * A photo's way in: ticket → bytes → claimed by a post or an avatar → renditions. What nobody claims within an hour
 * is removed. The bytes are decoded once, when they arrive, so that a bad photo is refused there and then; the raw
 * picture waits beside the original for the filter that the member chooses.
 */
import { createHash } from 'node:crypto';
import type { FilterName } from '../../../core/filters.ts';
import { type AccountId, type AnyId, type MediaId, shardOf } from '../../../core/ids.ts';
import { limits } from '../../../core/limits.ts';
import {
  Conflict,
  type ExpectedError,
  Invalid,
  Limited,
  NotFound,
  Unavailable,
  Unusable,
} from '../../errors.ts';
import type { App } from '../../infra/app.ts';
import type { Transaction } from '../../infra/database.ts';
import { ImageFailure } from '../../infra/images/pool.ts';
import { serverOf, writeAt } from '../../infra/shards.ts';
import { TooLarge } from '../../infra/storage.ts';
import { changeAvatar } from '../accounts/accounts.ts';
import { selectNextId } from '../accounts/store.ts';
import { mediaDropped } from './schema.ts';
import * as store from './store.ts';

const TICKET_MINUTES = 60;
const UNCLAIMED_MAX = 60;
/** A photo that takes its worker with it is given up sooner than one that met a fault of ours, like a full disk. */
const TRIES_MAX = 3;
const FAULTS_MAX = 8;
const SWEEP = 100;
/** Below this no photo is taken, so that the database on the same disk can go on. */
const FREE_BYTES_MIN = 1024 ** 3;
const PASSING = new Set(['busy', 'image_crashed', 'image_timeout', 'image_memory']);

export async function openTicket(
  app: App,
  viewer: AccountId,
): Promise<{ uploadId: MediaId; expiresAt: Date }> {
  if ((await app.storage.freeBytes()) < FREE_BYTES_MIN)
    throw new Unavailable(
      'storage_full',
      'There is no room for more photos just now. The operator must make some.',
      600,
    );
  const uploadId = await writeAt(app.shards, viewer, async (tx) => {
    if ((await store.countUnclaimed(tx, viewer)) >= UNCLAIMED_MAX)
      throw new Limited(60, 'Too many uploads are under way. Publish them first, or wait an hour.');
    const mediaId = await selectNextId<MediaId>(tx, shardOf(viewer));
    await store.insertMedia(tx, mediaId, viewer, TICKET_MINUTES);
    return mediaId;
  });
  return { uploadId, expiresAt: new Date(app.clock.nowMs() + TICKET_MINUTES * 60_000) };
}

/** Takes the bytes of one photo. When it throws, the ticket is as it was, or gone with a photo that cannot be used, and nothing lies on disk. */
export async function receiveUpload(
  app: App,
  viewer: AccountId,
  mediaId: MediaId,
  body: AsyncIterable<Uint8Array>,
) {
  const { database } = serverOf(app.shards, mediaId);
  await takeTicket(app, viewer, mediaId);
  try {
    const { sizeBytes, sha256 } = await app.storage.receive(
      store.keys.original(mediaId),
      body,
      limits.uploadMaxBytes,
    );
    const found = await app.images.develop(
      app.storage.pathOf(store.keys.original(mediaId)),
      app.storage.pathOf(store.keys.master(mediaId)),
    );
    if (!(await store.updateMediaUploaded(database, mediaId, { ...found, sizeBytes, sha256 })))
      throw new NotFound();
    return found;
  } catch (error) {
    await app.storage.remove([store.keys.original(mediaId), store.keys.master(mediaId)]);
    const answer = uploadFault(error);
    if (answer instanceof Unusable) await store.deleteMedia(database, [mediaId]);
    else await store.updateMediaState(database, mediaId, 'receiving', 'waiting');
    throw answer;
  }
}

async function takeTicket(app: App, viewer: AccountId, mediaId: MediaId): Promise<void> {
  const media = await store.selectMedia(app.shards, mediaId);
  if (media?.account_id !== viewer) throw new NotFound();
  if (media.is_expired)
    throw new Conflict('upload_expired', 'This upload ticket is too old. Ask for a new one.');
  const isTaken = await store.updateMediaState(
    serverOf(app.shards, mediaId).database,
    mediaId,
    'waiting',
    'receiving',
  );
  if (!isTaken) throw new Conflict('upload_used', 'This upload ticket was used already. Ask for a new one.');
}

function uploadFault(error: unknown): ExpectedError | unknown {
  if (error instanceof TooLarge)
    return new Unusable(
      413,
      'image_too_large',
      `The photo is larger than ${limits.uploadMaxBytes / 1_048_576} MB.`,
    );
  if (!(error instanceof ImageFailure)) return error;
  if (PASSING.has(error.code) && error.code !== 'image_memory' && error.code !== 'image_timeout')
    return new Unavailable(error.code, 'Too many photos are in work just now. Try again in a moment.');
  return new Unusable(422, error.code, error.message);
}

export async function dropUpload(app: App, viewer: AccountId, mediaId: MediaId): Promise<void> {
  // The row first: once it is gone, nothing can claim the files.
  if (!(await store.deleteUnclaimed(serverOf(app.shards, mediaId).database, mediaId, viewer)))
    throw new NotFound();
  await removeFiles(app, mediaId);
}

/** Binds uploads to a post or an avatar, in its transaction. Throws what is wrong with the first that cannot be bound. */
export async function claimUploads(
  tx: Transaction,
  viewer: AccountId,
  wishes: { mediaId: MediaId; filter: FilterName }[],
  kind: 'photo' | 'avatar',
): Promise<void> {
  const mediaIds = wishes.map((wish) => wish.mediaId);
  if (new Set(mediaIds).size < wishes.length)
    throw new Invalid('upload_twice', 'The same upload is named twice.');
  const claimed = await store.claimMedia(tx, viewer, wishes, kind);
  const refused = mediaIds.find((mediaId) => !claimed.has(mediaId));
  if (!refused) return;
  const media = (await store.selectMediaOf(tx, [refused])).find((row) => row.account_id === viewer);
  if (!media) throw new Invalid('upload_unknown', `There is no upload ${refused} of yours.`);
  if (media.is_expired)
    throw new Conflict('upload_expired', `Upload ${refused} is too old. Send the photo again.`);
  if (media.state === 'waiting' || media.state === 'receiving')
    throw new Conflict('upload_missing', `The bytes of upload ${refused} have not arrived.`);
  throw new Conflict('upload_used', `Upload ${refused} was used already.`);
}

/**
 * Makes the renditions of a claimed photo, durably, and says whether it is settled: ready, or failed for good.
 * Throws when it is worth another try. `settle` runs in the transaction that records the end.
 */
export async function developPhoto(
  app: App,
  mediaId: MediaId,
  settle: (tx: Transaction) => Promise<void>,
): Promise<void> {
  const media = await store.selectMedia(app.shards, mediaId);
  if (!media) return;
  if (media.state !== 'developing') {
    await writeAt(app.shards, mediaId, settle);
    await app.storage.remove([store.keys.master(mediaId)]);
    return;
  }
  try {
    const made = await renderMedia(app, mediaId, media.filter, media.kind);
    const isReady = await writeAt(app.shards, mediaId, async (tx) => {
      const isNew = await store.updateMediaReady(tx, mediaId, made);
      await settle(tx);
      return isNew;
    });
    // Deleted meanwhile: the files that were just written came after the removal.
    const isGone = !isReady && !(await store.selectMedia(app.shards, mediaId));
    if (isGone) await removeMedia(app, mediaId);
    else await app.storage.remove([store.keys.master(mediaId)]);
  } catch (error) {
    const failure = await finalFailure(app, mediaId, error);
    await writeAt(app.shards, mediaId, async (tx) => {
      await store.updateMediaFailed(tx, mediaId, failure.code, failure.message);
      await settle(tx);
    });
  }
}

/** What the member is told. Throws the error itself when another try is worth it: not for a photo that is damaged or lost. */
async function finalFailure(
  app: App,
  mediaId: MediaId,
  error: unknown,
): Promise<{ code: string; message: string }> {
  if (error instanceof ImageFailure) {
    if (!PASSING.has(error.code)) return error;
    if (error.code === 'busy') throw error;
  } else if (!(await app.storage.stat(store.keys.original(mediaId)))) {
    return { code: 'image_lost', message: 'The photo was lost on its way. Send it again.' };
  }
  const tries = await store.addTry(serverOf(app.shards, mediaId).database, mediaId);
  if (tries < (error instanceof ImageFailure ? TRIES_MAX : FAULTS_MAX)) throw error;
  return {
    code: 'image_undeveloped',
    message: 'This photo could not be developed. Send it again in another form.',
  };
}

async function renderMedia(app: App, mediaId: MediaId, filter: FilterName, kind: 'photo' | 'avatar') {
  const originalPath = app.storage.pathOf(store.keys.original(mediaId));
  const made = await app.images.render({
    originalPath,
    masterPath: app.storage.pathOf(store.keys.master(mediaId)),
    filter,
    kind,
  });
  await app.storage.putAll(
    made.renditions.map(({ name, bytes }) => ({ key: store.keys.rendition(mediaId, name), bytes })),
  );
  const renditions = made.renditions.map(({ name, width, height, bytes }) => ({
    name,
    width,
    height,
    sizeBytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  }));
  return { ...made, renditions };
}

/** Makes the renditions of a ready photo anew, when files were lost. Throws when the original is lost too. */
export async function developAgain(app: App, mediaId: MediaId): Promise<void> {
  const media = await store.selectMedia(app.shards, mediaId);
  if (media?.state !== 'ready') return;
  const made = await renderMedia(app, mediaId, media.filter, media.kind);
  await writeAt(app.shards, mediaId, (tx) => store.updateRenditions(tx, mediaId, made.renditions));
  await app.storage.remove([store.keys.master(mediaId)]);
}

/** An avatar is small and somebody waits for it, so it is made at once. When it throws, the upload is gone. */
export async function setAvatar(app: App, viewer: AccountId, mediaId: MediaId): Promise<void> {
  await writeAt(app.shards, viewer, (tx) =>
    claimUploads(tx, viewer, [{ mediaId, filter: 'none' }], 'avatar'),
  );
  try {
    const made = await renderMedia(app, mediaId, 'none', 'avatar');
    await writeAt(app.shards, viewer, async (tx) => {
      if (!(await store.updateMediaReady(tx, mediaId, made))) throw new NotFound();
      await replaceAvatar(app, tx, viewer, mediaId);
    });
  } catch (error) {
    await removeMedia(app, mediaId);
    throw uploadFault(error);
  }
  await app.storage.remove([store.keys.master(mediaId)]);
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

/** Idempotent, and after a crash at any point it can go on. */
export async function removeMedia(app: App, mediaId: MediaId): Promise<void> {
  await removeAllMedia(app, mediaId, [mediaId], async () => undefined);
}

/**
 * Removes the files, then the rows together with what refers to them, which `removeReferences` does; all on the server of
 * `home`. Then the files once more: a worker may have been writing them.
 */
export async function removeAllMedia(
  app: App,
  home: AnyId,
  mediaIds: MediaId[],
  removeReferences: (tx: Transaction) => Promise<void>,
): Promise<void> {
  for (const mediaId of mediaIds) await removeFiles(app, mediaId);
  await writeAt(app.shards, home, async (tx) => {
    await removeReferences(tx);
    await store.deleteMedia(tx, mediaIds);
  });
  for (const mediaId of mediaIds) await removeFiles(app, mediaId);
}

async function removeFiles(app: App, mediaId: MediaId): Promise<void> {
  app.cache.delete(`media:servable:${mediaId}`);
  const names = ['w1080', 'w640', 'w320', 's320', 's150'];
  await app.storage.remove([
    store.keys.original(mediaId),
    store.keys.master(mediaId),
    ...names.map((name) => store.keys.rendition(mediaId, name)),
  ]);
}

/** Removes what was uploaded and never claimed; gives how many. */
export async function sweepUploads(app: App): Promise<number> {
  let swept = 0;
  for (const { database } of app.shards.servers) {
    for (let expired = await store.selectExpired(database, SWEEP); expired.length > 0; ) {
      for (const mediaId of expired) await removeMedia(app, mediaId);
      swept += expired.length;
      expired = expired.length < SWEEP ? [] : await store.selectExpired(database, SWEEP);
    }
  }
  return swept;
}

/** Photos of the account that belong to no post; for its removal. */
export async function removeLooseMedia(app: App, accountId: AccountId): Promise<void> {
  for (;;) {
    const mediaIds = await writeAt(app.shards, accountId, (tx) =>
      store.selectMediaIdsOfAccount(tx, accountId, SWEEP),
    );
    if (mediaIds.length === 0) return;
    for (const mediaId of mediaIds) await removeMedia(app, mediaId);
  }
}
