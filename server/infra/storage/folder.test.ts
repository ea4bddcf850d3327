import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { keysOf, testStorage } from '../../../test/storage-contract.ts';
import { openFolderStorage } from './folder.ts';

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

async function foldersUnder(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

testStorage(async (t) => (await openStore(t)).storage);

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

test('files are for their owner alone, but what is served our group may read', async (t) => {
  const { root, storage } = await openStore(t);
  await storage.put('a/b/c', Buffer.from('x'));
  await storage.put('public/b/c', Buffer.from('x'));
  const modeOf = async (name: string) => (await stat(join(root, name))).mode & 0o777;
  for (const closed of ['', 'a', '.incoming']) assert.equal(await modeOf(closed), 0o700, closed);
  for (const open of ['public', 'public/b']) assert.equal(await modeOf(open), 0o750, open);
  assert.equal(await modeOf('public/b/c'), 0o640);
  assert.equal((await modeOf('a/b/c')) & 0o007, 0);
});

test('a file on this machine is the file itself', async (t) => {
  const { root, storage } = await openStore(t);
  await storage.put('a/b', Buffer.from('x'));
  const { path, release } = await storage.local('a/b');
  await release();
  assert.equal(path, join(root, 'a/b'));
  assert.equal(String(await storage.read('a/b')), 'x');
});

test('links and hidden files are not listed', async (t) => {
  const { root, storage } = await openStore(t);
  await storage.put('a/b', Buffer.from('x'));
  await symlink('/', join(root, 'a', 'link'));
  await writeFile(join(root, 'a', '.hidden'), 'x');
  assert.deepEqual(await keysOf(storage.list('')), ['a/b']);
});

test('it knows the room that is left, and has no form', async (t) => {
  const { storage } = await openStore(t);
  assert.ok(((await storage.freeBytes()) ?? 0) > 0);
  assert.equal(await storage.formFor('a', { maxBytes: 1, minutes: 1 }), null);
});

test('folders that become empty are removed, others stay', async (t) => {
  const { root, storage } = await openStore(t);
  await storage.putAll(['r/1/a', 'r/1/b', 'r/2/x/a'].map((key) => ({ key, bytes: Buffer.from(key) })));
  await storage.remove(['r/1/a', 'r/2/x/a', 'r/3/never/was']);
  assert.deepEqual((await foldersUnder(root)).sort(), ['.incoming', '1', 'r']);
  await storage.move('r/1/b', 's/b');
  assert.deepEqual((await foldersUnder(root)).sort(), ['.incoming', 's']);
  await storage.remove(['s/b']);
  assert.deepEqual(await foldersUnder(root), ['.incoming']);
  await storage.put('r/1/a', Buffer.from('again'));
  assert.equal(String(await storage.read('r/1/a')), 'again');
});

test('a file that comes while its folder is removed is stored all the same', async (t) => {
  const { storage } = await openStore(t);
  await storage.put('r/1/0', Buffer.from('0'));
  for (let at = 1; at < 400; at++) {
    await Promise.all([
      storage.put(`r/1/${at}`, Buffer.from(String(at))),
      storage.remove([`r/1/${at - 1}`]),
      storage.receive(`r/2/${at}`, Readable.from([Buffer.from('x')]), 10),
      storage.remove([`r/2/${at - 1}`]),
    ]);
    assert.deepEqual(await keysOf(storage.list('')), [`r/1/${at}`, `r/2/${at}`]);
  }
});

test('a folder that another process took away is made again', async (t) => {
  const { root, storage } = await openStore(t);
  await storage.put('r/1/a', Buffer.from('x'));
  await rm(join(root, 'r'), { recursive: true });
  await storage.put('r/1/b', Buffer.from('y'));
  await storage.move('r/1/b', 'r/2/b');
  assert.equal(String(await storage.read('r/2/b')), 'y');
});

test('what a crash left half written is cleared at the next start, and nothing that is being written', async (t) => {
  const root = await emptyFolder(t);
  const child = spawn(process.execPath, ['--input-type=module', '-e', halfAnUpload(root)], { stdio: 'pipe' });
  await once(child.stdout, 'data');
  assert.equal((await filesUnder(root)).length, 1);
  const storage = await openFolderStorage(root);
  assert.equal((await filesUnder(root)).length, 1, 'the process that writes it is alive');
  assert.equal(await storage.removeAbandoned(0), 0);
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.equal(await storage.removeAbandoned(3_600_000), 0, 'younger than was asked for');
  assert.equal(await storage.removeAbandoned(0), 1);
  assert.deepEqual(await filesUnder(root), []);
  await writeFile(join(root, '.incoming', `${child.pid}.other.file`), 'x');
  await openFolderStorage(root);
  assert.deepEqual(await filesUnder(root), []);
});

function halfAnUpload(root: string): string {
  const module = JSON.stringify(new URL('./folder.ts', import.meta.url).href);
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
