import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import { ImageFailure, type ImageFailureCode, startImageWorkers } from './pool.ts';

const fixtures = fileURLToPath(new URL('../../../test/fixtures/', import.meta.url));
const portrait = join(fixtures, 'orientation/Portrait_6.jpg');

/** Workers and a folder that go with the test; `send` puts bytes there as an uploaded original and develops it. */
async function startWorld(t: TestContext, options: Partial<Parameters<typeof startImageWorkers>[0]> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'pinhole-images-'));
  const workers = startImageWorkers({ count: 1, ...options });
  t.after(async () => {
    await workers.stop();
    await rm(folder, { recursive: true, force: true });
  });
  const masterPath = join(folder, 'master');
  async function send(bytes: Uint8Array) {
    await writeFile(join(folder, 'original'), bytes);
    return workers.develop(join(folder, 'original'), masterPath);
  }
  return { workers, masterPath, send };
}

const isFailure = (code: ImageFailureCode) => (error: unknown) => {
  assert.ok(error instanceof ImageFailure, String(error));
  assert.equal(error.code, code, error.message);
  assert.match(error.message, /^[A-Z].*\.$/);
  return true;
};

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    assert.ok(performance.now() < deadline, 'it did not come about within 10 s');
    await pause(5);
  }
}

const plain = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#c85028' } });
const goodPhoto = await plain(40, 30).jpeg().toBuffer();
const png = (
  width: number,
  height: number,
  depth: number,
  colourType: number,
  interlace: number,
  data: Buffer,
) => {
  const chunk = (type: string, body: Buffer) => {
    const typed = Buffer.concat([Buffer.from(type), body]);
    const ends = Buffer.alloc(8);
    ends.writeUInt32BE(body.length, 0);
    ends.writeUInt32BE(crc32(typed), 4);
    return Buffer.concat([ends.subarray(0, 4), typed, ends.subarray(4)]);
  };
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, depth, colourType, 0, 0, interlace]);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', data),
    chunk('IEND', Buffer.alloc(0)),
  ]);
};

const isoFile = (...brands: string[]) =>
  Buffer.concat([
    Buffer.from([0, 0, 0, 12 + brands.length * 4]),
    Buffer.from(`ftyp${brands[0]}`),
    Buffer.alloc(4),
    Buffer.from(`${brands.slice(1).join('')}meta`),
  ]);

const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>';
const badInputs: [string, ImageFailureCode, () => Buffer | Promise<Buffer>][] = [
  ['text', 'image_type', () => Buffer.from('this is not a photo at all, whatever it is called')],
  ['nothing', 'image_type', () => Buffer.alloc(0)],
  ['SVG', 'image_type', () => Buffer.from(svg)],
  ['SVG behind a comment', 'image_type', () => Buffer.from(`<!--${' '.repeat(2000)}-->${svg}`)],
  ['TIFF', 'image_type', () => plain(40, 30).tiff().toBuffer()],
  ['PDF', 'image_type', () => Buffer.from('%PDF-1.7\n1 0 obj <<>> endobj')],
  ['HEIC', 'image_type', () => isoFile('heic', 'mif1', 'heic')],
  ['MP4', 'image_type', () => isoFile('isom', 'mp42')],
  ['an AVIF of nothing', 'image_damaged', () => isoFile('avif', 'mif1')],
  ['three bytes of JPEG', 'image_damaged', () => Buffer.from([0xff, 0xd8, 0xff])],
  ['half a JPEG', 'image_damaged', async () => (await readFile(portrait)).subarray(0, 120_000)],
  ['half a PNG', 'image_damaged', () => png(500, 500, 8, 2, 0, Buffer.alloc(50))],
  [
    '66 bytes that claim 3,000,000 × 32',
    'image_too_large',
    () => png(3_000_000, 32, 16, 6, 1, Buffer.alloc(9)),
  ],
  ['30,000 × 30,000', 'image_too_large', () => png(30_000, 30_000, 8, 2, 0, Buffer.alloc(500))],
  [
    'a WebP of 16,383 × 16,383',
    'image_too_large',
    () => Buffer.from('UklGRhoAAABXRUJQVlA4TA4AAAAv/r//DwAAAAAAAAAAAA==', 'base64'),
  ],
  [
    'more than 25 megapixels of AVIF',
    'image_too_large',
    () => plain(5100, 5100).avif({ effort: 0 }).toBuffer(),
  ],
  ['17,000 pixels long', 'image_too_large', () => png(17_000, 2000, 1, 0, 0, Buffer.alloc(50))],
  ['20,000 × 10', 'image_shape', () => plain(20_000, 10).png().toBuffer()],
];

test('what is no photo is refused with its reason, and the next good one goes through', async (t) => {
  const { send } = await startWorld(t);
  for (const [name, code, make] of badInputs) {
    await t.test(name, async () => {
      await assert.rejects(send(await make()), isFailure(code));
      await send(goodPhoto);
    });
  }
  await t.test('HEIC says what to do', () =>
    assert.rejects(send(isoFile('heic')), {
      message: 'HEIC photos are not supported yet; export it as JPEG.',
    }),
  );
  assert.equal(png(3_000_000, 32, 16, 6, 1, Buffer.alloc(9)).length, 66);
});

test('of 5,000 frames only the first is read', async (t) => {
  const { send } = await startWorld(t, { deadlineMs: 2000 });
  const frame = (code: number) => Buffer.from([0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, code, 1, 0]);
  const head = Buffer.concat([
    Buffer.from('GIF89a'),
    Buffer.from([1, 0, 1, 0, 0x80, 0, 0, 255, 0, 0, 0, 0, 255]),
  ]);
  const frames = Array.from({ length: 4999 }, () => frame(0x4c));
  const { averageColour } = await send(Buffer.concat([head, frame(0x44), ...frames, Buffer.from(';')]));
  assert.equal(averageColour, '#ff0000');
});

test('a worker that is killed costs one try of one photo', async (t) => {
  const { workers, send } = await startWorld(t);
  const photo = await readFile(portrait);
  await send(photo);
  const [before] = workers.pids();
  assert.ok(before);
  const failing = assert.rejects(workers.develop(portrait, '/dev/null'), isFailure('image_crashed'));
  process.kill(before, 'SIGKILL');
  await Promise.all([failing, send(photo)]);
  assert.equal(workers.pids().length, 1);
  assert.notEqual(workers.pids()[0], before);
});

test('a worker that hangs is killed at the deadline', async (t) => {
  const { workers, send } = await startWorld(t, { deadlineMs: 1000 });
  const photo = await readFile(portrait);
  await send(photo);
  const failing = assert.rejects(send(photo), isFailure('image_timeout'));
  for (const pid of workers.pids()) process.kill(pid, 'SIGSTOP');
  await failing;
  await send(photo);
});

test('a worker that takes too much memory is killed', {
  skip: !existsSync('/proc/self/status') && 'no /proc here',
}, async (t) => {
  const { send } = await startWorld(t, { maxRssBytes: 1e6 });
  await assert.rejects(send(await readFile(portrait)), isFailure('image_memory'));
});

test('workers start when needed, are humble, and end when idle', async (t) => {
  const { workers, send } = await startWorld(t, { count: 2, idleMs: 50 });
  assert.deepEqual(workers.pids(), []);
  const photos = [send(goodPhoto), send(goodPhoto), send(goodPhoto)];
  await until(() => workers.pids().length === 2);
  if (existsSync('/proc/self/status')) {
    for (const pid of workers.pids()) {
      assert.equal(readFileSync(`/proc/${pid}/oom_score_adj`, 'utf8').trim(), '1000');
      assert.equal(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[16], '10');
      assert.doesNotMatch(readFileSync(`/proc/${pid}/environ`, 'latin1'), /PATH|HOME/);
    }
  }
  await Promise.all(photos);
  await until(() => workers.pids().length === 0);
  await send(goodPhoto);
});

test('more than may wait are told to come again, and stopping leaves no process', async (t) => {
  const { workers, masterPath } = await startWorld(t, { maxQueue: 1 });
  const doing = assert.rejects(workers.develop(portrait, masterPath), isFailure('image_crashed'));
  const waiting = assert.rejects(workers.develop(portrait, masterPath), isFailure('busy'));
  await assert.rejects(workers.develop(portrait, masterPath), isFailure('busy'));
  await workers.stop();
  await Promise.all([doing, waiting]);
  assert.deepEqual(workers.pids(), []);
  await assert.rejects(workers.develop(portrait, masterPath), isFailure('busy'));
});

test('workers die with their parent', async () => {
  const module = JSON.stringify(new URL('./pool.ts', import.meta.url).href);
  const script = `
    import { startImageWorkers } from ${module};
    const workers = startImageWorkers({ count: 1 });
    await workers.develop(${JSON.stringify(portrait)}, '/dev/null');
    console.log(workers.pids()[0]);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output] = await once(parent.stdout, 'data');
  assert.ok(isRunning(Number(output)));
  parent.kill('SIGKILL');
  await until(() => !isRunning(Number(output)));
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // One that died, but whom nobody has asked about, is still in the list.
  return !existsSync(`/proc/${pid}/stat`) || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
}
