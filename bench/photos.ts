/**
 * Photos through the whole pipeline: ticket → bytes → publish with warm-vintage → published, all renditions on the
 * disk. Sent by several members at once, from a process of its own. The CPU is that of all processes of Pinhole, the
 * asking whether a post is published included.
 */
import { access, mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { root } from '../server/main/app.ts';
import { OperatorFault } from '../server/main/progress.ts';
import { makeAdmin, makeMembers, step } from './people.ts';
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
const FILES_MAX = 12;
const FIXTURES = ['Landscape_1.jpg', 'Landscape_6.jpg', 'Portrait_1.jpg', 'Portrait_6.jpg'];
const LONG_SIDE = 4_032;
const RENDITIONS = ['w1080', 'w640', 'w320', 's150'];

export const photos: Scenario = {
  name: 'photos',
  about: '12-megapixel photos from the ticket to the published post; --photos DIR: your own JPEGs',
  measure,
};

async function measure(bench: Bench, wish: Wish): Promise<Figures> {
  const files = wish.photosFolder
    ? await listPhotos(wish.photosFolder)
    : await step('photographs of the fixtures made large', makePhotos(bench));
  const system = await startSystem(bench);
  await makeAdmin(system);
  const tokens = (await makeMembers(system, 'member', LANES)).map(({ token }) => token);
  const worker = new URL('./photos.worker.ts', import.meta.url);
  const plan: PhotosPlan = { base: system.base, tokens, files, seconds: 2 };
  await step('warming up', inChild<PhotosReply>(bench, worker, plan));
  const before = await readCpu(system.pid());
  const seconds = wish.seconds ?? SECONDS;
  const reply = await step('photos', inChild<PhotosReply>(bench, worker, { ...plan, seconds }));
  const cpu = cpuBetween(before, await readCpu(system.pid()));
  if (reply.failure !== null) throw new Error(`A photo was not published: ${reply.failure}`);
  await checkRenditions(system, reply.mediaIds);
  return {
    photosPerSecond: reply.perSecond,
    photoCpuMs: cpu.all / reply.mediaIds.length,
    photoNodeCpuMs: cpu.node / reply.mediaIds.length,
    photoPgCpuMs: cpu.postgres / reply.mediaIds.length,
    photoImagesCpuMs: cpu.images / reply.mediaIds.length,
    photoP50Ms: percentile(reply.publishedAfterMs, 0.5),
    photoUploadP50Ms: percentile(reply.uploadedAfterMs, 0.5),
    photosSent: reply.mediaIds.length,
  };
}

async function listPhotos(folder: string): Promise<string[]> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => /\.jpe?g$/i.test(name)).sort();
  if (names.length === 0) throw new OperatorFault(`There are no JPEG photographs in ${folder}.`);
  return names.slice(0, FILES_MAX).map((name) => path.resolve(folder, name));
}

/** Baseline JPEGs of 12 megapixels, with grain as a camera's have: without it they would be decoded too fast. */
async function makePhotos(bench: Bench): Promise<string[]> {
  const folder = path.join(bench.folder, 'originals');
  await mkdir(folder);
  const files: string[] = [];
  for (const name of FIXTURES) {
    const file = path.join(folder, name);
    const { data, info } = await sharp(path.join(root, 'test/fixtures/orientation', name))
      .autoOrient()
      .resize(LONG_SIDE, LONG_SIDE, { fit: 'inside' })
      .raw()
      .toBuffer({ resolveWithObject: true });
    addGrain(data);
    const { width, height } = info;
    await writeFile(
      file,
      await sharp(data, { raw: { width, height, channels: 3 } })
        .jpeg({ quality: 90 })
        .toBuffer(),
    );
    files.push(file);
  }
  return files;
}

function addGrain(data: Buffer): void {
  let state = 1;
  for (let at = 0; at < data.length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    data[at] = Math.max(0, Math.min(255, (data[at] ?? 0) + ((state >>> 29) - 4)));
  }
}

async function checkRenditions(system: System, mediaIds: string[]): Promise<void> {
  for (const mediaId of mediaIds)
    for (const name of RENDITIONS)
      await access(path.join(system.dataDir, 'photos/photos', mediaId.slice(-2), mediaId, `${name}.jpg`));
}
