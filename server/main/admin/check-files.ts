/** Photo rows and the files in the store, compared in both directions. */
import { createHash } from 'node:crypto';
import type { AccountId, MediaId, PostId } from '../../../core/ids.ts';
import { accountDeleted, photosMisplaced } from '../../features/accounts/schema.ts';
import { photoFolder } from '../../features/media/addresses.ts';
import { developAgain } from '../../features/media/media.ts';
import { mediaDropped, photoEdited, photoReady, type Shelf } from '../../features/media/schema.ts';
import { shelve } from '../../features/media/shelves.ts';
import { type KeptOriginal, keys, type StoredRendition } from '../../features/media/store.ts';
import { photoClaimed, postDeleted } from '../../features/posts/schema.ts';
import type { App } from '../../infra/app.ts';
import { writeAt } from '../../infra/shards.ts';
import { type Statement, sql } from '../../infra/sql.ts';
import { ask, type Check, type Difference, type Mender, type Sight, scan } from './check-differences.ts';

const BATCH = 500;
/** Files younger than this may belong to an upload or an edit under way. */
const GRACE_MS = 2 * 3_600_000;
const FOLDERS = ['originals/', 'kept/', 'public/', 'private/', 'photos/'];

type Row = {
  media_id: MediaId;
  account_id: AccountId;
  post_id: PostId | null;
  kind: string;
  state: string;
  revision: number;
  shelf: Shelf;
  wanted_shelf: 'public' | 'private';
  sha256: string | null;
  size_bytes: string | null;
  renditions: StoredRendition[];
  kept_original: KeptOriginal | null;
};

function readPhotos(sight: Sight): AsyncIterable<Row[]> {
  return scan<Row>(
    sight,
    (after, shards) => sql`
      select photo.*, sha256, size_bytes, kept_original
      from photo_shelves as photo join media using (media_id)
      where media_id > ${after?.media_id ?? '0'} and photo.state = 'ready'
        and get_bit(${shards}::bytea, ((media_id >> 10) & 8191)::integer) = 1 order by media_id limit ${BATCH}`,
  );
}

/** Also those that are not ready. */
function photosOf(mediaIds: MediaId[]): Statement {
  return sql`
    select photo.*, sha256, size_bytes, kept_original
    from photo_shelves as photo join media using (media_id) where media_id = any(${mediaIds}::bigint[])`;
}

const folderOf = (app: App, row: Row) =>
  photoFolder(app, { ...row, accountId: row.account_id, mediaId: row.media_id });

/** Every file that a photo's row says is there. */
function filesOf(app: App, row: Row): { key: string; sizeBytes: number; sha256: string; repair?: true }[] {
  const source = {
    key: keys.source(row.media_id),
    sizeBytes: Number(row.size_bytes),
    sha256: row.sha256 ?? '',
  };
  const kept = row.kept_original ? [{ key: keys.kept(row.media_id), ...row.kept_original }] : [];
  const renditions = row.renditions.map((each) => ({
    ...each,
    key: `${folderOf(app, row)}/${each.name}.jpg`,
    repair: true as const,
  }));
  return [source, ...kept, ...renditions];
}

export const checkFiles: Check = {
  name: 'photo files',
  async *find(sight): AsyncIterable<Difference[]> {
    for await (const rows of readPhotos(sight)) for (const row of rows) yield wrongFiles(sight, row);
    yield* orphanedFiles(sight);
  },
};

async function wrongFiles(sight: Sight, row: Row): Promise<Difference[]> {
  const { app } = sight;
  const wrong: Difference[] = [];
  for (const file of filesOf(app, row)) {
    const sizeBytes = (await app.storage.stat(file.key))?.sizeBytes;
    if (sizeBytes !== file.sizeBytes)
      wrong.push(
        lostFile(sight, row, file, `has ${sizeBytes ?? 'no'} bytes instead of ${file.sizeBytes}`, wrongFiles),
      );
  }
  const shelf = row.wanted_shelf;
  const key = `photo ${row.media_id}`;
  if (row.shelf !== shelf)
    wrong.push({
      key,
      is: `lies on the shelf "${row.shelf}" instead of "${shelf}"`,
      menders: mendersOf(row),
      again: () => lookAgain(sight, row, key, wrongFiles),
      repair: () => writeAt(app.shards, row.account_id, (tx) => shelve(app, tx, row.account_id)),
    });
  return wrong;
}

/** Reads every byte, so only when it is asked for. */
export const checkChecksums: Check = {
  name: 'checksums of photo files',
  async *find(sight): AsyncIterable<Difference[]> {
    for await (const rows of readPhotos(sight)) for (const row of rows) yield wrongChecksums(sight, row);
  },
};

async function wrongChecksums(sight: Sight, row: Row): Promise<Difference[]> {
  const wrong: Difference[] = [];
  for (const file of filesOf(sight.app, row)) {
    const stored = await sight.app.storage.open(file.key);
    if (!stored) continue;
    const hash = createHash('sha256');
    for await (const chunk of stored.stream) hash.update(chunk);
    if (hash.digest('hex') !== file.sha256)
      wrong.push(lostFile(sight, row, file, 'has another checksum', wrongChecksums));
  }
  return wrong;
}

type Look = (sight: Sight, row: Row) => Promise<Difference[]>;

/** A rendition can be made again from the source; a source or a kept original cannot. */
function lostFile(
  sight: Sight,
  row: Row,
  file: { key: string; repair?: true },
  is: string,
  look: Look,
): Difference {
  const key = `photo ${row.media_id}, ${file.key}`;
  return {
    key,
    is: file.repair ? is : `${is}; only a backup has it`,
    menders: mendersOf(row),
    again: () => lookAgain(sight, row, key, look),
    repair: async (app) => {
      if (file.repair) await developAgain(app, row.media_id);
    },
  };
}

async function lookAgain(sight: Sight, row: Row, key: string, look: Look): Promise<Difference | null> {
  const { rows } = await ask<Row, MediaId>(sight, [row.media_id], photosOf);
  const [now] = rows;
  if (now?.state !== 'ready') return null;
  return (await look(sight, now)).find((each) => each.key === key) ?? null;
}

function mendersOf({ media_id, account_id, post_id }: Row): Mender[] {
  return [
    ...[photoClaimed, photoReady, photoEdited, mediaDropped].map((kind) => ({
      kind,
      fields: ['mediaId'],
      values: [media_id],
    })),
    ...[photosMisplaced, accountDeleted].map((kind) => ({
      kind,
      fields: ['accountId'],
      values: [account_id],
    })),
    ...(post_id ? [{ kind: postDeleted, fields: ['postId'], values: [post_id] }] : []),
  ];
}

type StoredFile = { key: string; mediaId: MediaId };

async function* orphanedFiles(sight: Sight): AsyncIterable<Difference[]> {
  const { app } = sight;
  for (const folder of FOLDERS) {
    let batch: StoredFile[] = [];
    for await (const { key, modifiedMs } of app.storage.list(folder)) {
      const ids = key.split('/').filter((part) => /^\d{3,19}$/.test(part));
      const mediaId = ids.at(-1) as MediaId | undefined;
      if (mediaId && app.clock.nowMs() - modifiedMs > GRACE_MS) batch.push({ key, mediaId });
      if (batch.length < BATCH) continue;
      yield withoutRow(sight, batch);
      batch = [];
    }
    yield withoutRow(sight, batch);
  }
}

async function withoutRow(sight: Sight, files: StoredFile[]): Promise<Difference[]> {
  const { rows, isSeen } = await ask<Row, MediaId>(
    sight,
    files.map((file) => file.mediaId),
    photosOf,
  );
  const known = new Map(rows.map((row) => [row.media_id, row]));
  const lost = files.filter(({ key, mediaId }) => {
    const row = known.get(mediaId);
    return row ? !belongs(sight.app, row, key) : isSeen(mediaId);
  });
  return lost.map((file) => ({
    key: `file ${file.key}`,
    is: known.has(file.mediaId) ? 'belongs to its photo no more' : 'belongs to no photo',
    menders: [photoEdited, photoReady, mediaDropped].map((kind) => ({
      kind,
      fields: ['mediaId'],
      values: [file.mediaId],
    })),
    again: async () =>
      (await sight.app.storage.stat(file.key)) ? ((await withoutRow(sight, [file]))[0] ?? null) : null,
    repair: (app) => app.storage.remove([file.key]),
  }));
}

function belongs(app: App, row: Row, key: string): boolean {
  if (key === keys.source(row.media_id)) return true;
  if (key === keys.kept(row.media_id)) return row.kept_original !== null;
  // What a photo in work has stored so far is not in its row yet.
  if (row.state !== 'ready') return true;
  return row.renditions.some(({ name }) => key === `${folderOf(app, row)}/${name}.jpg`);
}
