/** The drill against power cuts: it finds nothing lost where the server waits for the disk, and sees what is lost where not. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';

const root = path.resolve(import.meta.dirname, '..');
const folder = await mkdtemp(path.join(tmpdir(), 'pinhole-test-drill-'));
after(() => rm(folder, { recursive: true, force: true }));

test('a shard server keeps what it acknowledged when the power goes off, and the drill would see it if not', async (t) => {
  const file = path.join(folder, 'drill.json');
  const drill = ['drill', 'power-cut', '--cuts', '2', '--json', file];
  const { stdout, stderr } = await promisify(execFile)(path.join(root, 'pinhole'), drill).catch((error) => {
    // What it cannot do on this machine it says in a sentence; what it found, by its figures.
    if (String(error.stderr).includes('not possible here'))
      return { stdout: '', stderr: String(error.stderr) };
    throw new Error(`The drill failed:\n${error.stdout}\n${error.stderr}`);
  });
  if (stderr.includes('not possible here')) return t.skip(stderr.trim());
  const { ackedLost, torn, damaged, acked, cuts, controlLost } = JSON.parse(await readFile(file, 'utf8'));
  assert.deepEqual({ ackedLost, torn, damaged, cuts }, { ackedLost: 0, torn: 0, damaged: 0, cuts: 2 });
  assert.ok(acked > 100, `${acked} acts were acknowledged`);
  assert.ok(controlLost > 0, 'without synchronous_commit acts are lost');
  assert.match(stdout, /all are there; without synchronous_commit \d+ of \d+ are lost/);
});
