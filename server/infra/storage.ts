/**
 * Where photo bytes live. A file has its final name only when all of it is on the disk: it is written aside, fsynced,
 * renamed, and then its folder is fsynced, because after a power cut a file that lacks any of these steps may be
 * empty, or gone (measured on ext4 and XFS). An fsync that failed is never tried again: the kernel may have dropped
 * the pages, and would say yes the second time.
 */
import { createHash, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import {
  type FileHandle,
  mkdir,
  open,
  opendir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  statfs,
} from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';

export type StoredFile = { key: string; sizeBytes: number; modifiedMs: number };

/** Keys are relative paths in lower case, like `originals/4f/4f2a.jpg`; any other throws a BadKey. */
export type Storage = {
  /**
   * Streams a body into the store and replaces what was there. Throws TooLarge past maxBytes, and whatever the body
   * throws; nothing is left behind then. `sha256` is in hex. A body that is too large is not read further: where it
   * is a Node stream this destroys it, unless given as `stream.iterator({ destroyOnReturn: false })`.
   */
  receive(
    key: string,
    body: AsyncIterable<Uint8Array>,
    maxBytes: number,
  ): Promise<{ sizeBytes: number; sha256: string }>;
  put(key: string, bytes: Uint8Array): Promise<void>;
  /** At most 64 entries. All are written before the first gets its name, but it is not one transaction. */
  putAll(entries: readonly { key: string; bytes: Uint8Array }[]): Promise<void>;
  /** Throws NotStored if there is none. */
  read(key: string): Promise<Buffer>;
  stat(key: string): Promise<{ sizeBytes: number } | null>;
  /** The stream must be read to its end or destroyed. */
  open(key: string): Promise<{ stream: Readable; sizeBytes: number } | null>;
  /** The file's path, for the image workers on the same machine. */
  pathOf(key: string): string;
  /** What is absent already is passed over. */
  remove(keys: readonly string[]): Promise<void>;
  /** Room that is left, in bytes. */
  freeBytes(): Promise<number>;
  /** Everything whose key begins with the prefix ('' for all), in no order. */
  list(prefix: string): AsyncIterable<StoredFile>;
};

export class TooLarge extends Error {
  override readonly name = 'TooLarge';
}

export class BadKey extends Error {
  override readonly name = 'BadKey';
}

export class NotStored extends Error {
  override readonly name = 'NotStored';
}

const MAX_TOGETHER = 64;
const MAX_KEY_CHARACTERS = 500;
const MAX_KNOWN_FOLDERS = 10_000;

/** Keys cannot name it: no part of a key begins with a dot. */
const ASIDE = '.incoming';

/** Tells this process's files from those of a dead process that had the same id. */
const thisProcess = randomUUID();

/** Opens, and makes if need be, a folder as a photo store, and clears what uploads cut off by a crash left in it. */
export async function openFolderStorage(rootPath: string): Promise<Storage> {
  const root = resolve(rootPath);
  const aside = join(root, ASIDE);
  const firstMade = await mkdir(aside, { recursive: true, mode: 0o700 });
  if (firstMade) await syncFoldersAbove(aside, dirname(firstMade));
  await removeLeftovers(aside);

  // One promise for each folder known to be there and durable, so that nobody says yes to a file in a folder whose
  // own name is still on its way to the disk.
  const durableFolders = new Map<string, Promise<void>>();

  function pathOf(key: string): string {
    checkKey(key);
    return join(root, key);
  }

  async function makeDurableFolder(folder: string): Promise<void> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await syncFoldersAbove(folder, root);
  }

  function durableFolder(folder: string): Promise<void> {
    const known = durableFolders.get(folder);
    if (known) return known;
    if (durableFolders.size >= MAX_KNOWN_FOLDERS) durableFolders.clear();
    const made = makeDurableFolder(folder).catch((error) => {
      durableFolders.delete(folder);
      throw error;
    });
    durableFolders.set(folder, made);
    return made;
  }

  async function putAll(entries: readonly { key: string; bytes: Uint8Array }[]): Promise<void> {
    if (entries.length > MAX_TOGETHER) throw new RangeError(`at most ${MAX_TOGETHER} files at once`);
    const files = entries.map(({ key, bytes }) => ({
      path: pathOf(key),
      asidePath: asidePathIn(aside),
      bytes,
    }));
    const written = await Promise.allSettled(
      files.map(({ asidePath, bytes }) => writeAside(asidePath, (file) => file.writeFile(bytes))),
    );
    try {
      for (const result of written) if (result.status === 'rejected') throw result.reason;
      const folders = new Set(files.map(({ path }) => dirname(path)));
      for (const folder of folders) await durableFolder(folder);
      for (const { asidePath, path } of files) await rename(asidePath, path);
      for (const folder of folders) await syncFolder(folder);
    } catch (error) {
      for (const { asidePath } of files) await rm(asidePath, { force: true });
      throw error;
    }
  }

  return {
    async receive(key, body, maxBytes) {
      const path = pathOf(key);
      const asidePath = asidePathIn(aside);
      const hash = createHash('sha256');
      let sizeBytes = 0;
      async function* measured() {
        for await (const chunk of body) {
          sizeBytes += chunk.length;
          if (sizeBytes > maxBytes) throw new TooLarge(`larger than ${maxBytes} bytes`);
          hash.update(chunk);
          yield chunk;
        }
      }
      await writeAside(asidePath, (file) => file.writeFile(measured()));
      let renamed = false;
      try {
        await durableFolder(dirname(path));
        await rename(asidePath, path);
        renamed = true;
        await syncFolder(dirname(path));
      } catch (error) {
        await rm(renamed ? path : asidePath, { force: true });
        throw error;
      }
      return { sizeBytes, sha256: hash.digest('hex') };
    },

    put: (key, bytes) => putAll([{ key, bytes }]),
    putAll,

    async read(key) {
      const bytes = await orNull(readFile(pathOf(key)));
      if (!bytes) throw new NotStored(`${key} is not in the photo store`);
      return bytes;
    },

    async stat(key) {
      const found = await orNull(stat(pathOf(key)));
      return found?.isFile() ? { sizeBytes: found.size } : null;
    },

    async open(key) {
      const file = await orNull(open(pathOf(key)));
      if (!file) return null;
      const found = await file.stat();
      if (found.isFile()) return { stream: file.createReadStream(), sizeBytes: found.size };
      await file.close();
      return null;
    },

    pathOf,

    async remove(keys) {
      const paths = keys.map(pathOf);
      for (const path of paths) await orNull(rm(path));
      for (const folder of new Set(paths.map((path) => dirname(path)))) await orNull(syncFolder(folder));
    },

    async freeBytes() {
      const { bavail, bsize } = await statfs(root);
      return bavail * bsize;
    },

    list(prefix) {
      if (prefix !== '') checkKey(prefix.replace(/\/$/, ''));
      return listFolder(root, prefix.slice(0, prefix.lastIndexOf('/') + 1), prefix);
    },
  };
}

function checkKey(key: string): void {
  const isGood = /^[a-z0-9_-][a-z0-9._-]*(\/[a-z0-9_-][a-z0-9._-]*)*$/.test(key) && !key.includes('..');
  if (!isGood || key.length > MAX_KEY_CHARACTERS) throw new BadKey(`${JSON.stringify(key)} is not a key`);
}

function asidePathIn(aside: string): string {
  return join(aside, `${process.pid}.${thisProcess}.${randomUUID()}`);
}

/** Another live process on this machine may be receiving into the same folder: its files stay. */
async function removeLeftovers(aside: string): Promise<void> {
  for (const name of await readdir(aside)) {
    const [pid, owner] = name.split('.');
    if (owner !== thisProcess && !isAlive(Number(pid))) await rm(join(aside, name), { force: true });
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

async function writeAside(asidePath: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(asidePath, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
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

/** A new folder's name lives in its parent, so all from the parent up to `top` are fsynced. */
async function syncFoldersAbove(folder: string, top: string): Promise<void> {
  for (let at = folder; at !== top; at = dirname(at)) await syncFolder(dirname(at));
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
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

/** Null where there is no such file or folder; other errors go on. */
async function orNull<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')) return null;
    throw error;
  }
}

function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}
