/** The master's file: magic, width, height and CRC-32 of the pixels, 4 bytes each, big-endian, then the pixels. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import type { Size } from '../../../core/frame.ts';

/** Rows from the top, red, green, blue, without padding. */
export type Picture = { data: Buffer; width: number; height: number; channels: 3 };

const MAGIC = 0x50484d31;
const HEADER_BYTES = 16;

/**
 * Neither fsynced nor renamed into place: the CRC tells a whole one from any other. Read and written in one go, since a
 * worker has nothing else to do.
 */
export function writeMaster(path: string, { data, width, height }: Picture): void {
  const head = Buffer.alloc(HEADER_BYTES);
  [MAGIC, width, height, crc32(data)].forEach((value, at) => {
    head.writeUInt32BE(value, at * 4);
  });
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, head, { mode: 0o600 });
  appendFileSync(path, data);
}

/** Null if there is none, or it is not whole. */
export function readMaster(path: string): Picture | null {
  const bytes = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
  if (bytes.length < HEADER_BYTES || bytes.readUInt32BE(0) !== MAGIC) return null;
  const [width, height, crc] = [bytes.readUInt32BE(4), bytes.readUInt32BE(8), bytes.readUInt32BE(12)];
  const data = bytes.subarray(HEADER_BYTES);
  return data.length === width * height * 3 && crc32(data) === crc
    ? { data, width, height, channels: 3 }
    : null;
}

/** sharp's view of a picture. */
export function sharpOf({ data, width, height, channels }: Picture): Sharp {
  return sharp(data, { raw: { width, height, channels } });
}

/** Runs the steps and gives the raw pixels. `size` is for where sharp tells a wrong one: what it cut and then extended. */
export async function toPicture(image: Sharp, size?: Size): Promise<Picture> {
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  const { width, height } = size ?? info;
  if (data.length !== width * height * 3)
    throw new Error(`${data.length} bytes are not ${width} × ${height} pixels`);
  return { data, width, height, channels: 3 };
}
