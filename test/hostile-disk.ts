/**
 * Disks that can be filled and cut off: images mounted by the system, which needs Linux and root. A disk lies in an
 * image on XFS, where a copy that shares all blocks is made in an instant (reflink): what the copy holds is what the
 * disk would hold if the power went off now, without what is still in memory.
 */
import { execFile } from 'node:child_process';
import { mkdir, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The sentence says what is missing on this machine. */
export class NoDisk extends Error {
  override readonly name = 'NoDisk';
}

async function orMissing(program: string, ...args: string[]): Promise<void> {
  try {
    await run(program, args);
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim() || (error as Error).message;
    throw new NoDisk(`${program} does not work here: ${said.split('\n')[0]}`);
  }
}

/** A file system of its own at `folder`, in a sparse image beside it. Give it back with `unmount`. Throws NoDisk. */
export async function mountDisk(
  folder: string,
  kind: 'ext4' | 'xfs',
  sizeBytes: number,
  image = `${folder}.img`,
) {
  if (process.getuid?.() !== 0) throw new NoDisk('Only root can mount a disk.');
  await mkdir(folder, { recursive: true });
  await writeFile(image, '');
  await truncate(image, sizeBytes);
  if (kind === 'xfs') await orMissing('mkfs.xfs', '-q', '-m', 'reflink=1', image);
  else await orMissing('mkfs.ext4', '-q', '-F', '-m', '0', '-E', 'lazy_itable_init=1', image);
  await mountImage(image, folder);
}

export async function mountImage(image: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await orMissing('mount', '-o', 'loop', image, folder);
}

export async function unmount(folder: string): Promise<void> {
  await run('umount', ['--lazy', folder]);
}

/** The disk of the image as a power cut would leave it now. Throws NoDisk. */
export async function cutPower(image: string, copy: string): Promise<void> {
  await orMissing('cp', '--reflink=always', image, copy);
}

/** Takes so much room, without writing it. */
export async function fill(folder: string, bytes: number): Promise<string> {
  const file = path.join(folder, 'filling');
  await orMissing('fallocate', '-l', String(bytes), file);
  return file;
}
