/** How much slower a page of the home feed comes while members upload photos: p99 at one connection, in turns with calm. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { LoadResult } from './load.ts';
import { type Member, makePhoto } from './people.ts';
import type { PhotosPlan, PhotosReply } from './photos.worker.ts';
import { type Bench, type Figures, inChild, percentile, type System } from './system.ts';

const ROUNDS = 2;
/** The first photos are under way, and the image workers have started. */
const HEAD_START_SECONDS = 1;

/** `members`: each uploads one photo after the other, as large as a browser sends them. */
export async function measureUnderUploads(
  bench: Bench,
  system: System,
  members: Member[],
  read: (seconds: number) => Promise<LoadResult>,
  seconds: number,
): Promise<Figures> {
  const file = path.join(bench.folder, 'upload.jpg');
  await writeFile(file, await makePhoto(1_080, 1_350));
  const calm: number[] = [];
  const busy: number[] = [];
  let photos = 0;
  for (let round = 0; round < ROUNDS; round++) {
    calm.push(...(await read(seconds / ROUNDS)).latenciesMs);
    const plan: PhotosPlan = {
      base: system.base,
      tokens: members.map(({ token }) => token),
      files: [file],
      seconds: seconds / ROUNDS + HEAD_START_SECONDS,
    };
    const worker = new URL('./photos.worker.ts', import.meta.url);
    const uploading = inChild<PhotosReply>(bench, worker, plan);
    await delay(HEAD_START_SECONDS * 1_000);
    busy.push(...(await read(seconds / ROUNDS)).latenciesMs);
    const { failure, postIds } = await uploading;
    if (failure !== null) throw new Error(`A photo was not published: ${failure}`);
    photos += postIds.length;
  }
  const feedP99MsUnderUploads = percentile(busy, 0.99);
  return {
    feedP99UnderUploads: feedP99MsUnderUploads / percentile(calm, 0.99),
    feedP99MsUnderUploads,
    feedUploads: photos,
  };
}
