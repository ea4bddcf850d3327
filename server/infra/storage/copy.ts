/** Brings all files of one store into another, while both are in use. It can be broken off and begun again. */
import type { Storage, StoredFile } from './storage.ts';

/** `failures` are sentences; `gone` were removed at the source meanwhile. */
export type Copying = {
  seen: number;
  seenBytes: number;
  copied: number;
  copiedBytes: number;
  same: number;
  gone: number;
  failures: string[];
};

const AT_ONCE = 8;
const FAILURES_MAX = 100;

/** Begins at once: the first is what it did so far, the second its end. Ends early after 100 failures. */
export function copyStore(source: Storage, target: Storage): { copying: Copying; done: Promise<void> } {
  const copying: Copying = {
    seen: 0,
    seenBytes: 0,
    copied: 0,
    copiedBytes: 0,
    same: 0,
    gone: 0,
    failures: [],
  };
  const files = source.list('')[Symbol.asyncIterator]();

  async function work(): Promise<void> {
    while (copying.failures.length < FAILURES_MAX) {
      const { value: file, done } = await files.next();
      if (done) return;
      try {
        const outcome = await copyFile(source, target, file);
        copying[outcome] += 1;
        if (outcome === 'copied') copying.copiedBytes += file.sizeBytes;
      } catch (error) {
        copying.failures.push(`${file.key}: ${error instanceof Error ? error.message : error}`);
      }
      copying.seen += 1;
      copying.seenBytes += file.sizeBytes;
    }
  }

  const done = Promise.all(Array.from({ length: AT_ONCE }, work)).then(() => undefined);
  return { copying, done };
}

async function copyFile(
  source: Storage,
  target: Storage,
  { key, sizeBytes }: StoredFile,
): Promise<'copied' | 'same' | 'gone'> {
  const there = await target.stat(key);
  if (there?.sizeBytes === sizeBytes && (await source.md5(key)) === (await target.md5(key))) return 'same';
  const opened = await source.open(key);
  if (!opened) return 'gone';
  try {
    await target.receive(key, opened.stream, opened.sizeBytes);
  } finally {
    // Nobody may have begun to read it.
    opened.stream.destroy();
  }
  const [is, was] = [await target.md5(key), await source.md5(key)];
  if (is !== null && is === was) return 'copied';
  if (was !== null) throw new Error('is not the same in both after it was copied');
  await target.remove([key]);
  return 'gone';
}
