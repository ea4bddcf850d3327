/**
 * Small pictures of uploads that are not published yet, for their owner. They are made when they are looked at, and kept
 * among the files of this machine.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Edits } from '../../../core/edits.ts';
import type { AccountId, MediaId } from '../../../core/ids.ts';
import { Limited, NotFound } from '../../errors.ts';
import type { App } from '../../infra/app.ts';
import { makeProof, uploadFault } from './media.ts';
import { masterPath, thumbnailPath } from './scratch.ts';
import * as store from './store.ts';

const HASH_CHARACTERS = 16;
const WAITING_MAX = 60;

export type Thumbnail = { mediaId: MediaId; edits: Edits };

/** Another one for other edits, so that browsers may keep what has it in its address. */
export function hashOfEdits(edits: Edits): string {
  return createHash('sha256').update(JSON.stringify(edits)).digest('hex').slice(0, HASH_CHARACTERS);
}

/** Null when it is yet to be made. */
export async function findThumbnail(app: App, { mediaId, edits }: Thumbnail): Promise<Buffer | null> {
  return readFile(thumbnailPath(app, mediaId, hashOfEdits(edits))).catch((error) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
}

/** A JPEG of at most 320 px in width, with the edits. Throws Limited, Unusable, Unavailable. */
export function makeThumbnail(app: App, viewer: AccountId, thumbnail: Thumbnail): Promise<Buffer> {
  return inTurn(
    viewer,
    async () => (await findThumbnail(app, thumbnail)) ?? (await renderThumbnail(app, thumbnail)),
  );
}

/** The whole picture without edits, for whoever goes on with it on another device. */
export function makeUploadProof(app: App, viewer: AccountId, mediaId: MediaId): Promise<Buffer> {
  return inTurn(viewer, () => makeProof(app, mediaId));
}

type Turns = { last: Promise<unknown>; waiting: number };
const turns = new Map<AccountId, Turns>();

/** A page shows very many: one member has one in work at a time, so that others come in between. */
async function inTurn<Result>(viewer: AccountId, work: () => Promise<Result>): Promise<Result> {
  const line = turns.get(viewer) ?? { last: Promise.resolve(), waiting: 0 };
  if (line.waiting >= WAITING_MAX)
    throw new Limited(2, 'Your other pictures are still being made. Try again.');
  turns.set(viewer, line);
  line.waiting++;
  const mine = line.last.then(work);
  line.last = mine.catch(() => undefined);
  try {
    return await mine;
  } finally {
    line.waiting--;
    if (line.waiting === 0) turns.delete(viewer);
  }
}

async function renderThumbnail(app: App, { mediaId, edits }: Thumbnail): Promise<Buffer> {
  const master = masterPath(app, mediaId);
  const hadMaster = await stat(master).catch(() => null);
  try {
    const source = await app.storage.local(store.keys.source(mediaId));
    try {
      const job = { sourcePath: source.path, masterPath: master, edits, kind: 'draft' } as const;
      const [made] = (await app.images.render(job)).renditions;
      if (!made) throw new NotFound();
      // A worker's bytes come over as a plain array.
      const bytes = Buffer.from(made.bytes);
      await keep(thumbnailPath(app, mediaId, hashOfEdits(edits)), bytes);
      return bytes;
    } finally {
      await source.release();
    }
  } catch (error) {
    throw uploadFault(error);
  } finally {
    if (!hadMaster) await rm(master, { force: true });
  }
}

/** It has its name only when all of it is there. */
async function keep(file: string, bytes: Buffer): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  const part = `${file}.${randomUUID()}`;
  await writeFile(part, bytes, { mode: 0o600 });
  await rename(part, file);
}
