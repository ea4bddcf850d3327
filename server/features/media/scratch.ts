/**
 * Files of this machine alone that can be made again or sent again: the pieces of uploads under way, and masters. What
 * is found here after a crash is used as far as it goes.
 */
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { MediaId } from '../../../core/ids.ts';
import type { App } from '../../infra/app.ts';

type Scratch = Pick<App, 'config'>;
/** How long what nobody touches is kept. A master is only there to save a second decoding. */
const KEPT_HOURS = { masters: 2, uploads: 48 };
const MODE = 0o700;

export function masterPath(app: Scratch, mediaId: MediaId): string {
  return path.join(folderOf(app, 'masters'), mediaId);
}

export function piecesPath(app: Scratch, mediaId: MediaId): string {
  return path.join(folderOf(app, 'uploads'), mediaId);
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
  for (const file of [masterPath(app, mediaId), piecesPath(app, mediaId)]) await rm(file, { force: true });
}

/** Removes what nobody has touched for long; gives how many files. */
export async function sweepScratch(app: Pick<App, 'config' | 'clock'>): Promise<number> {
  let swept = 0;
  for (const folder of ['masters', 'uploads'] as const) {
    for (const name of await readdir(folderOf(app, folder)).catch(() => [])) {
      const file = path.join(folderOf(app, folder), name);
      const found = await stat(file).catch(nothing);
      if (!found || app.clock.nowMs() - found.mtimeMs < KEPT_HOURS[folder] * 3_600_000) continue;
      await rm(file, { force: true });
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
