/**
 * How the bytes of a photo come in: ticket → bytes → claimed by a post or an avatar. They come whole, in pieces that go
 * on where they were broken off (tus), or straight to the object store. They are decoded when the last has arrived, so
 * that a bad photo is refused there and then. What nobody claims in time is removed.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { type AccountId, type MediaId, type PostId, shardOf } from '../../../core/ids.ts';
import { limits } from '../../../core/limits.ts';
import { Conflict, ExpectedError, Limited, NotFound, Unusable } from '../../errors.ts';
import type { App } from '../../infra/app.ts';
import type { Transaction } from '../../infra/database.ts';
import { answering, changing, writeAt } from '../../infra/shards.ts';
import { TooLarge, type UploadForm } from '../../infra/storage/storage.ts';
import { selectNextId } from '../accounts/store.ts';
import { storageFull, uploadFault } from './media.ts';
import { removeMedia } from './removal.ts';
import type { Uploaded } from './schema.ts';
import {
  appendPiece,
  countPieceBytes,
  masterPath,
  piecesPath,
  removeScratch,
  sweepScratch,
} from './scratch.ts';
import * as store from './store.ts';

const TICKET_HOURS = 24;
/** A form works as often as it is sent until then, whatever became of its ticket. */
const FORM_MINUTES = 60;
const UNCLAIMED_MAX = 60;
const UNCLAIMED_BYTES_MAX = 1024 ** 3;
/** How long a receiver that died keeps its ticket from others. */
const RECEIVING_MINUTES = 5;
/** Below this no photo is taken, so that the database on the same disk can go on. */
const FREE_BYTES_MIN = 1024 ** 3;
const SWEEP = 100;

export type TicketWish = { sha256?: string; sizeBytes?: number; originalOf?: MediaId };
export type Ticket = {
  uploadId: MediaId;
  expiresAt: Date;
  form: UploadForm | null;
  known: Uploaded | null;
  knownPostId: PostId | null;
};

/** Throws Limited, Unavailable storage_full, or NotFound for an original of a photo that is not there. */
export async function openTicket(app: App, viewer: AccountId, wish: TicketWish): Promise<Ticket> {
  const freeBytes = await app.storage.freeBytes();
  if (freeBytes !== null && freeBytes < FREE_BYTES_MIN) throw storageFull();
  const uploadId = await writeAt(app.shards, viewer, async (tx) => {
    const unclaimed = await store.countUnclaimed(tx, viewer);
    if (unclaimed.count >= UNCLAIMED_MAX || unclaimed.bytes + (wish.sizeBytes ?? 0) > UNCLAIMED_BYTES_MAX)
      throw new Limited(60, 'Too many uploads are under way. Publish them first, or throw some away.');
    if (wish.originalOf) await refuseOriginal(tx, viewer, wish.originalOf);
    const mediaId = await selectNextId<MediaId>(tx, shardOf(viewer));
    await store.insertMedia(tx, mediaId, viewer, {
      kind: wish.originalOf ? 'original' : 'photo',
      hours: TICKET_HOURS,
      sha256: wish.sha256 ?? null,
      sizeBytes: wish.sizeBytes ?? null,
      originalOf: wish.originalOf ?? null,
    });
    return mediaId;
  });
  const known = wish.sha256 && !wish.originalOf ? await takeKnown(app, viewer, uploadId, wish.sha256) : null;
  const form = await app.storage.formFor(store.keys.incoming(uploadId), {
    maxBytes: wish.sizeBytes ?? limits.uploadMaxBytes,
    minutes: FORM_MINUTES,
    contentTypes: ['application/octet-stream'],
  });
  return {
    uploadId,
    expiresAt: new Date(app.clock.nowMs() + TICKET_HOURS * 3_600_000),
    form,
    known: known?.uploaded ?? null,
    knownPostId: known?.postId ?? null,
  };
}

async function refuseOriginal(tx: Transaction, viewer: AccountId, mediaId: MediaId): Promise<void> {
  const [photo] = await store.selectMediaOf(tx, [mediaId]);
  if (photo?.account_id !== viewer || photo.kind !== 'photo') throw new NotFound();
  if (photo.kept_original) throw new Conflict('original_kept', 'The original of this photo is kept already.');
}

/** The same bytes of the same member need not be sent again: they are copied here. Null when there are none, or not any more. */
async function takeKnown(app: App, viewer: AccountId, uploadId: MediaId, sha256: string) {
  const found = await store.selectKnown(app.shards, viewer, sha256);
  const file = found && (await app.storage.open(store.keys.source(found.media_id)));
  if (!file) return null;
  try {
    const uploaded = await takeUpload(
      app,
      viewer,
      uploadId,
      () => app.storage.receive(store.keys.source(uploadId), file.stream, limits.uploadMaxBytes),
      { isCopy: true },
    );
    return { uploaded, postId: found.post_id };
  } catch (error) {
    // Then it is sent like any other.
    app.log.warn({ err: error }, 'a known photo could not be copied');
    return null;
  } finally {
    file.stream.destroy();
  }
}

/**
 * Takes the bytes of one photo. When it throws, the ticket is as it was, or gone with a photo that cannot be used, and
 * nothing is left in the store.
 */
export async function receiveUpload(
  app: App,
  viewer: AccountId,
  mediaId: MediaId,
  body: AsyncIterable<Uint8Array>,
): Promise<Uploaded> {
  return takeUpload(app, viewer, mediaId, async (media) => {
    const maxBytes = Number(media.announced_bytes ?? limits.uploadMaxBytes);
    return app.storage.receive(store.keys.source(mediaId), body, maxBytes);
  });
}

/** The bytes are here in pieces, or in the store already. Repeated, it gives the same answer. */
export async function completeUpload(app: App, viewer: AccountId, mediaId: MediaId): Promise<Uploaded> {
  const media = await mustOwn(app, viewer, mediaId);
  if (media.state !== 'waiting' && media.state !== 'receiving') return uploadedOf(media);
  const pieceBytes = await countPieceBytes(app, mediaId);
  if (pieceBytes === 0 && !(await findInStore(app, mediaId))) throw missing(mediaId);
  if (pieceBytes > 0 && pieceBytes !== Number(media.announced_bytes)) throw missing(mediaId);
  return takeUpload(app, viewer, mediaId, async () => {
    if (pieceBytes === 0) {
      await app.storage.move(store.keys.incoming(mediaId), store.keys.source(mediaId));
      return null;
    }
    const pieces = createReadStream(piecesPath(app, mediaId));
    return app.storage.receive(store.keys.source(mediaId), pieces, limits.uploadMaxBytes);
  });
}

/** Where a form put it, or where the try before this one moved it to. */
async function findInStore(app: App, mediaId: MediaId): Promise<boolean> {
  const { incoming, source } = store.keys;
  return ((await app.storage.stat(incoming(mediaId))) ?? (await app.storage.stat(source(mediaId)))) !== null;
}

function missing(mediaId: MediaId): Conflict {
  return new Conflict('upload_missing', `The bytes of upload ${mediaId} have not arrived.`);
}

/** One piece, at the place where the last one ended. Gives where this one ended. */
export async function receivePiece(
  app: App,
  viewer: AccountId,
  mediaId: MediaId,
  offset: number,
  body: AsyncIterable<Uint8Array>,
): Promise<number> {
  const media = await mustOwn(app, viewer, mediaId);
  if (media.announced_bytes === null)
    throw new Conflict('upload_size_unknown', 'Pieces need a ticket that was asked for with sizeBytes.');
  if (media.state !== 'waiting') throw used();
  if (piecesUnderWay.has(mediaId))
    throw new ExpectedError(423, 'upload_locked', 'Another piece of this upload is being received.');
  piecesUnderWay.add(mediaId);
  try {
    const before = await countPieceBytes(app, mediaId);
    if (offset !== before)
      throw new Conflict('upload_offset', `The next piece of this upload begins at byte ${before}.`);
    await appendPiece(app, mediaId, bounded(body, Number(media.announced_bytes) - before));
  } catch (error) {
    throw uploadFault(error);
  } finally {
    piecesUnderWay.delete(mediaId);
  }
  return countPieceBytes(app, mediaId);
}

/** Two pieces at once would be mixed up. */
const piecesUnderWay = new Set<MediaId>();

async function* bounded(body: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Uint8Array> {
  let left = bytes;
  for await (const chunk of body) {
    left -= chunk.length;
    if (left < 0)
      throw new Unusable(413, 'upload_too_long', 'More bytes came than the ticket was asked for.');
    yield chunk;
  }
}

export async function describeUpload(app: App, viewer: AccountId, mediaId: MediaId) {
  const media = await mustOwn(app, viewer, mediaId);
  const isHere = media.state !== 'waiting' && media.state !== 'receiving';
  return {
    uploadId: mediaId,
    state: publicState(media),
    receivedBytes: isHere ? Number(media.size_bytes) : await countPieceBytes(app, mediaId),
    sizeBytes: media.announced_bytes === null ? null : Number(media.announced_bytes),
    uploaded: isHere ? uploadedOf(media) : null,
    expiresAt: media.expires_at?.toISOString() ?? null,
  };
}

function publicState({ state }: store.MediaRow): 'waiting' | 'receiving' | 'uploaded' | 'claimed' | 'failed' {
  if (state === 'developing' || state === 'ready') return 'claimed';
  return state;
}

export async function dropUpload(app: App, viewer: AccountId, mediaId: MediaId): Promise<void> {
  const media = await mustOwn(app, viewer, mediaId);
  // The row first: once it is gone, nothing can claim the files.
  if (!(await store.deleteUnclaimed(changing(app.shards, mediaId), mediaId, viewer))) throw new NotFound();
  await removeMedia(app, media);
}

type Brought = { sizeBytes: number; sha256: string };

/** Holds the ticket while `bring` brings the bytes into the store (null: they are there already), then looks at them. */
async function takeUpload(
  app: App,
  viewer: AccountId,
  mediaId: MediaId,
  bring: (media: store.MediaRow) => Promise<Brought | null>,
  { isCopy = false } = {},
): Promise<Uploaded> {
  const row = changing(app.shards, mediaId);
  const media = await mustOwn(app, viewer, mediaId);
  if (media.is_expired)
    throw new Conflict('upload_expired', 'This upload ticket is too old. Ask for a new one.');
  if (!(await store.updateReceiving(row, mediaId, RECEIVING_MINUTES))) throw used();
  let wasThere = false;
  try {
    const brought = await app.metrics.timePhoto('receive', bring(media));
    wasThere = brought === null;
    const uploaded = await lookAt(app, media, brought);
    await removePieces(app, mediaId);
    return uploaded;
  } catch (error) {
    const answer = uploadFault(error);
    // Where only an answer of the database was lost, the photo may be there.
    if ((await store.selectMedia(app.shards, mediaId))?.state === 'uploaded') throw answer;
    const isForGood = answer instanceof Unusable && !isCopy;
    // What lies in the store by the sender's own hand can be tried again without sending it again.
    if (isForGood || !wasThere) await app.storage.remove([store.keys.source(mediaId)]);
    if (isForGood || answer instanceof Damaged) await removeScratch(app, mediaId);
    else await rm(masterPath(app, mediaId), { force: true });
    if (isForGood) await store.deleteMedia(row, [mediaId]);
    else await store.updateWaiting(row, mediaId);
    throw answer;
  }
}

class Damaged extends ExpectedError {
  constructor() {
    super(422, 'upload_damaged', 'The photo was damaged on its way. Send it again.');
  }
}

async function lookAt(app: App, media: store.MediaRow, brought: Brought | null): Promise<Uploaded> {
  const file = await app.storage.local(store.keys.source(media.media_id));
  try {
    const found = brought ?? (await measure(file.path));
    if (found.sizeBytes > limits.uploadMaxBytes) throw new TooLarge('larger than the form allows');
    if (media.announced_sha256 && media.announced_sha256 !== found.sha256) throw new Damaged();
    if (media.kind === 'original') return await keepOriginal(app, media, file.path, found);
    return await developUpload(app, media.media_id, file.path, found);
  } finally {
    await file.release();
  }
}

async function measure(path: string): Promise<Brought> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of createReadStream(path)) {
    hash.update(chunk);
    sizeBytes += chunk.length;
  }
  return { sizeBytes, sha256: hash.digest('hex') };
}

async function developUpload(app: App, mediaId: MediaId, path: string, brought: Brought): Promise<Uploaded> {
  const found = await app.images.develop(path, masterPath(app, mediaId));
  if (!(await store.updateMediaUploaded(changing(app.shards, mediaId), mediaId, { ...found, ...brought })))
    throw new NotFound();
  const { width, height, thumbhash, averageColour, takenAt } = found;
  return { uploadId: mediaId, width, height, thumbhash, averageColour, takenAt };
}

/** The ticket becomes part of the photo that it was asked for. */
async function keepOriginal(
  app: App,
  media: store.MediaRow,
  path: string,
  brought: Brought,
): Promise<Uploaded> {
  const photoId = media.original_of;
  if (!photoId) throw new Error(`the original ${media.media_id} belongs to nothing`);
  const { format } = await app.images.inspect(path);
  await writeAt(app.shards, photoId, async (tx) => {
    const photo = await store.selectForOriginal(tx, photoId, media.account_id);
    if (!photo) throw new Conflict('photo_gone', 'The photo of this original is gone.');
    if (photo.has_original)
      throw new Conflict('original_kept', 'The original of this photo is kept already.');
    await app.storage.move(store.keys.source(media.media_id), store.keys.kept(photoId));
    await store.updateKeptOriginal(tx, photoId, { ...brought, format });
    await store.deleteMedia(tx, [media.media_id]);
  });
  return uploadedOf(await mustOwn(app, media.account_id, photoId));
}

async function removePieces(app: App, mediaId: MediaId): Promise<void> {
  await rm(piecesPath(app, mediaId), { force: true });
}

async function mustOwn(app: App, viewer: AccountId, mediaId: MediaId): Promise<store.MediaRow> {
  const media = await store.selectMedia(app.shards, mediaId);
  if (media?.account_id !== viewer) throw new NotFound();
  return media;
}

function uploadedOf(media: store.MediaRow): Uploaded {
  return {
    uploadId: media.media_id,
    width: media.width ?? 0,
    height: media.height ?? 0,
    thumbhash: media.thumbhash ?? '',
    averageColour: media.average_colour ?? '',
    takenAt: media.taken_at,
  };
}

function used(): Conflict {
  return new Conflict('upload_used', 'This upload ticket was used already. Ask for a new one.');
}

/** Removes what was uploaded and never claimed; gives how many. */
export async function sweepUploads(app: App): Promise<number> {
  let swept = 0;
  for (const { database } of answering(app.shards)) {
    for (let expired = await store.deleteExpired(database, SWEEP); expired.length > 0; ) {
      for (const media of expired) await removeMedia(app, media);
      swept += expired.length;
      expired = expired.length < SWEEP ? [] : await store.deleteExpired(database, SWEEP);
    }
  }
  await sweepScratch(app);
  await sweepIncoming(app);
  await app.storage.removeAbandoned(2 * TICKET_HOURS * 3_600_000);
  return swept;
}

/** What forms sent and nobody completed, or sent once more afterwards. */
async function sweepIncoming(app: App): Promise<void> {
  const before = app.clock.nowMs() - (TICKET_HOURS + 1) * 3_600_000;
  const old: string[] = [];
  for await (const { key, modifiedMs } of app.storage.list('incoming/'))
    if (modifiedMs < before) old.push(key);
  await app.storage.remove(old);
}
