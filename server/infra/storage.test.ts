import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { BadKey, NotStored, openFolderStorage, type StoredFile, TooLarge } from './storage.ts';

async function emptyFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pinhole-storage-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function openStore(t: TestContext) {
  const root = join(await emptyFolder(t), 'data', 'photos');
  return { root, storage: await openFolderStorage(root) };
}

async function filesUnder(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
}

async function keysOf(files: AsyncIterable<StoredFile>): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of files) keys.push(key);
  return keys.sort();
}

test('a streamed body is stored whole, with its size and hash', async (t) => {
  const { storage } = await openStore(t);
  const chunks = [Buffer.alloc(100_000, 1), Buffer.from('middle'), new Uint8Array(70_000).fill(2)];
  const all = Buffer.concat(chunks);
  const got = await storage.receive('originals/4f/a.jpg', Readable.from(chunks), all.length);
  assert.deepEqual(got, { sizeBytes: all.length, sha256: createHash('sha256').update(all).digest('hex') });
  assert.deepEqual(await storage.read('originals/4f/a.jpg'), all);
});

test('an empty body is a file of no bytes', async (t) => {
  const { storage } = await openStore(t);
  assert.equal((await storage.receive('a', Readable.from([]), 10)).sizeBytes, 0);
  assert.deepEqual(await storage.stat('a'), { sizeBytes: 0 });
});

test('a body that is too large, or breaks off, leaves nothing behind, and what was there stays', async (t) => {
  const { root, storage } = await openStore(t);
  await storage.put('a', Buffer.from('before'));
  const sent: number[] = [];
  async function* endless() {
    for (let at = 0; ; at++) {
      sent.push(at);
      yield Buffer.alloc(1000);
    }
  }
  await assert.rejects(storage.receive('a', endless(), 5000), TooLarge);
  assert.ok(sent.length <= 7, 'the rest of the body is not read');
  async function* broken() {
    yield Buffer.alloc(1000);
    throw new Error('the client went away');
  }
  await assert.rejects(storage.receive('b', broken(), 5000), /went away/);
  assert.deepEqual(await filesUnder(root), ['a']);
  assert.equal(String(await storage.read('a')), 'before');
});

test('a file that cannot get its name leaves nothing behind', async (t) => {
  const { root, storage } = await openStore(t);
  await storage.put('a/b', Buffer.from('x'));
  await assert.rejects(storage.receive('a', Readable.from([Buffer.from('y')]), 10), { code: 'EISDIR' });
  await assert.rejects(
    storage.putAll([
      { key: 'c', bytes: Buffer.from('z') },
      { key: 'a', bytes: Buffer.from('y') },
    ]),
  );
  assert.deepEqual(
    (await filesUnder(root)).filter((name) => name.length > 1),
    [],
  );
});

test('files are for their owner alone', async (t) => {
  const { root, storage } = await openStore(t);
  await storage.put('a/b/c', Buffer.from('x'));
  assert.equal((await stat(storage.pathOf('a/b/c'))).mode & 0o777, 0o600);
  for (const folder of [root, join(root, 'a'), join(root, 'a/b')]) {
    assert.equal((await stat(folder)).mode & 0o777, 0o700);
  }
});

test('many are put, read, opened, listed and removed', async (t) => {
  const { storage } = await openStore(t);
  const entries = ['r/1/w1080.jpg', 'r/1/s150.jpg', 'r/12/w1080.jpg'].map((key) => ({
    key,
    bytes: Buffer.from(key),
  }));
  await storage.putAll(entries);
  await storage.put('r/1/s150.jpg', Buffer.from('again'));
  assert.equal(String(await storage.read('r/1/s150.jpg')), 'again');
  const opened = await storage.open('r/12/w1080.jpg');
  assert.equal(opened?.sizeBytes, 14);
  assert.equal(String(await buffer(opened.stream)), 'r/12/w1080.jpg');
  assert.deepEqual(await keysOf(storage.list('')), ['r/1/s150.jpg', 'r/1/w1080.jpg', 'r/12/w1080.jpg']);
  assert.deepEqual(await keysOf(storage.list('r/1/')), ['r/1/s150.jpg', 'r/1/w1080.jpg']);
  assert.deepEqual(await keysOf(storage.list('r/1')), ['r/1/s150.jpg', 'r/1/w1080.jpg', 'r/12/w1080.jpg']);
  assert.deepEqual(await keysOf(storage.list('r/12/w')), ['r/12/w1080.jpg']);
  assert.deepEqual(await keysOf(storage.list('nothing/here')), []);
  await storage.remove(['r/1/w1080.jpg', 'never/was', 'r/1/w1080.jpg']);
  assert.deepEqual(await keysOf(storage.list('r/1/')), ['r/1/s150.jpg']);
  await assert.rejects(
    storage.putAll(Array.from({ length: 65 }, () => ({ key: 'a', bytes: Buffer.alloc(0) }))),
  );
});

test('what is absent is null, and cannot be read', async (t) => {
  const { storage } = await openStore(t);
  await storage.put('folder/file', Buffer.from('x'));
  for (const key of ['absent', 'absent/too', 'folder', 'folder/file/below']) {
    assert.equal(await storage.stat(key), null);
    assert.equal(await storage.open(key), null);
  }
  await assert.rejects(storage.read('absent'), NotStored);
});

test('twenty at once into the same new folder, and under the same key, are each stored whole', async (t) => {
  const { root, storage } = await openStore(t);
  const bodies = Array.from({ length: 20 }, (_, at) => Buffer.alloc(50_000, at));
  await Promise.all(bodies.map((body, at) => storage.receive(`new/${at}`, Readable.from([body]), 1e6)));
  await Promise.all(bodies.map((body) => storage.receive('new/same', Readable.from([body]), 1e6)));
  for (const [at, body] of bodies.entries()) assert.deepEqual(await storage.read(`new/${at}`), body);
  const same = await storage.read('new/same');
  assert.ok(bodies.some((body) => body.equals(same)));
  assert.equal((await filesUnder(root)).length, 21);
});

test('no key leads out of the store', async (t) => {
  const { root, storage } = await openStore(t);
  const bad = [
    '',
    '/',
    '/etc/passwd',
    '..',
    '../a',
    'a/../b',
    'a/..',
    'a//b',
    'a/',
    './a',
    'a/./b',
    '.incoming/a',
  ];
  bad.push('A', 'a b', 'a\\b', 'a\0', 'a\n', 'é', 'a'.repeat(501), 'a..b', 'a/.hidden');
  for (const key of bad) {
    assert.throws(() => storage.pathOf(key), BadKey, JSON.stringify(key));
    await assert.rejects(storage.put(key, Buffer.alloc(1)), BadKey);
    await assert.rejects(storage.receive(key, Readable.from([]), 1), BadKey);
    await assert.rejects(storage.remove([key]), BadKey);
  }
  const parts = fc.array(fc.constantFrom('a', '.', '/', '..', '-', 'z9', '_', '~', '\\'), { maxLength: 8 });
  fc.assert(
    fc.property(parts, (some) => {
      let path: string;
      try {
        path = storage.pathOf(some.join(''));
      } catch (error) {
        assert.ok(error instanceof BadKey);
        return;
      }
      assert.ok(path.startsWith(`${root}/`) && path === join(root, some.join('')));
    }),
  );
});

test('links and hidden files are not listed', async (t) => {
  const { root, storage } = await openStore(t);
  await storage.put('a/b', Buffer.from('x'));
  await symlink('/', join(root, 'a', 'link'));
  await writeFile(join(root, 'a', '.hidden'), 'x');
  assert.deepEqual(await keysOf(storage.list('')), ['a/b']);
});

test('what a crash left half written is cleared at the next start, and nothing that is being written', async (t) => {
  const root = await emptyFolder(t);
  const child = spawn(process.execPath, ['--input-type=module', '-e', halfAnUpload(root)], { stdio: 'pipe' });
  await once(child.stdout, 'data');
  assert.equal((await filesUnder(root)).length, 1);
  await openFolderStorage(root);
  assert.equal((await filesUnder(root)).length, 1, 'the process that writes it is alive');
  child.kill('SIGKILL');
  await once(child, 'exit');
  await openFolderStorage(root);
  assert.deepEqual(await filesUnder(root), []);
});

function halfAnUpload(root: string): string {
  const module = JSON.stringify(new URL('./storage.ts', import.meta.url).href);
  return `
    import { openFolderStorage } from ${module};
    async function* body() {
      yield Buffer.alloc(1000);
      console.log('half');
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    }
    const storage = await openFolderStorage(${JSON.stringify(root)});
    await storage.receive('a', body(), 1e6);`;
}
