/** What the S3 adapter makes of a store that fails, or lies: a real one, with a proxy before it that does so. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { after, type TestContext, test } from 'node:test';
import { startRadosgw } from '../../../test/radosgw.ts';
import { assertBytes, keysOf } from '../../../test/storage-contract.ts';
import { startStoreProxy } from '../../../test/store-proxy.ts';
import { until } from '../../../test/world.ts';
import { openS3Storage } from './s3.ts';
import { NotStored, StoreFault, TooLarge } from './storage.ts';

const TRIES = 3;
const deadlines = { connectMs: 2_000, requestMs: 500 };
const radosgw = await startRadosgw();
after(() => radosgw.stop());

/** `storage` goes by way of the proxy, `honest` does not. */
async function openBehindProxy(t: TestContext) {
  const address = await radosgw.makeBucket();
  const proxy = await startStoreProxy(address);
  const scratch = await mkdtemp(path.join(tmpdir(), 'pinhole-scratch-'));
  const honest = await openS3Storage(address, scratch);
  const storage = await openS3Storage(proxy.address, scratch, deadlines);
  proxy.takeCalls();
  t.after(async () => {
    await storage.close();
    await honest.close();
    await proxy.stop();
    await rm(scratch, { recursive: true, force: true });
  });
  return { proxy, scratch, storage, honest };
}

function isFault(isPassing: boolean, message = /./) {
  return (error: unknown) => {
    assert.ok(error instanceof StoreFault, String(error));
    assert.match(error.message, message);
    assert.equal(error.isPassing, isPassing);
    return true;
  };
}

const big = randomBytes(11_000_000);

test('what fails once is tried again, whatever it is', async (t) => {
  const { proxy, storage } = await openBehindProxy(t);
  const does: [string, () => Promise<unknown>][] = [
    ['PUT ', () => storage.put('a', Buffer.from('x'))],
    ['HEAD ', () => storage.stat('a')],
    ['GET ', () => storage.read('a')],
    ['?uploads', () => storage.receive('big', Readable.from([big]), big.length)],
    ['partNumber=2', () => storage.receive('big', Readable.from([big]), big.length)],
    ['HEAD ', () => storage.receive('big', Readable.from([big]), big.length)],
    ['PUT ', () => storage.put('a', Buffer.from('x')).then(() => storage.move('a', 'b'))],
    ['list-type=2', () => keysOf(storage.list(''))],
    ['POST ', () => storage.remove(['b'])],
    ['GET ', () => storage.removeAbandoned(0)],
  ];
  for (const [of, work] of does)
    for (const fault of ['error', 'hang'] as const) {
      proxy.fails(fault, of, 1);
      await work();
      const seen = proxy.takeCalls().filter((call) => call.includes(of)).length;
      assert.ok(seen >= 2, `${of} was tried again after ${fault}: ${seen}`);
    }
  assert.deepEqual(await keysOf(storage.list('')), ['big']);
});

test('what always fails, or never answers, is given up after three tries at most', async (t) => {
  const { proxy, storage, scratch } = await openBehindProxy(t);
  for (const fault of ['error', 'hang'] as const) {
    proxy.works();
    proxy.fails(fault, '/');
    for (const work of [
      () => storage.put('a', Buffer.from('x')),
      () => storage.receive('a', Readable.from([big]), big.length),
      () => storage.read('a'),
      () => storage.stat('a'),
      () => storage.open('a'),
      () => storage.local('a'),
      () => storage.md5('a'),
      () => storage.move('a', 'b'),
      () => storage.remove(['a']),
      () => keysOf(storage.list('')),
    ]) {
      await assert.rejects(work(), isFault(true, fault === 'error' ? /answered 500/ : /ETIMEDOUT/));
      const calls = proxy.takeCalls();
      // Fewer in the end: the library tries less again while nearly all fails.
      assert.ok(calls.length <= TRIES, `${fault}: ${calls.join(', ')}`);
    }
  }
  assert.deepEqual(await readdir(scratch), []);
});

test('a body that is cut, short or wrong is read again, and never passed on as whole', async (t) => {
  const { proxy, scratch, storage, honest } = await openBehindProxy(t);
  const bytes = randomBytes(200_000);
  await honest.put('a', bytes);
  for (const fault of ['cut', 'short', 'wrong'] as const) {
    proxy.works();
    proxy.fails(fault, 'GET ', 1);
    assertBytes(await storage.read('a'), bytes);
    proxy.fails(fault, 'GET ', 1);
    const opened = await storage.open('a');
    assertBytes(opened && (await buffer(opened.stream)), bytes);
    proxy.fails(fault, 'GET ');
    await assert.rejects(storage.read('a'), isFault(true));
    await assert.rejects(storage.open('a'), isFault(true));
    await assert.rejects(storage.local('a'), isFault(true));
    assert.deepEqual(await readdir(scratch), []);
  }
});

test('a long file that streams through ends with an error where bytes are missing', async (t) => {
  const { proxy, storage, honest } = await openBehindProxy(t);
  const bytes = randomBytes(4_000_000);
  await honest.put('long', bytes);
  for (const fault of ['cut', 'short', 'wrong'] as const) {
    proxy.works();
    proxy.fails(fault, 'GET ', 1);
    const opened = await storage.open('long');
    assert.ok(opened);
    await assert.rejects(buffer(opened.stream), isFault(true));
  }
});

test('a body that trickles is given up', async (t) => {
  const { proxy, storage, honest } = await openBehindProxy(t);
  await honest.put('a', randomBytes(200_000));
  proxy.fails('trickle', 'GET ');
  await assert.rejects(storage.read('a'), isFault(true));
  await assert.rejects(storage.open('a'), isFault(true));
  assert.ok(proxy.takeCalls().length > TRIES, 'and tried again before');
});

test('a stream that nobody reads to its end gives its connection back', async (t) => {
  const { proxy, scratch, honest } = await openBehindProxy(t);
  await honest.receive('big', Readable.from([big]), big.length);
  // With the usual deadlines, so that it is not one of them that ends it.
  const storage = await openS3Storage(proxy.address, scratch);
  t.after(() => storage.close());
  const opened = await storage.open('big');
  opened?.stream.destroy();
  await until(async () => (proxy.underWay() === 0 ? true : null), 'the answer has ended', 10_000);
});

test('bytes that change on their way to the store are refused by it', async (t) => {
  const { proxy, storage, honest } = await openBehindProxy(t);
  proxy.fails('garble', 'PUT ');
  await assert.rejects(storage.put('a', Buffer.from('x')), isFault(true, /answered 400/));
  await assert.rejects(storage.receive('a', Readable.from([big]), big.length), isFault(true, /answered 400/));
  assert.deepEqual(await keysOf(honest.list('')), []);
  assert.equal(await honest.removeAbandoned(0), 0);
});

test('a store that says yes without storing is found out', async (t) => {
  const { proxy, storage, honest } = await openBehindProxy(t);
  const put = Buffer.from('new');
  proxy.fails('swallow', 'PUT ');
  const hasNot = isFault(true, /said that it stored a, and has not/);
  await assert.rejects(storage.put('a', put), hasNot);
  await assert.rejects(storage.putAll([{ key: 'a', bytes: put }]), hasNot);
  await assert.rejects(storage.receive('a', Readable.from([put]), 10), hasNot);
  await honest.put('a', Buffer.from('old'));
  await assert.rejects(storage.put('a', put), isFault(true, /has something else there/));
  assert.equal(String(await honest.read('a')), 'old');
});

test('a store that says yes to a long upload without storing it is found out', async (t) => {
  const { proxy, storage, honest } = await openBehindProxy(t);
  proxy.fails('swallow', '?uploadId=');
  await assert.rejects(
    storage.receive('big', Readable.from([big]), big.length),
    isFault(true, /said that it stored big, and has not/),
  );
  assert.deepEqual(await keysOf(honest.list('')), []);
});

test('a move whose copy was not stored leaves the file where it was', async (t) => {
  const { proxy, storage, honest } = await openBehindProxy(t);
  await honest.put('in/a', Buffer.from('x'));
  proxy.fails('swallow', 'PUT ');
  await assert.rejects(storage.move('in/a', 'kept/a'), isFault(true));
  proxy.works();
  proxy.fails('error', 'POST ');
  await assert.rejects(storage.move('in/a', 'kept/a'), isFault(true));
  assert.deepEqual(await keysOf(honest.list('')), ['in/a', 'kept/a']);
  proxy.works();
  await storage.move('in/a', 'kept/a');
  assert.deepEqual(await keysOf(honest.list('')), ['kept/a']);
});

test('a body that is too large is called so even when the store fails to forget its parts', async (t) => {
  const { proxy, storage, honest } = await openBehindProxy(t);
  proxy.fails('error', 'DELETE ');
  await assert.rejects(storage.receive('big', Readable.from([big, big]), big.length), TooLarge);
  assert.equal(await honest.removeAbandoned(0), 1);
});

test('a store that refuses the time of this machine is understood', async (t) => {
  const { proxy, storage } = await openBehindProxy(t);
  proxy.fails('skew', '/');
  await assert.rejects(storage.read('a'), isFault(false, /clock of this machine differs/));
});

test('what is not there is not there, and is no fault', async (t) => {
  const { proxy, storage } = await openBehindProxy(t);
  await assert.rejects(storage.read('a'), NotStored);
  assert.equal(proxy.takeCalls().length, 1);
});
