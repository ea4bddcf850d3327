/**
 * The photo store in a folder. A file has its final name only when all of it is on the disk: it is written aside,
 * fsynced, renamed, and then its folder is fsynced, because after a power cut a file that lacks any of these steps may
 * be empty, or gone (measured on ext4 and XFS). An fsync that failed is never tried again: the kernel may have dropped
 * the pages, and would say yes the second time.
 */
import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, opendir, readFile, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { openDurableFolders, orNull, syncFoldersAbove } from './durable-folders.ts';
import { removeLeftovers, scratchPathIn } from './scratch.ts';
import {
  checkKey,
  checkPrefix,
  DamagedFile,
  limited,
  MAX_TOGETHER,
  NotStored,
  type Storage,
  type StoredFile,
} from './storage.ts';

/** Keys cannot name it: no part of a key begins with a dot. */
const ASIDE = '.incoming';

/** Opens, and makes if need be, a folder as a photo store, and clears what uploads cut off by a crash left in it. */
export async function openFolderStorage(rootPath: string): Promise<Storage> {
  const root = resolve(rootPath);
  const aside = join(root, ASIDE);
  const firstMade = await mkdir(aside, { recursive: true, mode: 0o700 });
  if (firstMade) await syncFoldersAbove(aside, dirname(firstMade));
  await removeLeftovers(aside, 0);
  const folders = openDurableFolders(root);

  function pathOf(key: string): string {
    checkKey(key);
    return join(root, key);
  }

  async function putAll(entries: readonly { key: string; bytes: Uint8Array }[]): Promise<void> {
    if (entries.length > MAX_TOGETHER) throw new RangeError(`at most ${MAX_TOGETHER} files at once`);
    const files = entries.map(({ key, bytes }) => ({
      path: pathOf(key),
      asidePath: scratchPathIn(aside),
      bytes,
    }));
    const written = await Promise.allSettled(
      files.map(({ asidePath, bytes }) => writeAside(asidePath, (file) => file.writeFile(bytes))),
    );
    try {
      for (const result of written) if (result.status === 'rejected') throw result.reason;
      const placed = new Map<string, string>();
      for (const { asidePath, path } of files)
        placed.set(dirname(path), await folders.place(asidePath, path));
      for (const [folder, birth] of placed) await folders.settle(folder, birth);
    } catch (error) {
      for (const { asidePath } of files) await rm(asidePath, { force: true });
      throw error;
    }
  }

  return {
    async receive(key, body, maxBytes) {
      const path = pathOf(key);
      const asidePath = scratchPathIn(aside);
      const hash = createHash('sha256');
      let sizeBytes = 0;
      const measured = limited(body, maxBytes, (chunk) => {
        sizeBytes += chunk.length;
        hash.update(chunk);
      });
      await writeAside(asidePath, (file) => file.writeFile(measured));
      let isPlaced = false;
      try {
        const birth = await folders.place(asidePath, path);
        isPlaced = true;
        await folders.settle(dirname(path), birth);
      } catch (error) {
        await rm(isPlaced ? path : asidePath, { force: true });
        throw error;
      }
      return { sizeBytes, sha256: hash.digest('hex') };
    },

    put: (key, bytes) => putAll([{ key, bytes }]),
    putAll,

    async read(key) {
      const bytes = await orNull(readFile(pathOf(key)));
      if (!bytes) throw new NotStored(key);
      return bytes;
    },

    async stat(key) {
      const found = await orNull(stat(pathOf(key)));
      return found?.isFile() ? { sizeBytes: found.size, modifiedMs: found.mtimeMs } : null;
    },

    async open(key) {
      const file = await orNull(open(pathOf(key)));
      if (!file) return null;
      const found = await file.stat();
      if (found.isFile()) return { stream: file.createReadStream(), sizeBytes: found.size };
      await file.close();
      return null;
    },

    async local(key, sha256) {
      const path = pathOf(key);
      if (!(await isFile(path))) throw new NotStored(key);
      if (sha256 !== undefined && (await digestOf(path, 'sha256')) !== sha256) throw new DamagedFile(key);
      return { path, release: async () => undefined };
    },

    async md5(key) {
      const path = pathOf(key);
      return (await isFile(path)) ? orNull(digestOf(path, 'md5')) : null;
    },

    async move(from, to) {
      const [fromPath, toPath] = [pathOf(from), pathOf(to)];
      if (!(await isFile(fromPath)) && !(await isFile(toPath))) throw new NotStored(from);
      const birth = from === to ? null : await orNull(folders.place(fromPath, toPath));
      if (birth === null && !(await isFile(toPath))) throw new NotStored(from);
      // One that was moved before a crash may not be on the disk yet: without its birth, the folder is synced anew.
      await folders.settle(dirname(toPath), birth ?? '');
      await folders.leave(dirname(fromPath));
    },

    formFor: async (key) => {
      checkKey(key);
      return null;
    },

    async remove(keys) {
      const paths = keys.map(pathOf);
      for (const path of paths) await orNull(rm(path));
      for (const folder of new Set(paths.map((path) => dirname(path)))) await folders.leave(folder);
    },

    async freeBytes() {
      const { bavail, bsize } = await statfs(root);
      return bavail * bsize;
    },

    list(prefix) {
      checkPrefix(prefix);
      return listFolder(root, prefix.slice(0, prefix.lastIndexOf('/') + 1), prefix);
    },

    removeAbandoned: (olderThanMs) => removeLeftovers(aside, olderThanMs),
    close: async () => undefined,
  };
}

async function writeAside(asidePath: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(asidePath, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o640);
  try {
    try {
      await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    await rm(asidePath, { force: true });
    throw error;
  }
}

async function isFile(path: string): Promise<boolean> {
  return (await orNull(stat(path)))?.isFile() ?? false;
}

async function digestOf(path: string, algorithm: 'sha256' | 'md5'): Promise<string> {
  const hash = createHash(algorithm);
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

async function* listFolder(root: string, folderKey: string, prefix: string): AsyncGenerator<StoredFile> {
  const folder = await orNull(opendir(join(root, folderKey)));
  if (!folder) return;
  for await (const entry of folder) {
    const key = folderKey + entry.name;
    if (entry.name.startsWith('.')) continue;
    if (entry.isDirectory()) {
      if (`${key}/`.startsWith(prefix)) yield* listFolder(root, `${key}/`, prefix);
    } else if (entry.isFile() && key.startsWith(prefix)) {
      const found = await orNull(stat(join(root, key)));
      if (found) yield { key, sizeBytes: found.size, modifiedMs: found.mtimeMs };
    }
  }
}
