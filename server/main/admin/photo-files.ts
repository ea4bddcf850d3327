/** Photographs in files, for the verbs that try filters out: read as the media worker reads uploads, but of any size. */
import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { type Engine, openEngine, type Pixels } from '../../../core/look/engine.ts';
import { OperatorFault } from '../progress.ts';

const KERNEL = new URL('../../../core/look/kernel.wasm', import.meta.url);

export async function openKernelEngine(): Promise<Engine> {
  return await openEngine(new Uint8Array(await readFile(KERNEL)));
}

/** A JPEG or PNG, upright, in sRGB; made smaller to fit into `maxSide` px both ways where that is given. */
export async function readPhoto(file: string, maxSide?: number): Promise<Pixels> {
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw new OperatorFault(
      error.code === 'ENOENT' ? `There is no file ${file}.` : `${file} cannot be read: ${error.message}`,
    );
  });
  try {
    const { format } = await sharp(bytes).metadata();
    if (format !== 'jpeg' && format !== 'png') throw new Error(`it is a picture of the kind "${format}"`);
    const photo = sharp(bytes).autoOrient().toColourspace('srgb');
    if (maxSide) photo.resize({ width: maxSide, height: maxSide, fit: 'inside', withoutEnlargement: true });
    const { data, info } = await photo.raw().toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    if (channels !== 3 && channels !== 4) throw new Error(`it has ${channels} channels`);
    return { data, width, height, channels };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new OperatorFault(`${file} cannot be read as a JPEG or PNG: ${reason}.`);
  }
}
