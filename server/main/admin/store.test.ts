import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { after, type TestContext, test } from 'node:test';
import { startRadosgw } from '../../../test/radosgw.ts';
import { keysOf } from '../../../test/storage-contract.ts';
import { startStoreProxy } from '../../../test/store-proxy.ts';
import type { S3Address } from '../../config.ts';
import { openFolderStorage } from '../../infra/storage/folder.ts';
import { openS3Storage } from '../../infra/storage/s3.ts';
import type { Storage } from '../../infra/storage/storage.ts';

const cli = path.join(import.meta.dirname, '..', 'cli.ts');
const radosgw = await startRadosgw();
after(() => radosgw.stop());

/** A folder store with files of several sizes, an empty bucket, and the verb that works on them. */
async function openBoth(t: TestContext) {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'pinhole-store-'));
  const folder = await openFolderStorage(path.join(dataDir, 'photos'));
  const address = await radosgw.makeBucket();
  const bucket = await openS3Storage(address, path.join(dataDir, 'scratch'));
  t.after(async () => {
    await bucket.close();
    await rm(dataDir, { recursive: true, force: true });
  });
  for (let at = 0; at < 60; at++) await folder.put(`renditions/${at % 7}/${at}`, randomBytes(1_000 + at));
  await folder.put('originals/long', randomBytes(11_000_000));
  await folder.put('originals/empty', Buffer.alloc(0));
  const store = async (args: string[], environment: Record<string, string> = {}) => {
    const env = { ...process.env, PINHOLE_DATA: dataDir, ...environment };
    const child = spawn(process.execPath, [cli, 'store', ...args], { env });
    const said = Promise.all([text(child.stdout), text(child.stderr)]);
    const code = await new Promise((resolve) => child.once('exit', resolve));
    return { code, said: (await said).join('') };
  };
  return { dataDir, folder, address, bucket, store };
}

function urlOf({ endpoint, bucket, region, accessKey, secret }: S3Address): string {
  return `${endpoint.replace('://', `://${accessKey}:${encodeURIComponent(secret)}@`)}/${bucket}?region=${region}`;
}

async function contentsOf(storage: Storage): Promise<Map<string, string | null>> {
  const contents = new Map<string, string | null>();
  for (const key of await keysOf(storage.list(''))) contents.set(key, await storage.md5(key));
  return contents;
}

test('everything is copied into a bucket, and from there into a folder', async (t) => {
  const { dataDir, folder, address, bucket, store } = await openBoth(t);
  const { code, said } = await store(['copy', '--to', urlOf(address)]);
  assert.deepEqual([code, said.includes(address.secret)], [0, false], said);
  assert.match(said, /Copied 62 files, 11\.1 MB; 0 were there already\.\n.*run it again/);
  assert.deepEqual(await contentsOf(bucket), await contentsOf(folder));
  const back = path.join(dataDir, 'back');
  const second = await store(['copy', '--to', back], { PINHOLE_S3: urlOf(address) });
  assert.equal(second.code, 0, second.said);
  assert.deepEqual(await contentsOf(await openFolderStorage(back)), await contentsOf(folder));
});

test('a second run copies what is new, missing, shorter or different, and nothing else', async (t) => {
  const { folder, address, bucket, store } = await openBoth(t);
  await store(['copy', '--to', urlOf(address)]);
  await folder.put('originals/new', Buffer.from('came meanwhile'));
  await bucket.remove(['renditions/1/1']);
  await bucket.put('renditions/2/2', Buffer.from('shorter'));
  await bucket.put('renditions/3/3', randomBytes(1_003));
  const { said } = await store(['copy', '--to', urlOf(address)]);
  assert.match(said, /Copied 4 files, 3\.0 kB; 59 were there already/);
  assert.deepEqual(await contentsOf(bucket), await contentsOf(folder));
});

test('what fails is said, and the next run goes on', async (t) => {
  const { dataDir, folder, address, bucket, store } = await openBoth(t);
  const proxy = await startStoreProxy(address);
  t.after(() => proxy.stop());
  proxy.fails('error', '/renditions/5/5?');
  proxy.fails('swallow', 'PUT /', 1);
  const { code, said } = await store(['copy', '--to', urlOf(proxy.address)]);
  assert.equal(code, 1);
  assert.match(said, /renditions\/5\/5: The photo store .*\n/);
  assert.match(said, /2 files could not be copied\. Run it again/);
  proxy.works();
  assert.equal((await store(['copy', '--to', urlOf(proxy.address)])).code, 0);
  assert.deepEqual(await contentsOf(bucket), await contentsOf(folder));
  assert.deepEqual(await readdir(path.join(dataDir, 'scratch', 'store')), []);
});

test('a run that is killed leaves nothing half copied, and the next run goes on', async (t) => {
  const { dataDir, folder, address, bucket } = await openBoth(t);
  const env = { ...process.env, PINHOLE_DATA: dataDir };
  const proxy = await startStoreProxy(address);
  t.after(() => proxy.stop());
  proxy.fails('hang', 'partNumber=2');
  const child = spawn(process.execPath, [cli, 'store', 'copy', '--to', urlOf(proxy.address)], { env });
  while (!proxy.takeCalls().some((call) => call.includes('partNumber=2')))
    await new Promise((resolve) => setTimeout(resolve, 20));
  child.kill('SIGKILL');
  await new Promise((resolve) => child.once('exit', resolve));
  const [before, all] = [await contentsOf(bucket), await contentsOf(folder)];
  assert.equal(before.has('originals/long'), false);
  for (const [key, md5] of before) assert.equal(md5, all.get(key));
  const again = spawn(process.execPath, [cli, 'store', 'copy', '--to', urlOf(address)], { env });
  assert.equal(await new Promise((resolve) => again.once('exit', resolve)), 0);
  assert.deepEqual(await contentsOf(bucket), all);
});

test('a list shows files and bytes of each part', async (t) => {
  const { store, folder } = await openBoth(t);
  await folder.put('loose', Buffer.from('x'));
  const { said } = await store(['list']);
  assert.match(
    said,
    /^\(no folder\) +1 files +1 B\noriginals\/ +2 files +11\.0 MB\nrenditions\/ +60 files +61\.8 kB\n/,
  );
  assert.match(said, /\nall +63 files +11\.1 MB\n.*are free\.\n$/);
});

test('what cannot be meant is refused in a sentence', async (t) => {
  const { dataDir, address, store } = await openBoth(t);
  await writeFile(path.join(dataDir, 'file'), '');
  const cases: [string[], RegExp][] = [
    [['copy'], /^Usage: /],
    [['burn'], /^Usage: /],
    [['copy', '--to', path.join(dataDir, 'photos')], /is the photo store itself/],
    [['copy', '--to', 'https://host/bucket'], /^--to must be like https:\/\/ACCESS_KEY/],
    [['copy', '--to', urlOf({ ...address, bucket: 'absent' })], /has no bucket "absent"/],
    [['copy', '--to', urlOf({ ...address, secret: 'wrong' })], /refuses the access key or its secret/],
  ];
  for (const [args, sentence] of cases) {
    const { code, said } = await store(args);
    assert.equal(code, 1);
    assert.match(said, sentence);
    assert.ok(!said.includes('    at '), 'no stack');
  }
});
