/**
 * Screens held against what was approved of them, in test/browser/approved/DEVICE: the picture (NAME.webp), and the tree that a
 * screen reader is told (NAME.yaml). PINHOLE_TEST_APPROVE=1 approves what differs.
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Locator } from 'playwright-core';
import { compare, describe, drawPictures, encode, isWithin, type Picture, readPicture } from './pictures.ts';

const APPROVED = path.join(import.meta.dirname, 'approved');
/** Not among the temporary files, which are cleared away after the tests. */
const NEWS = process.env.PINHOLE_TEST_PICTURES || path.resolve(import.meta.dirname, '../../dist/pictures');
const isApproving = process.env.PINHOLE_TEST_APPROVE === '1';
const APPROVE = 'Approve it by PINHOLE_TEST_APPROVE=1 ./pinhole test test/browser/everybody.test.ts';
const LOOKS_MAX = 20;
const LOOK_AGAIN_MS = 250;

/** `name` with its folder: "phone/feed". What differs is looked at again, until it does not change any more. */
export async function findChangedPicture(name: string, take: () => Promise<Picture>): Promise<string[]> {
  const approved = await readFile(fileOf(name, 'webp')).then(readPicture, () => null);
  let before: Picture | null = null;
  for (let looks = 0; looks < LOOKS_MAX; looks++) {
    const now = await take();
    const difference = approved && (await compare(now, approved));
    if (difference && isWithin(difference)) return [];
    if (before?.data.equals(now.data)) {
      if (isApproving) return await write(fileOf(name, 'webp'), await encode(now));
      for (const [suffix, bytes] of await drawPictures(now, approved))
        await write(path.join(NEWS, `${name}-${suffix}.png`), bytes);
      const what = difference ? describe(difference) : 'no picture of it is approved.';
      return [`${name}: ${what} See ${path.join(NEWS, name)}-*.png. ${APPROVE}`];
    }
    before = now;
    await delay(LOOK_AGAIN_MS);
  }
  return [`${name}: it is never at rest`];
}

export async function findChangedTree(name: string, within: Locator): Promise<string[]> {
  const approved = await readFile(fileOf(name, 'yaml'), 'utf8').catch(() => '');
  const now = await treeOf(within);
  if (now === approved) return [];
  if (isApproving) return await write(fileOf(name, 'yaml'), now);
  const [was, is] = [approved.split('\n'), now.split('\n')];
  const changed = [
    ...was.filter((line) => !is.includes(line)).map((line) => `- ${line}`),
    ...is.filter((line) => !was.includes(line)).map((line) => `+ ${line}`),
  ];
  const said = changed.join('\n') || 'The same, in another order.';
  const file = path.join(NEWS, `${name}.yaml`);
  await write(file, now);
  return [`${name}: a screen reader is told otherwise. See ${file}. ${APPROVE}\n${said}`];
}

/** What nobody looks at any more. */
export async function findLeftOver(names: ReadonlySet<string>): Promise<string[]> {
  const files = await readdir(APPROVED, { recursive: true, withFileTypes: true });
  const approved = files.filter((file) => file.isFile()).map((file) => path.join(file.parentPath, file.name));
  return approved.filter((file) => !names.has(path.relative(APPROVED, file)));
}

/** Ids are new in every run. */
async function treeOf(within: Locator): Promise<string> {
  const tree = await within.ariaSnapshot();
  return `${tree.replaceAll(/\b\d{15,}\b/g, 'ID')}\n`;
}

function fileOf(name: string, ending: string): string {
  return path.join(APPROVED, `${name}.${ending}`);
}

async function write(file: string, bytes: Buffer | string): Promise<[]> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, bytes);
  return [];
}
