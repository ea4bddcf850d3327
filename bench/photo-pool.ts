/** The image workers alone, as the product runs them: two processes, two photos in work. */
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { PLAIN_FRAME } from '../core/edits.ts';
import { startImageWorkers } from '../server/infra/images/pool.ts';
import { readCpu } from './processes.ts';
import type { Bench } from './system.ts';

/** CPU is user and system time of the workers, in ms a photo, memory the most that one took; `large`: the w2048 job. */
export type PoolFigures = {
  perSecond: number;
  cpuMs: number;
  rssMiB: number;
  largeCpuMs: number;
  largeRssMiB: number;
};

const WORKERS = 2;
const LOOK = { filter: 'warm-vintage', strength: 100, adjustments: {} } as const;
const EDITS = { frame: PLAIN_FRAME, look: LOOK };

/** From the file to the four encoded renditions, for so many seconds, after a round to warm up. */
export async function measurePool(bench: Bench, files: string[], seconds: number): Promise<PoolFigures> {
  const masters = path.join(bench.folder, 'masters');
  await mkdir(masters, { recursive: true });
  const workers = startImageWorkers({ count: WORKERS });
  bench.closing.push(() => workers.stop());
  const masterOf = (file: string) => path.join(masters, path.basename(file));
  const makePhoto = async (file: string) => {
    await workers.develop(file, masterOf(file));
    await workers.render({ sourcePath: file, masterPath: masterOf(file), edits: EDITS, kind: 'photo' });
  };
  const makeLarge = (file: string) =>
    workers.render({ sourcePath: file, masterPath: masterOf(file), edits: EDITS, kind: 'large' });
  await twoAtATime([...files, ...files], makePhoto);
  const photos = await measure(files, seconds, makePhoto);
  const rssMiB = await readPeakMiB(workers.pids());
  const large = await measure(files, seconds / 2, makeLarge);
  const largeRssMiB = await readPeakMiB(workers.pids());
  await workers.stop();
  return { ...photos, rssMiB, largeCpuMs: large.cpuMs, largeRssMiB };
}

async function measure(files: string[], seconds: number, work: (file: string) => Promise<unknown>) {
  const before = await readCpu(process.pid);
  const startMs = performance.now();
  let count = 0;
  // Whole rounds, so that each photo counts alike.
  while (performance.now() - startMs < seconds * 1_000) {
    await twoAtATime(files, work);
    count += files.length;
  }
  const tookMs = performance.now() - startMs;
  const after = await readCpu(process.pid);
  return { perSecond: (count * 1_000) / tookMs, cpuMs: (after.images - before.images) / count };
}

async function twoAtATime(files: string[], work: (file: string) => Promise<unknown>): Promise<void> {
  const waiting = files.values();
  const lane = async () => {
    for (const file of waiting) await work(file);
  };
  await Promise.all(Array.from({ length: WORKERS }, lane));
}

async function readPeakMiB(pids: number[]): Promise<number> {
  const peaks = pids.map(async (pid) => {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1_024;
  });
  return Math.max(...(await Promise.all(peaks)));
}
