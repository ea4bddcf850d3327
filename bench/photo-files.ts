/** The photographs that the scenario of photos sends: originals of a phone, and the same as a browser prepares them. */
import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { root } from '../server/main/app.ts';
import { OperatorFault } from '../server/main/progress.ts';
import { type Bench, tell } from './system.ts';

/** Paths of JPEGs. */
export type PhotoSets = { prepared1080: string[]; prepared2048: string[]; original12mp: string[] };

const FILES_MAX = 12;
const FIXTURES = ['Landscape_1.jpg', 'Landscape_6.jpg', 'Portrait_1.jpg', 'Portrait_6.jpg'];
const LONG_SIDE = 4_032;
const QUALITY = 90;

/** From the first JPEGs of the folder, or from the fixtures made large. */
export async function makePhotoSets(bench: Bench, photosFolder: string | null): Promise<PhotoSets> {
  const original12mp = photosFolder
    ? await makeOriginals(bench, await listPhotos(photosFolder))
    : await makeFixturesLarge(bench);
  const sources = photosFolder ? await listPhotos(photosFolder) : original12mp;
  return {
    original12mp,
    prepared2048: await makeEach(bench, 'prepared2048', sources, (image) => prepare(image, 2_048, 2_048)),
    prepared1080: await makeEach(bench, 'prepared1080', sources, (image) => prepare(image, 1_080, 1_350)),
  };
}

async function listPhotos(folder: string): Promise<string[]> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => /\.jpe?g$/i.test(name)).sort();
  if (names.length === 0) throw new OperatorFault(`There are no JPEG photographs in ${folder}.`);
  return names.slice(0, FILES_MAX).map((name) => path.resolve(folder, name));
}

/** As a browser's canvas gives them: upright, with an sRGB profile. */
function prepare(image: Sharp, width: number, height: number): Promise<Buffer> {
  return image
    .autoOrient()
    .resize({ width, height, fit: 'inside', withoutEnlargement: true })
    .withIccProfile('srgb')
    .jpeg({ quality: QUALITY })
    .toBuffer();
}

/** Those that are not as a phone's camera makes them are made so: 12 megapixels, baseline, 4:2:0. */
async function makeOriginals(bench: Bench, files: string[]): Promise<string[]> {
  const folder = path.join(bench.folder, 'original12mp');
  await mkdir(folder);
  let made = 0;
  const originals: string[] = [];
  for (const file of files) {
    const original = path.join(folder, path.basename(file));
    originals.push(original);
    if (await isOriginal(file)) {
      await copyFile(file, original);
      continue;
    }
    made++;
    const large = sharp(file).autoOrient().resize(LONG_SIDE, LONG_SIDE, { fit: 'inside' });
    await writeFile(original, await large.jpeg({ quality: QUALITY }).toBuffer());
  }
  tell(
    `  originals: ${made} of ${files.length} photographs were made baseline JPEGs, ${LONG_SIDE} pixels long, 4:2:0, quality ${QUALITY}`,
  );
  return originals;
}

async function isOriginal(file: string): Promise<boolean> {
  const { width, height, isProgressive, chromaSubsampling } = await sharp(file).metadata();
  const megapixels = (width * height) / 1e6;
  return !isProgressive && chromaSubsampling === '4:2:0' && megapixels > 11 && megapixels < 13;
}

/** Baseline JPEGs of 12 megapixels, with grain as a camera's have: without it they would be decoded too fast. */
async function makeFixturesLarge(bench: Bench): Promise<string[]> {
  const sources = FIXTURES.map((name) => path.join(root, 'test/fixtures/orientation', name));
  return makeEach(bench, 'original12mp', sources, async (image) => {
    const { data, info } = await image
      .autoOrient()
      .resize(LONG_SIDE, LONG_SIDE, { fit: 'inside' })
      .raw()
      .toBuffer({ resolveWithObject: true });
    addGrain(data);
    const { width, height } = info;
    return sharp(data, { raw: { width, height, channels: 3 } })
      .jpeg({ quality: QUALITY })
      .toBuffer();
  });
}

function addGrain(data: Buffer): void {
  let state = 1;
  for (let at = 0; at < data.length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    data[at] = Math.max(0, Math.min(255, (data[at] ?? 0) + ((state >>> 29) - 4)));
  }
}

async function makeEach(
  bench: Bench,
  name: string,
  sources: string[],
  make: (image: Sharp) => Promise<Buffer>,
): Promise<string[]> {
  const folder = path.join(bench.folder, name);
  await mkdir(folder);
  const files: string[] = [];
  for (const source of sources) {
    const file = path.join(folder, path.basename(source));
    await writeFile(file, await make(sharp(source)));
    files.push(file);
  }
  return files;
}
