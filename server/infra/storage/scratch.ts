/** Files that are being written, in a folder that several processes may share: each carries its owner in its name. */
import { randomUUID } from 'node:crypto';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, orNull } from './durable-folders.ts';

/** Tells this process's files from those of a dead process that had the same id. */
const thisProcess = randomUUID();

export function scratchPathIn(folder: string): string {
  return join(folder, `${process.pid}.${thisProcess}.${randomUUID()}`);
}

/** Removes what dead processes left and is older than this; gives how many. Another live process's files stay. */
export async function removeLeftovers(folder: string, olderThanMs: number): Promise<number> {
  let removed = 0;
  for (const name of await readdir(folder)) {
    const [pid, owner] = name.split('.');
    if (owner === thisProcess || isAlive(Number(pid))) continue;
    const found = await orNull(stat(join(folder, name)));
    if (!found || Date.now() - Math.floor(found.mtimeMs) < olderThanMs) continue;
    await rm(join(folder, name), { force: true });
    removed += 1;
  }
  return removed;
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}
