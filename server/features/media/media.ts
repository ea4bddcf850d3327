/**
 * A photo from its claim by a post: its renditions are made, and made anew with other edits. How its bytes came in:
 * uploads.ts; where it is seen: addresses.ts; between shelves: shelves.ts; its end: removal.ts.
 */
import { createHash } from 'node:crypto';
import type { Edits } from '../../../core/edits.ts';
import { type Size, shownSize } from '../../../core/frame.ts';
import type { AccountId, MediaId } from '../../../core/ids.ts';
import { limits } from '../../../core/limits.ts';
import { Conflict, type ExpectedError, Invalid, NotFound, Unavailable, Unusable } from '../../errors.ts';
import type { App } from '../../infra/app.ts';
import type { Transaction } from '../../infra/database.ts';
import { ImageFailure, type Rendition } from '../../infra/images/pool.ts';
import { ServerDown } from '../../infra/server-down.ts';
import { changing, writeAt } from '../../infra/shards.ts';
import { DamagedFile, NotStored, StoreFault, TooLarge } from '../../infra/storage/storage.ts';
import { forgetServable, photoFolder } from './addresses.ts';
import { announceGone, removeFolder, removeMedia } from './removal.ts';
import { photoEdited, photoReady } from './schema.ts';
import { masterPath, removeScratch } from './scratch.ts';
import { shelve } from './shelves.ts';
import * as store from './store.ts';

/** A photo that takes its worker with it is given up sooner than one that met a fault of ours, like a full disk. */
const TRIES_MAX = 3;
const FAULTS_MAX = 8;
/** A large rendition is worth its bytes only where it shows clearly more. */
const LARGER_BY = 1.2;
const PASSING = new Set(['busy', 'image_crashed', 'image_timeout', 'image_memory']);
/** A photo that is edited or moved as often as this while it is enlarged is left for later. */
const ENLARGE_TRIES = 3;

const LOST = 'The photo was lost on its way. Send it again.';

function isLost(error: unknown): boolean {
  return error instanceof NotStored || error instanceof DamagedFile;
}

/** What the member is told when bytes that were sent could not be used. */
export function uploadFault(error: unknown): ExpectedError | unknown {
  if (error instanceof TooLarge)
    return new Unusable(
      413,
      'image_too_large',
      `The photo is larger than ${limits.uploadMaxBytes / 1_048_576} MB.`,
    );
  if (isLost(error)) return new Unusable(422, 'image_lost', LOST);
  if (error instanceof StoreFault)
    return new Unavailable('store_down', 'The photo store does not answer just now. Try again in a moment.');
  // Also where it was a worker that met it, of whose errors only the words come over.
  if (error instanceof Error && /\b(ENOSPC|EDQUOT)\b/.test(error.message)) return storageFull();
  if (!(error instanceof ImageFailure)) return error;
  if (error.code === 'busy' || error.code === 'image_crashed')
    return new Unavailable(error.code, 'Too many photos are in work just now. Try again in a moment.');
  return new Unusable(422, error.code, error.message);
}

export function storageFull(): Unavailable {
  return new Unavailable(
    'storage_full',
    'There is no room for more photos just now. The operator must make some.',
    600,
  );
}

/** Binds uploads to a post or an avatar, in its transaction. Throws what is wrong with the first that cannot be bound. */
export async function claimUploads(
  tx: Transaction,
  viewer: AccountId,
  claims: store.Claim[],
  kind: 'photo' | 'avatar',
): Promise<void> {
  const mediaIds = claims.map((claim) => claim.mediaId);
  if (new Set(mediaIds).size < claims.length)
    throw new Invalid('upload_twice', 'The same upload is named twice.');
  const claimed = await store.claimMedia(tx, viewer, claims, kind);
  const refused = mediaIds.find((mediaId) => !claimed.has(mediaId));
  if (!refused) return;
  const media = (await store.selectMediaOf(tx, [refused])).find((row) => row.account_id === viewer);
  if (!media) throw new Invalid('upload_unknown', `There is no upload ${refused} of yours.`);
  if (media.is_expired)
    throw new Conflict('upload_expired', `Upload ${refused} is too old. Send the photo again.`);
  if (media.kind === 'original')
    throw new Invalid('upload_original', `Upload ${refused} is the original of another one.`);
  if (media.state === 'waiting' || media.state === 'receiving')
    throw new Conflict('upload_missing', `The bytes of upload ${refused} have not arrived.`);
  throw new Conflict('upload_used', `Upload ${refused} was used already.`);
}

export type { Claim } from './store.ts';

export function findMedia(app: App, mediaId: MediaId): Promise<store.MediaRow | null> {
  return store.selectMedia(app.shards, mediaId);
}

/** The whole unedited picture as a JPEG, for its owner. */
export async function makeProof(app: App, mediaId: MediaId): Promise<Buffer> {
  try {
    const source = await app.storage.local(store.keys.source(mediaId));
    try {
      return (await app.images.proof(source.path)).bytes;
    } finally {
      await source.release();
    }
  } catch (error) {
    throw uploadFault(error);
  }
}

/** The untouched file, for its owner; throws NotFound where none is kept. */
export async function openOriginal(app: App, mediaId: MediaId) {
  const media = await store.selectMedia(app.shards, mediaId);
  const file = media?.kept_original && (await app.storage.open(store.keys.kept(mediaId)));
  if (!file) throw new NotFound();
  return { ...file, format: media.kept_original?.format ?? 'bin' };
}

// making ------------------------------------------------------------------------------------------------------

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
    await removeScratch(app, mediaId);
    return;
  }
  await store.updateInWork(changing(app.shards, mediaId), mediaId);
  try {
    const shelf = await store.selectWantedShelf(app.shards, mediaId);
    const made = await makeRenditions(app, { ...media, shelf }, 'photo');
    const isReady = await writeAt(app.shards, mediaId, async (tx) => {
      const isNew = await store.updateMediaReady(tx, mediaId, shelf, made);
      // First: it locks the post, then the account to count it, which whoever shares the account by then would wait for.
      await settle(tx);
      await afterMaking(app, tx, { ...media, shelf }, made);
      return isNew;
    });
    // Deleted meanwhile: the files that were just written came after the removal.
    const isGone = !isReady && !(await store.selectMedia(app.shards, mediaId));
    if (isGone) await removeMedia(app, media);
    else await removeScratch(app, mediaId);
    // A try before this one may have stored them on the other shelf, and died.
    if (media.is_in_work)
      await removeFolder(app, pathOf(app, { ...media, shelf: shelf === 'public' ? 'private' : 'public' }));
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
  if (error instanceof ServerDown) throw error;
  if (error instanceof ImageFailure) {
    if (!PASSING.has(error.code)) return error;
    if (error.code === 'busy') throw error;
  } else if (isLost(error)) {
    return { code: 'image_lost', message: LOST };
  }
  const tries = await store.addTry(changing(app.shards, mediaId), mediaId);
  if (tries < (error instanceof ImageFailure ? TRIES_MAX : FAULTS_MAX)) throw error;
  return {
    code: 'image_undeveloped',
    message: 'This photo could not be developed. Send it again in another form.',
  };
}

type Kind = 'photo' | 'avatar' | 'large';

/** Renders with the edits, and stores under the revision and on the shelf, that `media` names. */
export async function makeRenditions(app: App, media: store.MediaRow, kind: Kind): Promise<store.Made> {
  const { media_id: mediaId, edits } = media;
  const source = await app.metrics.timePhoto(
    'fetch',
    app.storage.local(store.keys.source(mediaId), media.sha256 ?? undefined),
  );
  try {
    const made = await app.images.render({
      sourcePath: source.path,
      masterPath: masterPath(app, mediaId),
      edits,
      kind,
    });
    const folder = pathOf(app, media);
    const files = made.renditions.map(({ name, bytes }) => ({ key: `${folder}/${name}.jpg`, bytes }));
    await app.metrics.timePhoto('store', app.storage.putAll(files));
    return { ...made, renditions: made.renditions.map(storedOf) };
  } finally {
    await source.release();
  }
}

function storedOf({ name, width, height, bytes }: Rendition): store.StoredRendition {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { name, width, height, sizeBytes: bytes.length, sha256 };
}

/** In the transaction that makes renditions known: what follows from them. */
async function afterMaking(
  app: App,
  tx: Transaction,
  media: Pick<
    store.MediaRow,
    'media_id' | 'account_id' | 'source_width' | 'source_height' | 'edits' | 'shelf'
  >,
  made: Size,
): Promise<void> {
  // The account or the post may have been hidden or opened while they were made.
  const wanted = await store.selectWantedShelfForShare(tx, media.media_id);
  if (wanted !== media.shelf) await shelve(app, tx, media.account_id);
  const source = { width: media.source_width ?? 0, height: media.source_height ?? 0 };
  const shown = shownSize(source, media.edits.frame);
  if (Math.max(shown.width, shown.height) > Math.max(made.width, made.height) * LARGER_BY)
    await app.queue.enqueue(tx, photoReady, [{ mediaId: media.media_id }]);
}

/** Adds the rendition for large screens; the post is there already. */
export async function enlargePhoto(app: App, mediaId: MediaId): Promise<void> {
  try {
    await addLarge(app, mediaId);
  } finally {
    // A look that needs the mean of the whole picture makes a master again.
    await removeScratch(app, mediaId);
  }
}

async function addLarge(app: App, mediaId: MediaId): Promise<void> {
  for (let tries = 0; tries < ENLARGE_TRIES; tries++) {
    const media = await store.selectMedia(app.shards, mediaId);
    if (media?.state !== 'ready') return;
    const { renditions } = await makeRenditions(app, media, 'large');
    const isKnown =
      renditions.length === 0 ||
      (await writeAt(app.shards, mediaId, (tx) =>
        store.updateRenditions(tx, mediaId, media.revision, media.shelf, renditions),
      ));
    if (isKnown) return;
    // Edited, moved or deleted meanwhile.
    await app.storage.remove(renditions.map(({ name }) => `${pathOf(app, media)}/${name}.jpg`));
  }
  throw new Error('the photo changed again and again while it was enlarged');
}

/** Makes the renditions of a ready photo anew, when files were lost. Throws when the source is lost too. */
export async function developAgain(app: App, mediaId: MediaId): Promise<void> {
  const media = await store.selectMedia(app.shards, mediaId);
  if (media?.state !== 'ready') return;
  const made = await makeRenditions(app, media, media.kind === 'avatar' ? 'avatar' : 'photo');
  const { revision, shelf } = media;
  const isKnown = await writeAt(app.shards, mediaId, async (tx) => {
    const isWritten = await store.updateRenditions(tx, mediaId, revision, shelf, made.renditions);
    if (media.kind === 'photo') await afterMaking(app, tx, media, made);
    return isWritten;
  });
  await removeScratch(app, mediaId);
  if (isKnown) return;
  await removeFolder(app, pathOf(app, media));
  throw new Error(`photo ${mediaId} was edited, moved or deleted while it was made anew`);
}

/**
 * Makes all renditions anew with other edits, at once, under a revision that nobody else writes to. The old ones are
 * gone afterwards, and their addresses with them.
 */
export async function editPhoto(app: App, media: store.MediaRow, edits: Edits): Promise<void> {
  const { media_id: mediaId } = media;
  const revision = await store.reserveRevision(changing(app.shards, mediaId), mediaId);
  const edited = { ...media, edits, shelf: await store.selectWantedShelf(app.shards, mediaId), revision };
  try {
    const made = await makeRenditions(app, edited, 'photo');
    await writeAt(app.shards, mediaId, async (tx) => {
      if (!(await store.updateRevision(tx, media.revision, edited, made)))
        throw new Conflict('photo_changed', 'This photo was changed meanwhile. Look at it again.');
      await afterMaking(app, tx, edited, made);
      await app.queue.enqueue(tx, photoEdited, [{ mediaId, revision: media.revision }]);
    });
  } catch (error) {
    // Where only the answer to the commit was lost, they are the photo's now.
    const now = await store.selectMedia(app.shards, mediaId);
    if (now?.revision !== revision) await removeFolder(app, pathOf(app, edited));
    throw uploadFault(error);
  } finally {
    await removeScratch(app, mediaId);
  }
  forgetServable(app, mediaId);
}

/** What a revision left is removed, and only then are the caches told: they could fetch it again. */
export async function forgetRevision(app: App, mediaId: MediaId, revision: number): Promise<void> {
  const media = await store.selectMedia(app.shards, mediaId);
  if (!media) return;
  // On either shelf: it may have been moved meanwhile.
  const folders = (['public', 'private'] as const).map((shelf) => pathOf(app, { ...media, revision, shelf }));
  for (const folder of folders) await removeFolder(app, folder);
  if (revision === 0) await removeFolder(app, pathOf(app, { ...media, shelf: 'old' }));
  await writeAt(app.shards, mediaId, (tx) => announceGone(app, tx, folders));
}

function pathOf(app: App, media: store.MediaRow): string {
  return photoFolder(app, { ...media, accountId: media.account_id, mediaId: media.media_id });
}
