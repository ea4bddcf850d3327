/** What must hold whatever is sent: others can post meanwhile, little memory is taken, and nothing is left. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import sharp from 'sharp';
import { assertRefused } from './bad-input.ts';
import { type Bytes, jpegComment, withSegments } from './hostile-files.ts';
import { type Person, type Reply, until, type World } from './world.ts';

const MEGABYTE = 1e6;
/** What a worker is killed at, and what the process of the API may grow by. */
const WORKER_MAX_BYTES = 800 * MEGABYTE;
const API_GROWTH_MAX_BYTES = 150 * MEGABYTE;
const SAMPLE_MS = 25;

/** A plain picture whose bytes are others for each seed. */
export async function newPhoto(seed: number, width = 600, height = 400): Promise<Bytes> {
  const background = { r: seed % 256, g: 80, b: 40 };
  const picture = sharp({ create: { width, height, channels: 3, background } });
  return withSegments(await picture.jpeg().toBuffer(), jpegComment(`photo ${seed}`));
}

export async function openTicket(
  person: Person,
  wish: object = {},
): Promise<{ uploadId: string; url: string }> {
  return (await person.must('POST', '/uploads', { body: wish })).body;
}

/** Every file of the photo folder and of the scratch folder that has the id in its path, and all that is aside. */
export async function leftOf(dataDir: string, ...ids: string[]): Promise<string[]> {
  const found: string[] = [];
  for (const folder of ['photos', 'scratch']) {
    const entries = await readdir(path.join(dataDir, folder), { recursive: true, withFileTypes: true }).catch(
      () => [],
    );
    for (const entry of entries) {
      const file = path.join(entry.parentPath, entry.name);
      if (entry.isFile() && (file.includes('/.incoming/') || ids.some((id) => file.includes(id))))
        found.push(file);
    }
  }
  return found;
}

/** Bytes sent with a ticket of their own: refused with the code, and then the ticket and every file is gone. */
export async function isRefused(
  world: World,
  person: Person,
  what: string,
  code: string,
  raw: Bytes,
  headers: Record<string, string> = {},
): Promise<void> {
  const { uploadId, url } = await openTicket(person);
  const reply = await person.act('PUT', url, { raw, headers });
  assertRefused(reply, reply.status === 413 ? 413 : 422, code, what);
  assert.equal((await person.act('GET', url)).status, 404, `${what}: its ticket is gone`);
  assert.deepEqual((await leftOf(world.dataDir, uploadId)).filter(isOf(uploadId)), [], what);
}

const isOf = (id: string) => (file: string) => file.includes(id);

/** A client that comes again when it is told to. */
export async function sendPatiently(
  person: Person,
  url: string,
  raw: Uint8Array<ArrayBuffer>,
): Promise<Reply> {
  return until(async () => {
    const reply = await person.act('PUT', url, { raw });
    if (reply.status !== 503) return reply;
    assertBusy(reply, 'busy');
    return null;
  }, 'it is taken');
}

/** Runs the work while somebody else posts a good photo, which must come out. */
export async function besideOthers(
  neighbour: Person,
  seed: number,
  work: () => Promise<void>,
): Promise<void> {
  const photo = await newPhoto(seed);
  const beside = async () => {
    const { uploadId, url } = await openTicket(neighbour);
    const reply = await sendPatiently(neighbour, url, photo);
    assert.equal(reply.status, 200, reply.text);
    return neighbour.shares('beside', [uploadId]);
  };
  const [post] = await Promise.all([beside(), work()]);
  assert.equal(post.state, 'published');
  assert.equal(post.photos[0]?.renditions.length, 4);
}

/** When all jobs are done nothing lies aside, and no master and no piece is kept. */
export async function assertTidy(world: World): Promise<void> {
  await world.settled();
  assert.deepEqual(await leftOf(world.dataDir, '/scratch/'), []);
}

export type Memory = { workerPeak: number; apiGrowth: number };

/** Runs the work; gives the largest memory of any image worker meanwhile, and by how much this process grew, in bytes. */
export async function measureMemory(world: World, work: () => Promise<void>): Promise<Memory> {
  const before = statusBytes('self', 'VmRSS');
  let [workerPeak, ownPeak] = [0, 0];
  const sample = () => {
    ownPeak = Math.max(ownPeak, statusBytes('self', 'VmRSS'));
    for (const pid of world.app.images.pids()) workerPeak = Math.max(workerPeak, statusBytes(pid, 'VmHWM'));
  };
  const timer = setInterval(sample, SAMPLE_MS);
  try {
    await work();
    sample();
  } finally {
    clearInterval(timer);
  }
  return { workerPeak, apiGrowth: ownPeak - before };
}

/** Within what we allow ourselves, or less. Where there is no /proc nothing is known. */
export function assertModest({ workerPeak, apiGrowth }: Memory, workerMax = WORKER_MAX_BYTES): void {
  assert.ok(workerPeak <= workerMax, `an image worker took ${Math.round(workerPeak / MEGABYTE)} MB`);
  assert.ok(apiGrowth <= API_GROWTH_MAX_BYTES, `the API grew by ${Math.round(apiGrowth / MEGABYTE)} MB`);
}

function statusBytes(pid: number | 'self', field: 'VmRSS' | 'VmHWM'): number {
  try {
    const kibibytes = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(
      readFileSync(`/proc/${pid}/status`, 'utf8'),
    )?.[1];
    return Number(kibibytes ?? 0) * 1_024;
  } catch {
    return 0;
  }
}

/** Ends all image workers, so that the next photo meets a new one. */
export async function renewWorkers(world: World): Promise<void> {
  await world.settled();
  for (const pid of world.app.images.pids()) process.kill(pid, 'SIGKILL');
  while (world.app.images.pids().length > 0) await delay(5);
}

/** A 503 says when to come again, and why in a sentence. */
export function assertBusy(reply: Reply, ...codes: string[]): void {
  assert.equal(reply.status, 503, reply.text);
  assert.ok(codes.includes(reply.body.error.code), reply.text);
  assert.match(reply.body.error.message, /^[A-Z].*\.$/);
  assert.ok(Number(reply.headers.get('retry-after')) > 0, 'it says when to come again');
}
