/**
 * Files of this machine alone that can be made again or sent again: the pieces of uploads under way, masters, and small
 * pictures of uploads. What is found here after a crash is used as far as it goes.
 */
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { MediaId } from '../../../core/ids.ts';
import type { App } from '../../infra/app.ts';

type Scratch = Pick<App, 'config'>;
/** How long what nobody touches is kept. A master is only there to save a second decoding. */
const KEPT_HOURS = { masters: 2, uploads: 48, thumbnails: 168 };
const FOLDERS = ['masters', 'uploads', 'thumbnails'] as const;
const MODE = 0o700;

export function masterPath(app: Scratch, mediaId: MediaId): string {
  return path.join(folderOf(app, 'masters'), mediaId);
}

export function piecesPath(app: Scratch, mediaId: MediaId): string {
  return path.join(folderOf(app, 'uploads'), mediaId);
}

/** A folder for each photo, a file for each of its edits. */
export function thumbnailPath(app: Scratch, mediaId: MediaId, editsHash: string): string {
  return path.join(folderOf(app, 'thumbnails'), mediaId, `${editsHash}.jpg`);
}

/** How many bytes of the upload have arrived in pieces. */
export async function countPieceBytes(app: Scratch, mediaId: MediaId): Promise<number> {
  return (await stat(piecesPath(app, mediaId)).catch(nothing))?.size ?? 0;
}

/** Adds what arrives to the pieces. When the body breaks off, what came before that stays. */
export async function appendPiece(
  app: Scratch,
  mediaId: MediaId,
  body: AsyncIterable<Uint8Array>,
): Promise<void> {
  await mkdir(folderOf(app, 'uploads'), { recursive: true, mode: MODE });
  await pipeline(body, createWriteStream(piecesPath(app, mediaId), { flags: 'a', mode: 0o600 }));
}

export async function removeScratch(app: Scratch, mediaId: MediaId): Promise<void> {
  for (const folder of FOLDERS)
    await rm(path.join(folderOf(app, folder), mediaId), { force: true, recursive: true });
}

/** Removes what nobody has touched for long; gives how many files. */
export async function sweepScratch(app: Pick<App, 'config' | 'clock'>): Promise<number> {
  let swept = 0;
  for (const folder of FOLDERS) {
    for (const name of await readdir(folderOf(app, folder)).catch(() => [])) {
      const file = path.join(folderOf(app, folder), name);
      const found = await stat(file).catch(nothing);
      if (!found || app.clock.nowMs() - found.mtimeMs < KEPT_HOURS[folder] * 3_600_000) continue;
      await rm(file, { force: true, recursive: true });
      swept++;
    }
  }
  return swept;
}

function folderOf(app: Scratch, name: keyof typeof KEPT_HOURS): string {
  return path.join(app.config.dataDir, 'scratch', name);
}

function nothing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
  throw error;
}
