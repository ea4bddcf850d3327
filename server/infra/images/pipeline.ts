/**
 * The steps from an uploaded original to what members see. A photo is decoded once, into a master: raw pixels, upright,
 * sRGB, small, and nothing else, so no metadata can leave with it. Each filter and rendition is then made from the
 * master, which is three times cheaper than decoding for each. The master can always be developed anew.
 *
 * Runs in a worker process only (worker.ts): an image may kill the process that decodes it.
 */
import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import sharp, { type Metadata, type Sharp } from 'sharp';
import { rgbaToThumbHash } from 'thumbhash';
import { applyFilter, type FilterName, filters } from '../../../core/filters.ts';
import {
  ImageFailure,
  type ImageFailureCode,
  type ImageFormat,
  isSrgbProfile,
  readTakenAt,
  sniffFormat,
} from './sniff.ts';

/** `width` and `height` are the master's; the source's are as it is seen, upright. `thumbhash` is in base64. */
export type Developed = {
  width: number;
  height: number;
  sourceWidth: number;
  sourceHeight: number;
  format: ImageFormat;
  takenAt: string | null;
  thumbhash: string;
  averageColour: string;
};

export type RenderJob = {
  originalPath: string;
  masterPath: string;
  filter: FilterName;
  kind: 'photo' | 'avatar';
};

export type Rendition = { name: string; width: number; height: number; bytes: Buffer };

/** `width` and `height` are the master's; thumbhash and average colour are of the filtered picture. */
export type Rendered = {
  renditions: Rendition[];
  thumbhash: string;
  width: number;
  height: number;
  averageColour: string;
};

/** What the parent asks of a worker, one at a time, and how it answers; `fault` is an error that is not the photo's. */
export type Work =
  | { kind: 'develop'; originalPath: string; masterPath: string }
  | { kind: 'render'; job: RenderJob };
export type Reply =
  | { outcome: 'done'; value: Developed | Rendered }
  | { outcome: 'refused'; code: ImageFailureCode; message: string; cause: string }
  | { outcome: 'fault'; message: string };

type Master = { data: Buffer; width: number; height: number };

const MAX_ORIGINAL_BYTES = 64 * 1024 * 1024;
const MAX_PIXELS = 50e6;
const MAX_AVIF_PIXELS = 25e6;
const MAX_SIDE = 16_384;
const MAX_ASPECT = 10;
const MASTER_WIDTH = 1080;
const MASTER_HEIGHT = 1920;
const MASTER_MAGIC = 0x50484d31;
const MASTER_HEADER_BYTES = 16;
const LADDERS = {
  photo: { widths: [1080, 640, 320], squares: [150] },
  avatar: { widths: [], squares: [320, 150] },
};

/** Only the five decoders that we mean, from memory only: libvips would also render SVG, and read files it names. */
export function hardenSharp(): void {
  sharp.cache(false);
  sharp.concurrency(1);
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({
    operation: ['Jpeg', 'Png', 'Webp', 'Heif', 'Nsgif'].map((name) => `VipsForeignLoad${name}Buffer`),
  });
}

/** Decodes the original and writes the master. Throws an ImageFailure if the original is to blame. */
export async function develop(originalPath: string, masterPath: string): Promise<Developed> {
  const bytes = await readOriginal(originalPath);
  const format = sniffFormat(bytes);
  const header = await readHeader(bytes, format);
  const master = await decode(bytes, format, header);
  await writeMaster(masterPath, master);
  return {
    width: master.width,
    height: master.height,
    sourceWidth: header.autoOrient.width,
    sourceHeight: header.autoOrient.height,
    format,
    takenAt: header.exif ? readTakenAt(header.exif) : null,
    ...(await placeholder(master)),
  };
}

/** Filters the master and makes the renditions of its kind; a master that is gone or damaged is developed anew. */
export async function render(job: RenderJob): Promise<Rendered> {
  const master = (await readMaster(job.masterPath)) ?? (await developAnew(job));
  applyFilter({ ...master, channels: 3 }, filters[job.filter]);
  const { widths, squares } = LADDERS[job.kind];
  const [renditions, extras] = await Promise.all([
    Promise.all([
      ...widths.map((width) => renderWidth(master, width)),
      ...squares.map((side) => renderSquare(master, side)),
    ]),
    placeholder(master),
  ]);
  return { renditions, width: master.width, height: master.height, ...extras };
}

async function developAnew(job: RenderJob): Promise<Master> {
  await develop(job.originalPath, job.masterPath);
  const master = await readMaster(job.masterPath);
  if (!master) throw new Error(`the master ${job.masterPath} is damaged as soon as written`);
  return master;
}

async function readOriginal(path: string): Promise<Buffer> {
  const file = await open(path);
  try {
    if ((await file.stat()).size > MAX_ORIGINAL_BYTES) {
      throw new ImageFailure('image_too_large', 'This photo is larger than 64 MB.');
    }
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/**
 * Reads the header alone and refuses what must not be decoded: memory grows with pixels, but also with width alone
 * (66 bytes of interlaced PNG that claim 3,000,000 columns take 3 GB).
 */
async function readHeader(bytes: Buffer, format: ImageFormat): Promise<Metadata> {
  const header = await sharp(bytes, { limitInputPixels: false, pages: 1 }).metadata().catch(throwDamaged);
  const found = header.format === 'heif' && header.compression === 'av1' ? 'avif' : header.format;
  if (found !== format)
    throw new ImageFailure('image_damaged', `This file looks like ${format}, but is not.`);
  const { width, height } = header;
  const maxPixels = format === 'avif' ? MAX_AVIF_PIXELS : MAX_PIXELS;
  if (width * height > maxPixels) {
    throw new ImageFailure('image_too_large', `This photo has more than ${maxPixels / 1e6} million pixels.`);
  }
  if (Math.max(width, height) > MAX_ASPECT * Math.min(width, height)) {
    throw new ImageFailure(
      'image_shape',
      `This photo is more than ${MAX_ASPECT} times as long as it is wide.`,
    );
  }
  if (Math.max(width, height) > MAX_SIDE) {
    throw new ImageFailure('image_too_large', `This photo is more than ${MAX_SIDE} pixels long.`);
  }
  return header;
}

async function decode(bytes: Buffer, format: ImageFormat, header: Metadata): Promise<Master> {
  const ignoreIcc = header.icc !== undefined && isSrgbProfile(header.icc);
  const limitInputPixels = format === 'avif' ? MAX_AVIF_PIXELS : MAX_PIXELS;
  // Nothing may be cropped before the resize: that would turn off decoding at half size.
  const image = sharp(bytes, { limitInputPixels, failOn: 'error', pages: 1, ignoreIcc })
    .autoOrient()
    .resize({ width: MASTER_WIDTH, height: MASTER_HEIGHT, fit: 'inside', withoutEnlargement: true })
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb');
  // sharp takes 16-bit pictures that have a profile to Display P3 first; this takes them on to sRGB.
  if (header.icc && !ignoreIcc && header.depth === 'ushort') image.withIccProfile('srgb');
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true }).catch(throwDamaged);
  if (info.channels !== 3) throw new Error(`a master with ${info.channels} channels`);
  return { data, width: info.width, height: info.height };
}

function throwDamaged(cause: unknown): never {
  throw new ImageFailure('image_damaged', 'This photo is damaged. Export it again, or send another.', {
    cause,
  });
}

/**
 * A master is magic, width, height and CRC-32 of the pixels, 4 bytes each, big-endian, then the pixels. It is neither
 * fsynced nor renamed into place: the CRC tells a whole one from any other.
 */
async function writeMaster(path: string, { data, width, height }: Master): Promise<void> {
  const head = Buffer.alloc(MASTER_HEADER_BYTES);
  [MASTER_MAGIC, width, height, crc32(data)].forEach((value, at) => {
    head.writeUInt32BE(value, at * 4);
  });
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = await open(path, 'w', 0o600);
  try {
    await file.writeFile(head);
    await file.writeFile(data);
  } finally {
    await file.close();
  }
}

async function readMaster(path: string): Promise<Master | null> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  });
  if (bytes.length < MASTER_HEADER_BYTES || bytes.readUInt32BE(0) !== MASTER_MAGIC) return null;
  const [width, height, crc] = [bytes.readUInt32BE(4), bytes.readUInt32BE(8), bytes.readUInt32BE(12)];
  const data = bytes.subarray(MASTER_HEADER_BYTES);
  return data.length === width * height * 3 && crc32(data) === crc ? { data, width, height } : null;
}

function picture({ data, width, height }: Master) {
  return sharp(data, { raw: { width, height, channels: 3 } });
}

async function renderWidth(master: Master, maxWidth: number): Promise<Rendition> {
  const width = Math.min(maxWidth, master.width);
  return encode(`w${maxWidth}`, width === master.width ? picture(master) : picture(master).resize({ width }));
}

async function renderSquare(master: Master, maxSide: number): Promise<Rendition> {
  const side = Math.min(maxSide, master.width, master.height);
  return encode(`s${maxSide}`, picture(master).resize({ width: side, height: side, fit: 'cover' }));
}

async function encode(name: string, image: Sharp): Promise<Rendition> {
  const { data, info } = await image
    .jpeg({ quality: 77, chromaSubsampling: '4:2:0', optimiseCoding: true, progressive: false })
    .toBuffer({ resolveWithObject: true });
  return { name, width: info.width, height: info.height, bytes: data };
}

/** What a screen shows until the photo is there: a blur of some 25 bytes in base64, and one colour as `#rrggbb`. */
async function placeholder(master: Master): Promise<{ thumbhash: string; averageColour: string }> {
  const { data, info } = await picture(master)
    .resize({ width: 32, height: 32, fit: 'inside' })
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const sums = [0, 0, 0];
  for (let at = 0; at < data.length; at += 4) {
    for (let channel = 0; channel < 3; channel++)
      sums[channel] = (sums[channel] ?? 0) + (data[at + channel] ?? 0);
  }
  const hex = sums.map((sum) =>
    Math.round((sum * 4) / data.length)
      .toString(16)
      .padStart(2, '0'),
  );
  const thumbhash = Buffer.from(rgbaToThumbHash(info.width, info.height, data)).toString('base64');
  return { thumbhash, averageColour: `#${hex.join('')}` };
}
