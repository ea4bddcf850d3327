/** What every photo store does, whatever it is made of: run by the tests of each adapter. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import {
  BadKey,
  DamagedFile,
  NotStored,
  type Storage,
  type StoredFile,
  TooLarge,
} from '../server/infra/storage/storage.ts';

type Open = (t: TestContext) => Promise<Storage>;

export async function keysOf(files: AsyncIterable<StoredFile>): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of files) keys.push(key);
  return keys.sort();
}

export function hashOf(bytes: Uint8Array, algorithm = 'sha256'): string {
  return createHash(algorithm).update(bytes).digest('hex');
}

/** Without a list of what differs: that of long bytes takes gigabytes. */
export function assertBytes(found: Uint8Array | null, expected: Uint8Array): void {
  assert.equal(found && hashOf(found), hashOf(expected));
}

/** `open` gives an empty store, and closes it after the test. */
export function testStorage(open: Open): void {
  testBodies(open);
  testKeys(open);
  testFiles(open);
  testMoves(open);
}

function testBodies(open: Open): void {
  test('a streamed body is stored whole, with its size and hash', async (t) => {
    const storage = await open(t);
    const chunks = [Buffer.alloc(100_000, 1), Buffer.from('middle'), new Uint8Array(70_000).fill(2)];
    const all = Buffer.concat(chunks);
    const got = await storage.receive('originals/4f/a.jpg', Readable.from(chunks), all.length);
    assert.deepEqual(got, { sizeBytes: all.length, sha256: hashOf(all) });
    assertBytes(await storage.read('originals/4f/a.jpg'), all);
  });

  test('a body of 40 MB in odd pieces is stored whole, and streams out again', async (t) => {
    const storage = await open(t);
    const all = randomBytes(40 * 1024 ** 2);
    async function* pieces() {
      for (let at = 0; at < all.length; at += 777_777) yield all.subarray(at, at + 777_777);
    }
    const got = await storage.receive('big', pieces(), all.length);
    assert.deepEqual(got, { sizeBytes: all.length, sha256: hashOf(all) });
    assert.equal((await storage.stat('big'))?.sizeBytes, all.length);
    const opened = await storage.open('big');
    assert.ok(opened);
    assert.equal(opened.sizeBytes, all.length);
    assert.equal(hashOf(await buffer(opened.stream)), got.sha256);
    assert.equal(await storage.md5('big'), hashOf(all, 'md5'));
  });

  test('bodies just below, at and above the size of a part are stored whole', async (t) => {
    const storage = await open(t);
    const part = 5 * 1024 ** 2;
    for (const sizeBytes of [part - 1, part, part + 1, 2 * part]) {
      const all = randomBytes(sizeBytes);
      const got = await storage.receive(`part/${sizeBytes}`, Readable.from([all]), sizeBytes);
      assert.equal(got.sha256, hashOf(all));
      assert.equal(hashOf(await storage.read(`part/${sizeBytes}`)), got.sha256);
    }
  });

  test('an empty body is a file of no bytes', async (t) => {
    const storage = await open(t);
    assert.equal((await storage.receive('a', Readable.from([]), 10)).sizeBytes, 0);
    assert.equal((await storage.stat('a'))?.sizeBytes, 0);
    assert.equal((await storage.read('a')).length, 0);
    const opened = await storage.open('a');
    assert.equal(opened && (await buffer(opened.stream)).length, 0);
  });

  test('a body that is too large, or breaks off, leaves nothing behind, and what was there stays', async (t) => {
    const storage = await open(t);
    await storage.put('a', Buffer.from('before'));
    for (const [pieceBytes, maxBytes] of [
      [1_000, 5_000],
      [1_000_000, 12_000_000],
    ] as const) {
      let sent = 0;
      async function* tooLong() {
        for (; sent < (3 * maxBytes) / pieceBytes; sent++) yield Buffer.alloc(pieceBytes);
      }
      await assert.rejects(storage.receive('a', tooLong(), maxBytes), TooLarge);
      assert.ok(sent <= maxBytes / pieceBytes + 2, 'the rest of the body is not read');
      async function* broken() {
        for (let at = 0; at < maxBytes / pieceBytes; at++) yield Buffer.alloc(pieceBytes);
        throw new Error('the client went away');
      }
      await assert.rejects(storage.receive('b', broken(), maxBytes), /^Error: the client went away$/);
    }
    assert.deepEqual(await keysOf(storage.list('')), ['a']);
    assert.equal(String(await storage.read('a')), 'before');
    assert.equal(await storage.removeAbandoned(0), 0, 'nor parts of it');
  });

  test('twenty at once, and under the same key, are each stored whole', async (t) => {
    const storage = await open(t);
    const bodies = Array.from({ length: 20 }, (_, at) => Buffer.alloc(50_000, at));
    await Promise.all(bodies.map((body, at) => storage.receive(`new/${at}`, Readable.from([body]), 1e6)));
    for (const [at, body] of bodies.entries()) assertBytes(await storage.read(`new/${at}`), body);
    const [same = Buffer.alloc(0)] = bodies;
    await Promise.all(bodies.map(() => storage.receive('new/same', Readable.from([same]), 1e6)));
    assertBytes(await storage.read('new/same'), same);
    assert.equal((await keysOf(storage.list(''))).length, 21);
  });
}

function testKeys(open: Open): void {
  test('no key leads out of the store', async (t) => {
    const storage = await open(t);
    const bad = ['', '/', '/etc/passwd', '..', '../a', 'a/../b', 'a/..', 'a//b', 'a/', './a', 'a/./b'];
    bad.push('.incoming/a', 'A', 'a b', 'a\\b', 'a\0', 'a\n', 'é', 'a'.repeat(501), 'a..b', 'a/.hidden');
    for (const key of bad) {
      const asked = [
        storage.put(key, Buffer.alloc(1)),
        storage.putAll([{ key, bytes: Buffer.alloc(1) }]),
        storage.receive(key, Readable.from([]), 1),
        storage.read(key),
        storage.stat(key),
        storage.open(key),
        storage.local(key),
        storage.md5(key),
        storage.move(key, 'a'),
        storage.move('a', key),
        storage.formFor(key, { maxBytes: 1, minutes: 1 }),
        storage.remove([key]),
      ];
      for (const answer of asked) await assert.rejects(answer, BadKey, JSON.stringify(key));
    }
    assert.deepEqual(await keysOf(storage.list('')), []);
    assert.throws(() => storage.list('../'), BadKey);
  });

  test('what is stored under a strange but good key is found again, and nothing is under a bad one', async (t) => {
    const storage = await open(t);
    const parts = fc.array(fc.constantFrom('a', '.', '/', '..', '-', 'z9', '_', '~', '\\'), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(parts, async (some) => {
        const key = some.join('');
        try {
          await storage.put(`k/${key}`, Buffer.from(key));
        } catch (error) {
          assert.ok(error instanceof BadKey || (error as { code?: string }).code !== undefined);
          return;
        }
        assert.equal(String(await storage.read(`k/${key}`)), key);
        await storage.remove([`k/${key}`]);
      }),
      { numRuns: 50 },
    );
    assert.deepEqual(await keysOf(storage.list('')), []);
  });
}

function testFiles(open: Open): void {
  test('many are put, read, opened, listed and removed', async (t) => {
    const storage = await open(t);
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
    await storage.remove([]);
    assert.deepEqual(await keysOf(storage.list('r/1/')), ['r/1/s150.jpg']);
    await assert.rejects(
      storage.putAll(Array.from({ length: 65 }, () => ({ key: 'a', bytes: Buffer.alloc(0) }))),
      RangeError,
    );
  });

  test('more than a thousand are listed, each once, and removed at once', async (t) => {
    const storage = await open(t);
    const keys = Array.from({ length: 1_050 }, (_, at) => `many/${String(at).padStart(4, '0')}`);
    for (let at = 0; at < keys.length; at += 64)
      await storage.putAll(keys.slice(at, at + 64).map((key) => ({ key, bytes: Buffer.from(key) })));
    assert.deepEqual(await keysOf(storage.list('many/')), keys);
    await storage.remove(keys);
    assert.deepEqual(await keysOf(storage.list('')), []);
  });

  test('a listing says the size and time that a look at the file says', async (t) => {
    const storage = await open(t);
    await storage.put('a', Buffer.from('12345'));
    const seconds = (modifiedMs = Number.NaN) => Math.floor(modifiedMs / 1_000);
    const found = await storage.stat('a');
    for await (const { key, sizeBytes, modifiedMs } of storage.list(''))
      assert.deepEqual([key, sizeBytes, seconds(modifiedMs)], ['a', 5, seconds(found?.modifiedMs)]);
  });

  test('what is absent is null, and cannot be read', async (t) => {
    const storage = await open(t);
    await storage.put('folder/file', Buffer.from('x'));
    for (const key of ['absent', 'absent/too', 'folder', 'folder/file/below']) {
      assert.equal(await storage.stat(key), null);
      assert.equal(await storage.open(key), null);
      assert.equal(await storage.md5(key), null);
      await assert.rejects(storage.local(key), NotStored);
      await assert.rejects(storage.move(key, 'elsewhere'), NotStored);
    }
    await assert.rejects(storage.read('absent'), NotStored);
  });

  test('a file can be had on this machine, and one with another checksum is refused', async (t) => {
    const storage = await open(t);
    const bytes = randomBytes(300_000);
    const { sha256 } = await storage.receive('a/b', Readable.from([bytes]), 1e6);
    for (const expected of [undefined, sha256]) {
      const { path, release } = await storage.local('a/b', expected);
      assertBytes(await readFile(path), bytes);
      await release();
      await release();
    }
    await assert.rejects(storage.local('a/b', hashOf(Buffer.from('other'))), DamagedFile);
    assertBytes(await storage.read('a/b'), bytes);
  });

  test('the MD5 is that of the bytes', async (t) => {
    const storage = await open(t);
    await storage.put('a', Buffer.from('hello'));
    assert.equal(await storage.md5('a'), '5d41402abc4b2a76b9719d911017c592');
  });
}

function testMoves(open: Open): void {
  test('a file is moved, also over another, and moving it again changes nothing', async (t) => {
    const storage = await open(t);
    await storage.put('in/a', Buffer.from('moved'));
    await storage.put('kept/a', Buffer.from('old'));
    await storage.move('in/a', 'kept/a');
    await storage.move('in/a', 'kept/a');
    assert.equal(String(await storage.read('kept/a')), 'moved');
    assert.deepEqual(await keysOf(storage.list('')), ['kept/a']);
    await storage.move('kept/a', 'kept/a');
    assert.equal(String(await storage.read('kept/a')), 'moved');
  });

  test('a file of many parts is moved whole', async (t) => {
    const storage = await open(t);
    const all = randomBytes(12_000_000);
    const { sha256 } = await storage.receive('in/big', Readable.from([all]), all.length);
    await storage.move('in/big', 'kept/big');
    assert.equal(hashOf(await storage.read('kept/big')), sha256);
    assert.equal(await storage.stat('in/big'), null);
  });

  test('two who move the same file at once both succeed', async (t) => {
    const storage = await open(t);
    for (let round = 0; round < 10; round++) {
      await storage.put(`in/${round}`, Buffer.from(String(round)));
      await Promise.all([1, 2, 3].map(() => storage.move(`in/${round}`, `kept/${round}`)));
      assert.equal(String(await storage.read(`kept/${round}`)), String(round));
    }
    assert.deepEqual(await keysOf(storage.list('in/')), []);
  });
}
