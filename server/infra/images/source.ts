/**
 * A source is a photo as it was sent. Its header is read and held against our limits before anything is decoded; then
 * it is decoded straight to the size that is wanted, which for a JPEG is far cheaper than decoding all of it.
 */
import { open } from 'node:fs/promises';
import sharp, { type Metadata, type Sharp } from 'sharp';
import { type Exif, readExif } from '../../../core/exif.ts';
import type { Size } from '../../../core/frame.ts';
import type { Engine } from '../../../core/look/engine.ts';
import { decodeHeic } from './heic.ts';
import { type Treatment, toSrgb, treatmentOf } from './icc.ts';
import { type Picture, toPicture } from './master.ts';
import { ImageFailure, type ImageFormat, sniffFormat } from './sniff.ts';
import { type Stages, timed } from './stages.ts';

/** What a worker has at hand while it does one job. */
export type Lab = { engine: Engine; stages: Stages };

/** `size` is as it is seen, upright. */
export type Source = { bytes: Buffer; format: ImageFormat; size: Size; header: Metadata; exif: Exif };

/** A part of the resized picture, in its pixels. `padding` repeats the outermost pixels around the part. */
export type Window = { left: number; top: number; width: number; height: number; padding: number };

const MAX_BYTES = 64 * 1024 * 1024;
const MAX_SIDE = 16_384;
const MAX_ASPECT = 10;
/**
 * A HEIC may have the 48 megapixels that phones make: one took 2 s and 670 MB, of 20 s and 800 MB that a worker may
 * take. An AVIF of 20 took 500 MB.
 */
const MAX_PIXELS: Record<ImageFormat, number> = {
  jpeg: 50e6,
  png: 50e6,
  gif: 50e6,
  webp: 50e6,
  heic: 50e6,
  avif: 25e6,
};
/** How libvips names the two kinds of HEIF. */
const HEIF_FORMATS: Record<string, ImageFormat> = { av1: 'avif', hevc: 'heic' };

/** Throws an ImageFailure for what is no photo, or one that is larger than we decode. */
export async function openSource({ stages }: Lab, path: string): Promise<Source> {
  const bytes = await timed(stages, 'read', () => readSource(path));
  const format = await timed(stages, 'sniff', () => sniffFormat(bytes));
  return timed(stages, 'header', async () => {
    const header = await readHeader(bytes, format);
    // A HEIC is turned by its decoder, whatever its EXIF says.
    const size = format === 'heic' ? { width: header.width, height: header.height } : header.autoOrient;
    const exif = header.exif ? readExif(header.exif) : { takenAt: null, place: null };
    return { bytes, format, size, header, exif };
  });
}

/**
 * The picture upright, in sRGB, on white, resized to the given size and cut to the window. Throws an ImageFailure if
 * the source is damaged.
 */
export async function decodeSource(
  lab: Lab,
  source: Source,
  whole: Size,
  window: Window = { left: 0, top: 0, ...whole, padding: 0 },
): Promise<Picture> {
  const treatment = treatmentOfSource(source);
  const image = (await loadSource(lab, source, treatment === 'library'))
    .resize({ ...whole, fit: 'fill' })
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb');
  // sharp takes 16-bit pictures that have a profile to Display P3 first; this takes them on to sRGB.
  if (treatment === 'library' && source.header.depth === 'ushort') image.withIccProfile('srgb');
  const size = cut(image, window);
  const picture = await timed(lab.stages, 'decode', () => toPicture(image, size).catch(throwDamaged));
  if (typeof treatment !== 'string') await timed(lab.stages, 'colour', () => toSrgb(picture.data, treatment));
  return picture;
}

async function readSource(path: string): Promise<Buffer> {
  const file = await open(path);
  try {
    if ((await file.stat()).size > MAX_BYTES)
      throw new ImageFailure('image_too_large', 'This photo is larger than 64 MB.');
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
  const found = header.format === 'heif' ? HEIF_FORMATS[header.compression ?? ''] : header.format;
  if (found !== format)
    throw new ImageFailure('image_damaged', `This file looks like ${format.toUpperCase()}, but is not.`);
  const { width, height } = header;
  const maxPixels = MAX_PIXELS[format];
  if (width * height > maxPixels)
    throw new ImageFailure('image_too_large', `This photo has more than ${maxPixels / 1e6} million pixels.`);
  if (Math.max(width, height) > MAX_ASPECT * Math.min(width, height))
    throw new ImageFailure(
      'image_shape',
      `This photo is more than ${MAX_ASPECT} times as long as it is wide.`,
    );
  if (Math.max(width, height) > MAX_SIDE)
    throw new ImageFailure('image_too_large', `This photo is more than ${MAX_SIDE} pixels long.`);
  return header;
}

/** Grey, CMYK and what else is not plain RGB goes by libvips. */
function treatmentOfSource({ header, format }: Source): Treatment {
  if (!header.icc) return header.space === 'srgb' || header.space === 'rgb16' ? 'none' : 'library';
  const treatment = treatmentOf(header.icc);
  return treatment === 'library' && format === 'heic' ? 'none' : treatment;
}

async function loadSource({ stages }: Lab, source: Source, isIccApplied: boolean): Promise<Sharp> {
  const { bytes, format, size } = source;
  if (format !== 'heic')
    return sharp(bytes, {
      limitInputPixels: MAX_PIXELS[format],
      failOn: 'error',
      pages: 1,
      ignoreIcc: !isIccApplied,
    }).autoOrient();
  const data = await timed(stages, 'heic', () => decodeHeic(bytes, size).catch(throwDamaged));
  return sharp(data, { raw: { ...size, channels: 4 } });
}

/**
 * sharp cuts after it has resized, since that is the order of the calls (the other would turn off decoding at half
 * size), and extends after it has cut. Gives the size that remains.
 */
function cut(image: Sharp, { left, top, width, height, padding }: Window): Size {
  image.extract({ left, top, width, height });
  if (padding > 0)
    image.extend({ top: padding, bottom: padding, left: padding, right: padding, extendWith: 'copy' });
  return { width: width + 2 * padding, height: height + 2 * padding };
}

function throwDamaged(cause: unknown): never {
  throw new ImageFailure('image_damaged', 'This photo is damaged. Export it again, or send another.', {
    cause,
  });
}
