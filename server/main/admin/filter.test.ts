import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import sharp from 'sharp';
import { PLAIN_LOOK } from '../../../core/edits.ts';
import { applyLook, openEngine } from '../../../core/look/engine.ts';
import { FILTER_NAMES } from '../../../core/look/filters.ts';
import { root } from '../app.ts';

const pier = path.join(root, 'test/fixtures/pier-original.png');
const sideways = path.join(root, 'test/fixtures/orientation/Landscape_6.jpg');
const folder = await mkdtemp(path.join(tmpdir(), 'pinhole-filter-'));
after(() => rm(folder, { recursive: true }));

/** What `./pinhole …` prints, and its exit code. */
function pinhole(...args: string[]): Promise<{ said: string; code: number }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [path.join(root, 'server/main/cli.ts'), ...args], (error, stdout, stderr) =>
      resolve({ said: stdout + stderr, code: error ? Number(error.code) : 0 }),
    );
  });
}

async function pixels(file: string) {
  const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  assert.ok(channels === 3 || channels === 4);
  return { data: new Uint8Array(data), width, height, channels };
}

test('filter writes what the engine makes of a photograph, and says its size and the time', async () => {
  const out = path.join(folder, 'pier.png');
  const { said, code } = await pinhole('filter', 'warm-vintage', '--strength', '60', pier, out);
  assert.equal(code, 0, said);
  assert.match(said, /540 × 675 px.*warm-vintage at 60.*ms \(wasm\)/);
  const engine = await openEngine(new Uint8Array(await readFile(path.join(root, 'core/look/kernel.wasm'))));
  const expected = await pixels(pier);
  applyLook(engine, expected, { ...PLAIN_LOOK, filter: 'warm-vintage', strength: 60 });
  const made = await pixels(out);
  assert.deepEqual([made.width, made.height, made.channels], [540, 675, 3]);
  assert.equal(Buffer.compare(made.data, expected.data), 0);
});

test('filter turns a photograph upright, and keeps what is transparent', async () => {
  const upright = path.join(folder, 'upright.png');
  assert.equal((await pinhole('filter', 'none', sideways, upright)).code, 0);
  const { width, height } = await pixels(upright);
  assert.ok(width > height);
  const glass = path.join(folder, 'glass.png');
  await sharp({ create: { width: 5, height: 4, channels: 4, background: '#80402040' } }).toFile(glass);
  assert.equal((await pinhole('filter', 'warm-vintage', glass, path.join(folder, 'glass2.png'))).code, 0);
  const { data, channels } = await pixels(path.join(folder, 'glass2.png'));
  assert.deepEqual([channels, data[3]], [4, 0x40]);
});

test('filter says in a sentence what is wrong, and writes nothing', async () => {
  const out = path.join(folder, 'never.png');
  const text = path.join(folder, 'letter.jpg');
  await writeFile(text, 'Dear Ann,');
  for (const [args, sentence] of [
    [['sepia', pier, out], /no filter "sepia".*none, warm-vintage/],
    [['none', path.join(folder, 'gone.jpg'), out], /There is no file .*gone\.jpg/],
    [['none', text, out], /letter\.jpg cannot be read as a JPEG or PNG/],
    [['none', '--strength', '101', pier, out], /--strength 101: .*0 to 100/],
    [['none', '--strength', 'half', pier, out], /--strength half/],
    [['none', pier, path.join(folder, 'never.gif')], /does not end in \.png/],
    [['none', pier, path.join(folder, 'nowhere/never.png')], /never\.png cannot be written/],
    [['none', pier], /Usage: .*\n.*none, warm-vintage/],
  ] as const) {
    const { said, code } = await pinhole('filter', ...args);
    assert.equal(code, 1);
    assert.match(said, sentence);
    assert.doesNotMatch(said, /at .*\.ts:\d/, 'no stack');
  }
  await assert.rejects(readFile(out), { code: 'ENOENT' });
});

test('contact-sheet shows every filter on every photograph of a folder, with progress', async () => {
  const photos = path.join(folder, 'photos');
  await mkdir(photos);
  await copyFile(pier, path.join(photos, 'a.png'));
  await copyFile(sideways, path.join(photos, 'b.jpg'));
  await writeFile(path.join(photos, 'notes.txt'), 'not a photograph');
  const out = path.join(folder, 'sheet.jpg');
  const { said, code } = await pinhole('contact-sheet', photos, out, '--width', '60');
  assert.equal(code, 0, said);
  assert.match(said, /1 of 2 photographs\n2 of 2 photographs\n/);
  const { width = 0, height = 0 } = await sharp(out).metadata();
  assert.ok(width >= FILTER_NAMES.length * 60 && width < FILTER_NAMES.length * 75, `${width} px wide`);
  assert.ok(height > 75 + 40, `${height} px tall`);
});

test('contact-sheet says in a sentence what is wrong', async () => {
  const out = path.join(folder, 'none.jpg');
  for (const [args, sentence] of [
    [[path.join(folder, 'gone'), out], /There is no folder/],
    [[path.join(root, 'docs'), out], /no JPEG or PNG files/],
    [[folder, out, '--width', '5'], /--width 5: .*60 to 1080/],
    [[folder], /Usage: /],
  ] as const) {
    const { said, code } = await pinhole('contact-sheet', ...args);
    assert.equal(code, 1);
    assert.match(said, sentence);
    assert.doesNotMatch(said, /at .*\.ts:\d/, 'no stack');
  }
});
