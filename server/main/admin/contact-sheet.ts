/**
 * ./pinhole contact-sheet DIR OUT.jpg [--width N]: every filter on every photograph of a folder, as one picture: a row
 * for each photograph, a column for each filter. Filters are applied at the size that members see, then made small.
 */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { PLAIN_LOOK } from '../../../core/edits.ts';
import { applyLook, type Engine, type Pixels } from '../../../core/look/engine.ts';
import { FILTER_LABELS, FILTER_NAMES } from '../../../core/look/filters.ts';
import { OperatorFault, say } from '../progress.ts';
import { openKernelEngine, readPhoto } from './photo-files.ts';

const WIDTH = { min: 60, max: 1_080, usual: 240 };
const PHOTOS_MAX = 100;
const PHOTO_SIDE = 1_350;
/** As tall as a row becomes, in widths. */
const TALLEST = 1.5;
const GAP = 8;
const CAPTION_HEIGHT = 22;
/** Longer sides than this no JPEG has. */
const JPEG_SIDE_MAX = 65_535;

type Raw = { data: Buffer; width: number; height: number };

export async function run(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { width: { type: 'string', default: String(WIDTH.usual) } },
  });
  const [folder, to, ...rest] = positionals;
  const width = Number(values.width);
  if (!folder || !to || rest.length > 0 || !/\.jpe?g$/i.test(to))
    throw new OperatorFault('Usage: ./pinhole contact-sheet DIR OUT.jpg [--width N]');
  if (!Number.isInteger(width) || width < WIDTH.min || width > WIDTH.max)
    throw new OperatorFault(
      `--width ${values.width}: each picture's width is a whole number of px from ${WIDTH.min} to ${WIDTH.max}.`,
    );
  const files = await listPhotos(folder);
  const engine = await openKernelEngine();
  const rows: Raw[] = [];
  for (const file of files) {
    rows.push(await makeRow(engine, file, width));
    progress(rows.length, files.length);
  }
  await writeSheet(rows, to);
}

async function listPhotos(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    throw new OperatorFault(
      error.code === 'ENOENT'
        ? `There is no folder ${folder}.`
        : `${folder} cannot be read: ${error.message}`,
    );
  });
  const photos = names.filter((name) => /\.(jpe?g|png)$/i.test(name)).sort();
  if (photos.length === 0) throw new OperatorFault(`There are no JPEG or PNG files in ${folder}.`);
  if (photos.length > PHOTOS_MAX)
    say(`Only the first ${PHOTOS_MAX} of ${photos.length} photographs are shown.`);
  return photos.slice(0, PHOTOS_MAX).map((name) => path.join(folder, name));
}

async function makeRow(engine: Engine, file: string, width: number): Promise<Raw> {
  const photo = await readPhoto(file, PHOTO_SIDE);
  const height = Math.round(width * Math.min(TALLEST, photo.height / photo.width));
  const size = {
    width: FILTER_NAMES.length * (width + GAP) + GAP,
    height: height + CAPTION_HEIGHT + GAP,
  };
  const tiles = [];
  for (const [at, filter] of FILTER_NAMES.entries()) {
    const filtered: Pixels = { ...photo, data: new Uint8Array(photo.data) };
    applyLook(engine, filtered, { ...PLAIN_LOOK, filter });
    tiles.push({ input: await shrink(filtered, width, height), left: GAP + at * (width + GAP), top: GAP });
  }
  const captions = FILTER_NAMES.map((filter) =>
    filter === 'none' ? `${FILTER_LABELS.none}: ${path.basename(file)}` : FILTER_LABELS[filter],
  );
  const { data } = await sharp({ create: { ...size, channels: 3, background: '#ffffff' } })
    .composite([...tiles, { input: Buffer.from(captionsOf(captions, width, size)), left: 0, top: 0 }])
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, ...size };
}

async function shrink({ data, width, height, channels }: Pixels, toWidth: number, toHeight: number) {
  return await sharp(data, { raw: { width, height, channels } })
    .resize({ width: toWidth, height: toHeight, fit: 'cover' })
    .png({ compressionLevel: 1 })
    .toBuffer();
}

/** Each caption is cut off where its picture ends. */
function captionsOf(captions: string[], width: number, size: { width: number; height: number }): string {
  const texts = captions.map((caption, at) => {
    const left = GAP + at * (width + GAP);
    const text = caption.replace(/[<>&]/g, (sign) => `&#${sign.charCodeAt(0)};`);
    return `<svg x="${left}" y="${size.height - CAPTION_HEIGHT}" width="${width}" height="${CAPTION_HEIGHT}"><text x="1" y="15" font-family="sans-serif" font-size="13" fill="#222">${text}</text></svg>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}">${texts.join('')}</svg>`;
}

async function writeSheet(rows: Raw[], to: string): Promise<void> {
  const width = rows[0]?.width ?? 0;
  const height = rows.reduce((sum, row) => sum + row.height, 0);
  if (Math.max(width, height) > JPEG_SIDE_MAX)
    throw new OperatorFault(`The sheet would be ${width} × ${height} px. Choose a smaller --width.`);
  const sheet = Buffer.concat(rows.map(({ data }) => data));
  const file = await sharp(sheet, { raw: { width, height, channels: 3 }, limitInputPixels: false })
    .jpeg({ quality: 90 })
    .toFile(to)
    .catch((error: Error) => {
      throw new OperatorFault(`${to} cannot be written: ${error.message.split('\n')[0]}`);
    });
  say(
    `${to}: ${rows.length} photographs × ${FILTER_NAMES.length} filters, ${width} × ${height} px, ${file.size} bytes.`,
  );
}

function progress(done: number, of: number): void {
  if (process.stdout.isTTY) process.stdout.write(`\r${done} of ${of} photographs${done === of ? '\n' : ''}`);
  else say(`${done} of ${of} photographs`);
}
