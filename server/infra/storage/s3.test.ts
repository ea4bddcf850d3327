import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import {
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { startRadosgw } from '../../../test/radosgw.ts';
import { assertBytes, keysOf, testStorage } from '../../../test/storage-contract.ts';
import { readConfig, type S3Address } from '../../config.ts';
import { openStorage } from './open.ts';
import { openS3Storage } from './s3.ts';
import { DamagedFile, type Storage, StoreFault } from './storage.ts';

const radosgw = await startRadosgw();
after(() => radosgw.stop());

async function openBucket(t: TestContext) {
  const address = await radosgw.makeBucket();
  const scratch = await mkdtemp(path.join(tmpdir(), 'pinhole-scratch-'));
  const storage = await openS3Storage(address, scratch, undefined, 'https://pinhole.example');
  t.after(async () => {
    await storage.close();
    await rm(scratch, { recursive: true, force: true });
  });
  return { address, scratch, storage };
}

function clientOf(t: TestContext, { endpoint, region, accessKey, secret }: S3Address): S3Client {
  const credentials = { accessKeyId: accessKey, secretAccessKey: secret };
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  t.after(() => client.destroy());
  return client;
}

/** The store refuses to open, with a sentence that holds neither key nor secret. */
async function refusal(address: S3Address): Promise<StoreFault> {
  const error = await openS3Storage(address, '/nowhere').then(
    () => assert.fail('it opened'),
    (error) => error,
  );
  assert.ok(error instanceof StoreFault, String(error));
  assert.ok(!`${error.stack}${JSON.stringify(error)}`.includes(address.secret));
  return error;
}

testStorage(async (t) => (await openBucket(t)).storage);

test('a wrong secret, key, bucket or host is named in a sentence, and the secret is not', async () => {
  const address = await radosgw.makeBucket();
  const wrongSecret = await refusal({ ...address, secret: 'wrong-secret' });
  assert.match(wrongSecret.message, /refuses the access key or its secret: SignatureDoesNotMatch/);
  assert.match((await refusal({ ...address, accessKey: 'nobody' })).message, /InvalidAccessKeyId/);
  assert.match((await refusal({ ...address, bucket: 'absent' })).message, /has no bucket "absent"/);
  const unreachable = await refusal({ ...address, endpoint: 'http://127.0.0.1:9' });
  assert.match(unreachable.message, /127\.0\.0\.1:9.* ECONNREFUSED/);
  assert.deepEqual([wrongSecret.isPassing, unreachable.isPassing], [false, true]);
});

test('a clock that is wrong by an hour is named in a sentence', async (t) => {
  const address = await radosgw.makeBucket();
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 61 * 60_000 });
  assert.match(
    (await refusal(address)).message,
    /clock of this machine differs from that of the photo store .* by 61 minutes/,
  );
});

test('a form sends a file straight to the store, which knows its type', async (t) => {
  const { address, storage } = await openBucket(t);
  const limits = { maxBytes: 1_000, minutes: 10, contentTypes: ['image/jpeg'] };
  const { status } = await send(storage, 'in/a', limits, Buffer.alloc(1_000, 7));
  assert.ok(status < 300);
  assertBytes(await storage.read('in/a'), Buffer.alloc(1_000, 7));
  const head = new HeadObjectCommand({ Bucket: address.bucket, Key: 'in/a' });
  assert.equal((await clientOf(t, address).send(head)).ContentType, 'image/jpeg');
  assert.equal(await storage.freeBytes(), null);
});

test('a form for another key, another type, a longer file or after its time is refused', async (t) => {
  const { storage } = await openBucket(t);
  const limits = { maxBytes: 1_000, minutes: 10, contentTypes: ['image/jpeg'] };
  const bytes = Buffer.alloc(1_000);
  const policyOf = (fields: Record<string, string>) => Buffer.from(fields.Policy ?? '', 'base64').toString();
  const refused: [string, Promise<Response>][] = [
    ['longer', send(storage, 'in/a', limits, Buffer.alloc(1_001))],
    ['key', send(storage, 'in/a', limits, bytes, (fields) => ({ ...fields, key: 'in/b' }))],
    ['type', send(storage, 'in/a', limits, bytes, (fields) => ({ ...fields, 'Content-Type': 'text/html' }))],
    [
      'policy',
      send(storage, 'in/a', limits, bytes, (fields) => ({
        ...fields,
        Policy: Buffer.from(policyOf(fields).replace('1000', '9000')).toString('base64'),
      })),
    ],
    ['late', send(storage, 'in/a', { ...limits, minutes: -1 }, bytes)],
  ];
  for (const [what, answer] of refused) {
    const { status } = await answer;
    assert.ok(status === 400 || status === 403, `${what}: ${status}`);
  }
  assert.deepEqual(await keysOf(storage.list('')), []);
});

test('a form of several types takes them and no other family', async (t) => {
  const { storage } = await openBucket(t);
  const limits = { maxBytes: 10, minutes: 10, contentTypes: ['image/jpeg', 'image/png'] };
  const as = (type: string) => (fields: Record<string, string>) => ({ ...fields, 'Content-Type': type });
  assert.ok((await send(storage, 'in/a', limits, Buffer.alloc(9), as('image/png'))).status < 300);
  assert.equal((await send(storage, 'in/b', limits, Buffer.alloc(9), as('text/html'))).status, 403);
  await assert.rejects(
    storage.formFor('in/a', { ...limits, contentTypes: ['image/png', 'video/mp4'] }),
    RangeError,
  );
});

test('uploads that were left are ended, once they are old enough', async (t) => {
  const { address, scratch, storage } = await openBucket(t);
  const client = clientOf(t, address);
  const left = { Bucket: address.bucket, Key: 'in/left' };
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(left));
  await client.send(new UploadPartCommand({ ...left, UploadId, PartNumber: 1, Body: 'part' }));
  await client.send(new CreateMultipartUploadCommand({ ...left, Key: 'in/other' }));
  await writeFile(path.join(scratch, '1073741823.other.file'), 'of a dead process');
  assert.equal(await storage.removeAbandoned(3_600_000), 0);
  assert.equal(await storage.removeAbandoned(0), 3);
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: address.bucket }));
  assert.deepEqual([Uploads, await readdir(scratch)], [[], []]);
});

test('what others put into the bucket under names that are no keys is passed over', async (t) => {
  const { address, storage } = await openBucket(t);
  const put = (Key: string) => new PutObjectCommand({ Bucket: address.bucket, Key, Body: 'x' });
  for (const Key of ['a/', 'UPPER', 'a b', 'good']) await clientOf(t, address).send(put(Key));
  assert.deepEqual(await keysOf(storage.list('')), ['good']);
});

test('copies on this machine are gone when they are released, or when the file is damaged', async (t) => {
  const { scratch, storage } = await openBucket(t);
  await storage.put('a', Buffer.from('x'));
  const { release } = await storage.local('a');
  assert.equal((await readdir(scratch)).length, 1);
  await release();
  await assert.rejects(storage.local('a', 'another checksum'), DamagedFile);
  await assert.rejects(storage.local('absent'));
  assert.deepEqual(await readdir(scratch), []);
});

test('the setting PINHOLE_S3 opens the bucket, and without it the library is not even loaded', async (t) => {
  const { accessKey, secret, bucket, region, endpoint } = await radosgw.makeBucket();
  const dataDir = await mkdtemp(path.join(tmpdir(), 'pinhole-data-'));
  t.after(() => rm(dataDir, { recursive: true, force: true }));
  const url = endpoint.replace('http://', `http://${accessKey}:${encodeURIComponent(secret)}@`);
  const environment = { PINHOLE_DATA: dataDir, PINHOLE_S3: `${url}/${bucket}?region=${region}` };
  const storage = await openStorage(readConfig(environment));
  await storage.put('a', Buffer.from('x'));
  await storage.close();
  assert.deepEqual(await readdir(dataDir), ['scratch']);
  const script = `
    import { registerHooks } from 'node:module';
    registerHooks({ resolve: (name, context, next) => {
      if (name.startsWith('@aws-sdk')) throw new Error(name + ' is loaded');
      return next(name, context);
    } });
    const { openStorage } = await import(${JSON.stringify(new URL('./open.ts', import.meta.url).href)});
    const storage = await openStorage({ s3: null, dataDir: ${JSON.stringify(dataDir)} });
    await storage.put('a', Buffer.from('x'));`;
  await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  assert.deepEqual(await readdir(dataDir), ['photos', 'scratch']);
});

/** Sends a form as a browser would; `change` tampers with its fields. */
async function send(
  storage: Storage,
  key: string,
  limits: Parameters<Storage['formFor']>[1],
  bytes: Uint8Array<ArrayBuffer>,
  change = (fields: Record<string, string>) => fields,
): Promise<Response> {
  const form = await storage.formFor(key, limits);
  assert.ok(form);
  const data = new FormData();
  for (const [name, value] of Object.entries(change(form.fields))) data.set(name, value);
  data.set('file', new Blob([bytes]), 'photo.jpg');
  return fetch(form.url, { method: 'POST', body: data });
}
