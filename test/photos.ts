/** Real photographs for the journeys: a folder of large ones where there is one, else the fixtures. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const FOLDERS = [
  process.env.PINHOLE_TEST_PHOTOS ?? '',
  path.join(root, '../shared/photos'),
  path.join(root, 'test/fixtures'),
];

/** Paths of at least `count` photographs. */
export async function findPhotographs(count: number): Promise<string[]> {
  for (const folder of FOLDERS.filter(Boolean)) {
    const names = (await readdir(folder).catch(() => []))
      .filter((name) => /\.(jpe?g|png)$/.test(name))
      .sort();
    if (names.length >= count) return names.map((name) => path.join(folder, name));
  }
  throw new Error(`No folder has ${count} photographs. Set PINHOLE_TEST_PHOTOS.`);
}

/** The same landscape as a camera held sideways wrote it (EXIF orientation 6), and upright. */
export const sideways = path.join(root, 'test/fixtures/orientation/Landscape_6.jpg');
export const upright = path.join(root, 'test/fixtures/orientation/Landscape_1.jpg');
