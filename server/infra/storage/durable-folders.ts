/**
 * Folders whose own names are on the disk. Nobody may say yes to a file in a folder whose name is still on its way
 * there, so a new folder is fsynced from its parent up to the root before the first file gets its name; after that
 * the folder is known by its inode and its birth, and is not synced upwards again. Another process, or a removal in
 * this one, may take an empty folder away and a third make it anew: then it has another birth, and counts as new.
 */
import { constants } from 'node:fs';
import { mkdir, open, rename, rmdir } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';

const MAX_KNOWN = 10_000;
/** Folders in the root that our group may enter, so that nginx can serve what lies below; the others are closed. */
const SHARED = new Set(['public', 'private']);
/** A folder that vanishes under a file as often as this is no coincidence. */
const TRIES_MAX = 50;

/** All folders that are given must lie below the root, which must be there. */
export function openDurableFolders(root: string) {
  const births = new Map<string, Promise<string>>();

  function make(folder: string): Promise<string> {
    const known = births.get(folder);
    if (known) return known;
    if (births.size >= MAX_KNOWN) births.clear();
    const made = makeDurable(folder, root).catch((error) => {
      births.delete(folder);
      throw error;
    });
    births.set(folder, made);
    return made;
  }

  return {
    /** Renames a file that is on the disk into its folder, and gives what `settle` needs. */
    async place(from: string, to: string): Promise<string> {
      const folder = dirname(to);
      for (let tries = 1; ; tries++) {
        try {
          const birth = await make(folder);
          await rename(from, to);
          return birth;
        } catch (error) {
          if (errorCode(error) !== 'ENOENT' || tries === TRIES_MAX || !(await isThere(from))) throw error;
          births.delete(folder);
        }
      }
    },

    /** After this the names in the folder are on the disk. */
    async settle(folder: string, birth: string): Promise<void> {
      const now = await orNull(syncFolder(folder));
      // Gone: so is the file, removed by somebody else.
      if (now === null || now === birth) return;
      births.delete(folder);
      await orNull(make(folder));
    },

    /** Removes the folder and those above it that are empty, and makes that, and what was removed in it, durable. */
    async leave(folder: string): Promise<void> {
      let at = folder;
      while (at !== root && (await isGone(at))) {
        births.delete(at);
        at = dirname(at);
      }
      await orNull(syncFolder(at));
    },
  };
}

async function makeDurable(folder: string, root: string): Promise<string> {
  // One by one: Node's own way down says ENOTDIR when a folder is removed meanwhile, as though it were a file.
  const parts = relative(root, folder).split(sep).filter(Boolean);
  for (const depth of parts.keys())
    await mkdirOrPass(join(root, ...parts.slice(0, depth + 1)), depth === 0 && !SHARED.has(parts[0] ?? ''));
  const birth = await syncFolder(folder);
  await syncFoldersAbove(folder, root);
  return birth;
}

async function mkdirOrPass(folder: string, isClosed: boolean): Promise<void> {
  try {
    await mkdir(folder, { mode: isClosed ? 0o700 : 0o750 });
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  }
}

/** A new folder's name lives in its parent, so all from the parent up to `top` are fsynced. */
export async function syncFoldersAbove(folder: string, top: string): Promise<void> {
  for (let at = folder; at !== top; at = dirname(at)) await syncFolder(dirname(at));
}

/** Gives which folder it is: a name may come to stand for another. */
async function syncFolder(path: string): Promise<string> {
  const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const { ino, birthtimeNs } = await folder.stat({ bigint: true });
    await folder.sync();
    return `${ino} ${birthtimeNs}`;
  } finally {
    await folder.close();
  }
}

async function isGone(folder: string): Promise<boolean> {
  try {
    await rmdir(folder);
    return true;
  } catch (error) {
    const code = errorCode(error) ?? '';
    if (['ENOENT', 'ENOTDIR'].includes(code)) return true;
    if (['ENOTEMPTY', 'EEXIST', 'EBUSY'].includes(code)) return false;
    throw error;
  }
}

async function isThere(file: string): Promise<boolean> {
  const found = await orNull(open(file, constants.O_RDONLY));
  await found?.close();
  return found !== null;
}

/** Null where there is no such file or folder; other errors go on. */
export async function orNull<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')) return null;
    throw error;
  }
}

export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}
