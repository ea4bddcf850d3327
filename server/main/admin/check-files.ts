/** Photo rows and the files in the store, compared in both directions. */
import { createHash } from 'node:crypto';
import type { AccountId, MediaId } from '../../../core/ids.ts';
import { photoFolder } from '../../features/media/addresses.ts';
import { developAgain } from '../../features/media/media.ts';
import type { Shelf } from '../../features/media/schema.ts';
import { shelve } from '../../features/media/shelves.ts';
import { type KeptOriginal, keys, type StoredRendition } from '../../features/media/store.ts';
import type { App } from '../../infra/app.ts';
import { readEach, writeAt } from '../../infra/shards.ts';
import { sql } from '../../infra/sql.ts';
import type { Check, Difference } from './check.ts';

const BATCH = 500;
/** Files younger than this may belong to an upload or an edit under way. */
const GRACE_MS = 2 * 3_600_000;
const FOLDERS = ['originals/', 'kept/', 'public/', 'private/', 'photos/'];

type Row = {
  media_id: MediaId;
  account_id: AccountId;
  kind: string;
  state: string;
  revision: number;
  shelf: Shelf;
  is_private: boolean;
  sha256: string | null;
  size_bytes: string | null;
  renditions: StoredRendition[];
  kept_original: KeptOriginal | null;
};

async function* readPhotos(app: App): AsyncIterable<Row> {
  for (const { database } of app.shards.servers) {
    for (let after = '0'; ; ) {
      const photos = await database.rows<Row>(sql`
        select media_id, account_id, kind, media.state, revision, shelf, is_private, sha256, size_bytes, renditions, kept_original
        from media join accounts using (account_id)
        where media_id > ${after} and media.state = 'ready' order by media_id limit ${BATCH}`);
      yield* photos;
      const last = photos.at(-1);
      if (!last) break;
      after = last.media_id;
    }
  }
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
  async *find(app): AsyncIterable<Difference> {
    for await (const row of readPhotos(app)) {
      for (const { key, sizeBytes, repair } of filesOf(app, row)) {
        const file = await app.storage.stat(key);
        if (file?.sizeBytes !== sizeBytes)
          yield lostFile(row, key, `has ${file?.sizeBytes ?? 'no'} bytes instead of ${sizeBytes}`, repair);
      }
      const shelf = row.is_private && row.kind !== 'avatar' ? 'private' : 'public';
      if (row.shelf !== shelf)
        yield {
          key: `photo ${row.media_id}`,
          is: `lies on the shelf "${row.shelf}" instead of "${shelf}"`,
          repair: () => writeAt(app.shards, row.account_id, (tx) => shelve(app, tx, row.account_id)),
        };
    }
    yield* orphanedFiles(app);
  },
};

/** Reads every byte, so only when it is asked for. */
export const checkChecksums: Check = {
  name: 'checksums of photo files',
  async *find(app): AsyncIterable<Difference> {
    for await (const row of readPhotos(app))
      for (const { key, sha256, repair } of filesOf(app, row)) {
        const file = await app.storage.open(key);
        if (!file) continue;
        const hash = createHash('sha256');
        for await (const chunk of file.stream) hash.update(chunk);
        if (hash.digest('hex') !== sha256) yield lostFile(row, key, 'has another checksum', repair);
      }
  },
};

/** A rendition can be made again from the source; a source or a kept original cannot. */
function lostFile(row: Row, key: string, is: string, canRepair?: true): Difference {
  return {
    key: `photo ${row.media_id}, ${key}`,
    is: canRepair ? is : `${is}; only a backup has it`,
    repair: async (app) => {
      if (canRepair) await developAgain(app, row.media_id);
    },
  };
}

async function* orphanedFiles(app: App): AsyncIterable<Difference> {
  for (const folder of FOLDERS) {
    let batch: { key: string; mediaId: MediaId }[] = [];
    for await (const { key, modifiedMs } of app.storage.list(folder)) {
      const ids = key.split('/').filter((part) => /^\d{3,19}$/.test(part));
      const mediaId = ids.at(-1) as MediaId | undefined;
      if (mediaId && app.clock.nowMs() - modifiedMs > GRACE_MS) batch.push({ key, mediaId });
      if (batch.length < BATCH) continue;
      yield* withoutRow(app, batch);
      batch = [];
    }
    yield* withoutRow(app, batch);
  }
}

async function* withoutRow(app: App, files: { key: string; mediaId: MediaId }[]): AsyncIterable<Difference> {
  const rows = await readEach<Row, MediaId>(
    app.shards,
    [...new Set(files.map((file) => file.mediaId))],
    (share) => sql`
    select media_id, account_id, kind, state, revision, shelf, renditions, kept_original from media where media_id = any(${share})`,
  );
  const known = new Map(rows.map((row) => [row.media_id, row]));
  for (const { key, mediaId } of files) {
    const row = known.get(mediaId);
    if (row && belongs(app, row, key)) continue;
    const is = row ? 'belongs to its photo no more' : 'belongs to no photo';
    yield { key: `file ${key}`, is, repair: () => app.storage.remove([key]) };
  }
}

function belongs(app: App, row: Row, key: string): boolean {
  if (key === keys.source(row.media_id)) return true;
  if (key === keys.kept(row.media_id)) return row.kept_original !== null;
  // What a photo in work has stored so far is not in its row yet.
  if (row.state !== 'ready') return true;
  return row.renditions.some(({ name }) => key === `${folderOf(app, row)}/${name}.jpg`);
}
