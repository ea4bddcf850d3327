/**
 * Photos. First the image workers alone, for what a browser prepared and for originals of 12 megapixels, with the floors
 * below them. Then the whole way: ticket → bytes → publish with warm-vintage → published, by several members at once,
 * from a process of its own. The CPU is that of all processes of Pinhole, the asking whether a post is published included.
 */

import { watchEventLoop } from './event-loop.ts';
import { call, makeAdmin, makeMembers, step, together } from './people.ts';
import { makePhotoSets, type PhotoSets } from './photo-files.ts';
import type { FloorsPlan, FloorsReply } from './photo-floors.worker.ts';
import { measurePool, type PoolFigures } from './photo-pool.ts';
import type { PhotosPlan, PhotosReply } from './photos.worker.ts';
import { cpuBetween, readCpu } from './processes.ts';
import {
  type Bench,
  type Figures,
  inChild,
  percentile,
  type Scenario,
  type System,
  startSystem,
  type Wish,
} from './system.ts';

const LANES = 6;
const SECONDS = 12;
const FLOOR_ROUNDS = 3;
const RENDITIONS = ['w1080', 'w640', 'w320', 's150'];

export const photos: Scenario = {
  name: 'photos',
  about:
    'photos through the image workers, and from the ticket to the published post; --photos DIR: your own JPEGs',
  measure,
};

async function measure(bench: Bench, wish: Wish): Promise<Figures> {
  const sets = await step('photographs', makePhotoSets(bench, wish.photosFolder));
  const seconds = wish.seconds ?? SECONDS;
  return {
    ...(await measureWorkers(bench, sets, seconds / 2)),
    ...(await measureFloors(bench, sets)),
    ...(await measureSystem(bench, sets.original12mp, seconds)),
  };
}

async function measureWorkers(bench: Bench, sets: PhotoSets, seconds: number): Promise<Figures> {
  const figures: Figures = {};
  const peaks: PoolFigures[] = [];
  for (const [name, files] of Object.entries(sets)) {
    const found = await step(name, measurePool(bench, files, seconds));
    peaks.push(found);
    figures[`${name}PerSecond`] = found.perSecond;
    figures[`${name}CpuMs`] = found.cpuMs;
    // What was prepared for 1080 pixels has no larger rendition.
    if (name !== 'prepared1080') figures[`${name}LargeCpuMs`] = found.largeCpuMs;
  }
  return {
    ...figures,
    workerRssMiB: Math.max(...peaks.map(({ rssMiB }) => rssMiB)),
    workerLargeRssMiB: Math.max(...peaks.map(({ largeRssMiB }) => largeRssMiB)),
  };
}

async function measureFloors(bench: Bench, sets: PhotoSets): Promise<Figures> {
  const worker = new URL('./photo-floors.worker.ts', import.meta.url);
  const plan: FloorsPlan = { sets, filtered: sets.original12mp[0] ?? '', rounds: FLOOR_ROUNDS };
  const floors = await step('floors', inChild<FloorsReply>(bench, worker, plan));
  const figures: Figures = { filterCpuMs: floors.filterCpuMs };
  for (const name of Object.keys(sets)) {
    figures[`${name}DecodeOnlyCpuMs`] = floors.decodeOnly[name] ?? Number.NaN;
    figures[`${name}EncodeOnlyCpuMs`] = floors.encodeOnly[name] ?? Number.NaN;
  }
  return figures;
}

async function measureSystem(bench: Bench, files: string[], seconds: number): Promise<Figures> {
  const system = await startSystem(bench);
  await makeAdmin(system);
  const tokens = (await makeMembers(system, 'member', LANES)).map(({ token }) => token);
  const worker = new URL('./photos.worker.ts', import.meta.url);
  const plan: PhotosPlan = { base: system.base, tokens, files, seconds: 2 };
  await step('warming up', inChild<PhotosReply>(bench, worker, plan));
  // With six members there are always two photos in work, or more that wait for a worker.
  const readEventLoop = await watchEventLoop(bench, system.pid());
  const before = await readCpu(system.pid());
  const reply = await step('photos', inChild<PhotosReply>(bench, worker, { ...plan, seconds }));
  const cpu = cpuBetween(before, await readCpu(system.pid()));
  const apiEventLoopP99Ms = await readEventLoop();
  if (reply.failure !== null) throw new Error(`A photo was not published: ${reply.failure}`);
  await checkRenditions(system, tokens[0] ?? '', reply.postIds);
  const count = reply.postIds.length;
  return {
    photosPerSecond: reply.perSecond,
    photoCpuMs: cpu.all / count,
    photoNodeCpuMs: cpu.node / count,
    photoPgCpuMs: cpu.postgres / count,
    photoImagesCpuMs: cpu.images / count,
    photoP50Ms: percentile(reply.publishedAfterMs, 0.5),
    photoUploadP50Ms: percentile(reply.uploadedAfterMs, 0.5),
    photosSent: count,
    apiEventLoopP99Ms,
  };
}

/** All renditions of all posts must be there, and be whole. */
async function checkRenditions(system: System, token: string, postIds: string[]): Promise<void> {
  type Shown = { photos: { renditions: { name: string; url: string }[] }[] };
  await together(postIds, async (postId) => {
    const { photos } = await call<Shown>(system.base, 'GET', `/posts/${postId}`, { token });
    const found = new Map(photos[0]?.renditions.map(({ name, url }) => [name, url]));
    for (const name of RENDITIONS) {
      const reply = await fetch(new URL(found.get(name) ?? '', system.base));
      const bytes = new Uint8Array(await reply.arrayBuffer());
      if (!reply.ok || bytes.at(-2) !== 0xff || bytes.at(-1) !== 0xd9)
        throw new Error(`${name} of post ${postId} is not there: ${reply.status}`);
    }
  });
}
