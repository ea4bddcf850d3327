import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { fixtures, isFailure, plainPicture, startImageWorld } from '../../../test/image-world.ts';
import type { ImageEvent, ImageFailureCode } from './pool.ts';

const portrait = path.join(fixtures, 'orientation/Portrait_6.jpg');
const turned = path.join(fixtures, 'turned.heic');
const goodPhoto = await plainPicture(40, 30).jpeg().toBuffer();

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    assert.ok(performance.now() < deadline, 'it did not come about within 10 s');
    await pause(5);
  }
}

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

async function avifNamedHeic(): Promise<Buffer> {
  const bytes = await plainPicture(40, 30).avif({ effort: 0 }).toBuffer();
  return Buffer.from(bytes.toString('latin1').replaceAll('avif', 'heic'), 'latin1');
}

/** The size is in a box of the header, behind its name and four bytes more. */
async function hugeHeic(): Promise<Buffer> {
  const bytes = await readFile(turned);
  const place = bytes.indexOf('ispe') + 8;
  bytes.writeUInt32BE(9_000, place);
  bytes.writeUInt32BE(9_000, place + 4);
  return bytes;
}

const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>';
const badInputs: [string, ImageFailureCode, () => Buffer | Promise<Buffer>][] = [
  ['text', 'image_type', () => Buffer.from('this is not a photo at all, whatever it is called')],
  ['nothing', 'image_type', () => Buffer.alloc(0)],
  ['SVG', 'image_type', () => Buffer.from(svg)],
  ['SVG behind a comment', 'image_type', () => Buffer.from(`<!--${' '.repeat(2000)}-->${svg}`)],
  ['TIFF', 'image_type', () => plainPicture(40, 30).tiff().toBuffer()],
  ['PDF', 'image_type', () => Buffer.from('%PDF-1.7\n1 0 obj <<>> endobj')],
  ['MP4', 'image_type', () => isoFile('isom', 'mp42')],
  ['an AVIF of nothing', 'image_damaged', () => isoFile('avif', 'mif1')],
  ['a HEIC of nothing', 'image_damaged', () => isoFile('heic', 'mif1', 'heic')],
  ['a HEIC with zeros for pixels', 'image_damaged', async () => (await readFile(turned)).fill(0, 930, 1_300)],
  ['half a HEIC', 'image_damaged', async () => (await readFile(turned)).subarray(0, 1_000)],
  ['an AVIF that says it is a HEIC', 'image_damaged', avifNamedHeic],
  ['a HEIC that claims 9000 × 9000', 'image_too_large', hugeHeic],
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
    () => plainPicture(5100, 5100).avif({ effort: 0 }).toBuffer(),
  ],
  ['17,000 pixels long', 'image_too_large', () => png(17_000, 2000, 1, 0, 0, Buffer.alloc(50))],
  ['20,000 × 10', 'image_shape', () => plainPicture(20_000, 10).png().toBuffer()],
];

test('what is no photo is refused with its reason, and the next good one goes through', async (t) => {
  const { send } = await startImageWorld(t);
  for (const [name, code, make] of badInputs) {
    await t.test(name, async () => {
      await assert.rejects(send(await make()), isFailure(code));
      await send(goodPhoto);
    });
  }
  assert.equal(png(3_000_000, 32, 16, 6, 1, Buffer.alloc(9)).length, 66);
});

test('of 5,000 frames only the first is read', async (t) => {
  const { send } = await startImageWorld(t, { deadlineMs: 2000 });
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
  const { workers, send } = await startImageWorld(t);
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
  const { workers, send } = await startImageWorld(t, { deadlineMs: 2000 });
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
  const { send } = await startImageWorld(t, { maxRssBytes: 1e6 });
  await assert.rejects(send(await readFile(portrait)), isFailure('image_memory'));
});

test('workers start when needed, are humble, and end when idle', async (t) => {
  const { workers, send } = await startImageWorld(t, { count: 2, idleMs: 50 });
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
  const { workers, masterPath } = await startImageWorld(t, { maxQueue: 1 });
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

test('one HEIC is in work at a time, others pass it, and its worker gives its memory back', async (t) => {
  const { workers, masterPath } = await startImageWorld(t, { count: 2 });
  const done: string[] = [];
  const develop = (name: string, file: string) =>
    workers.develop(file, `${masterPath}-${name}`).then(() => done.push(name));
  const first = develop('first', turned);
  const second = develop('second', turned);
  const [pid] = workers.pids();
  assert.equal(workers.pids().length, 1, 'the second does not get a worker of its own');
  const other = develop('other', portrait);
  assert.equal(workers.pids().length, 2);
  await first;
  await Promise.all([second, other]);
  assert.equal(done.at(-1), 'second');
  await until(() => !workers.pids().includes(pid ?? 0));
});

test('a HEIC may take twice as long as other photos', async (t) => {
  const { workers, masterPath } = await startImageWorld(t, { count: 2, deadlineMs: 8000 });
  const heic = workers.develop(turned, masterPath);
  const [pid] = workers.pids();
  assert.ok(pid);
  const failing = assert.rejects(workers.develop(portrait, masterPath), isFailure('image_timeout'));
  for (const each of workers.pids()) process.kill(each, 'SIGSTOP');
  await failing;
  process.kill(pid, 'SIGCONT');
  assert.equal((await heic).sourceFormat, 'heic');
});

test('a published photo is rendered before others are developed, and none of them is refused', async (t) => {
  const { workers, sourcePath, masterPath, send, render } = await startImageWorld(t, { maxQueue: 2 });
  await send(goodPhoto);
  const done: string[] = [];
  const waiting = ['one', 'two', 'three'].map((name) =>
    workers.develop(sourcePath, masterPath).then(() => done.push(name)),
  );
  const published = ['large', 'photo', 'avatar'] as const;
  await Promise.all([...waiting, ...published.map((kind) => render(kind).then(() => done.push(kind)))]);
  assert.deepEqual(done, ['one', 'photo', 'avatar', 'two', 'three', 'large']);
});

test('every stage and every outcome is told', async (t) => {
  const events: ImageEvent[] = [];
  const { workers, sourcePath, send, render } = await startImageWorld(t, {
    observe: (event) => events.push(event),
    deadlineMs: 5000,
  });
  const told = () => {
    for (const { seconds } of events) assert.ok(seconds >= 0 && seconds < 60, `${seconds} s`);
    return events
      .splice(0)
      .map((event) => ('stage' in event ? event.stage : `${event.kind} ${event.outcome}`));
  };
  const source = ['wait', 'read', 'sniff', 'header'];
  await send(await plainPicture(1500, 1500).withIccProfile('p3').jpeg().toBuffer());
  assert.deepEqual(told(), [...source, 'decode', 'colour', 'master', 'placeholder', 'develop done']);
  const look = { filter: 'warm-vintage', strength: 100, adjustments: {} } as const;
  await render('photo', { look });
  assert.deepEqual(told(), ['wait', 'master', 'look', 'encode', 'placeholder', 'photo done']);
  const frame = { turns: 1, isMirrored: false, degrees: 0, crop: null } as const;
  await render('avatar', { frame });
  const drawn = ['decode', 'colour', 'frame', 'look'];
  assert.deepEqual(told(), [...source, ...drawn, 'encode', 'placeholder', 'avatar done']);
  await render('large', { look });
  assert.deepEqual(told(), [...source, 'master', ...drawn, 'encode', 'large done']);
  await workers.proof(sourcePath);
  await workers.inspect(sourcePath);
  assert.deepEqual(told(), [
    ...source,
    'decode',
    'colour',
    'encode',
    'proof done',
    ...source,
    'inspect done',
  ]);
  await send(await readFile(turned));
  assert.deepEqual(told(), [...source, 'heic', 'decode', 'colour', 'master', 'placeholder', 'develop done']);
  await assert.rejects(send(Buffer.from('no photo')));
  assert.deepEqual(told(), ['wait', 'read', 'sniff', 'develop image_type']);
  await assert.rejects(workers.inspect('/nowhere'));
  assert.deepEqual(told(), ['wait', 'read', 'inspect fault']);
  await writeFile(sourcePath, await readFile(portrait));
  for (const [signal, code] of [
    ['SIGKILL', 'image_crashed'],
    ['SIGSTOP', 'image_timeout'],
  ] as const) {
    const failing = assert.rejects(workers.proof(sourcePath), isFailure(code));
    for (const pid of workers.pids()) process.kill(pid, signal);
    await failing;
    assert.deepEqual(told(), ['wait', `proof ${code}`]);
  }
  await workers.stop();
  await assert.rejects(workers.proof(sourcePath), isFailure('busy'));
  assert.deepEqual(told(), ['proof busy']);
});
