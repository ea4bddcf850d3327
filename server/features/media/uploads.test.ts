import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import * as tus from 'tus-js-client';
import { openWorld, samplePhoto, until } from '../../../test/world.ts';
import { sql } from '../../infra/sql.ts';
import { sweepUploads } from './uploads.ts';

const world = await openWorld();
const [ann, bob] = await world.accounts('ann', 'bob');
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const filesOf = async (mediaId: string) => (await world.files()).filter((file) => file.includes(mediaId));
const ticket = async (body: object = {}, person = ann) =>
  (await person.must('POST', '/uploads', { body })).body;
/** A photo that nobody has sent before. */
const newPhoto = async (seed: number) =>
  new Uint8Array(
    await sharp({ create: { width: 600, height: 400, channels: 3, background: { r: seed, g: 80, b: 40 } } })
      .jpeg()
      .toBuffer(),
  );
const tusHeaders = (offset: number) => ({
  'tus-resumable': '1.0.0',
  'upload-offset': String(offset),
  'content-type': 'application/offset+octet-stream',
});

test('a client of the tus protocol sends a photo in pieces', async () => {
  const { uploadId, url } = await ticket({ sizeBytes: samplePhoto.length, sha256: sha256(samplePhoto) });
  const sent: number[] = [];
  await new Promise<void>((resolve, reject) => {
    const upload = new tus.Upload(Buffer.from(samplePhoto), {
      uploadUrl: world.base + url,
      chunkSize: 100_000,
      retryDelays: null,
      headers: { authorization: `Bearer ${ann.token}` },
      onChunkComplete: (_size, accepted) => sent.push(accepted),
      onSuccess: () => resolve(),
      onError: reject,
    });
    upload.start();
  });
  assert.deepEqual(sent.slice(0, 2), [100_000, 200_000]);
  assert.equal(sent.at(-1), samplePhoto.length);
  const done = (await ann.must('POST', `/uploads/${uploadId}/complete`)).body;
  assert.deepEqual([done.uploadId, done.width, done.height], [uploadId, 1080, 720]);
  assert.deepEqual((await ann.must('POST', `/uploads/${uploadId}/complete`)).body, done, 'twice is once');
  const { state, uploaded } = await ann.get(`/uploads/${uploadId}`);
  assert.deepEqual([state, uploaded], ['uploaded', done]);
  assert.equal((await ann.publishes('by pieces', [uploadId])).photos.length, 1);
});

test('an upload that broke off in the middle of a piece goes on at the byte where it stopped', async () => {
  const bytes = await newPhoto(1);
  const { uploadId, url } = await ticket({ sizeBytes: bytes.length, sha256: sha256(bytes) });
  const { hostname, port } = new URL(world.base);
  const half = Math.floor(bytes.length / 2);
  await new Promise<void>((resolve) => {
    const socket = connect(Number(port), hostname, () => {
      const head = Object.entries({
        host: `${hostname}:${port}`,
        authorization: `Bearer ${ann.token}`,
        ...tusHeaders(0),
        'content-length': bytes.length,
      });
      socket.write(`PATCH ${url} HTTP/1.1\r\n${head.map((line) => line.join(': ')).join('\r\n')}\r\n\r\n`);
      socket.write(bytes.subarray(0, half), () => setTimeout(() => socket.destroy(), 50));
    });
    socket.on('close', () => resolve());
  });
  const offset = await until(async () => {
    const head = await ann.act('HEAD', `/uploads/${uploadId}`);
    assert.equal(head.headers.get('upload-length'), String(bytes.length));
    return Number(head.headers.get('upload-offset')) === half ? half : null;
  }, 'what was sent is counted');
  assert.equal((await ann.get(`/uploads/${uploadId}`)).receivedBytes, half);
  const tooEarly = await ann.act('POST', `/uploads/${uploadId}/complete`);
  assert.deepEqual([tooEarly.status, tooEarly.body.error.code], [409, 'upload_missing']);
  const rest = await until(async () => {
    const reply = await ann.act('PATCH', `/uploads/${uploadId}`, {
      raw: bytes.subarray(offset),
      headers: tusHeaders(offset),
    });
    return reply.status === 423 ? null : reply;
  }, 'the piece that broke off lets go');
  assert.deepEqual([rest.status, rest.headers.get('upload-offset')], [204, String(bytes.length)]);
  await ann.must('POST', `/uploads/${uploadId}/complete`);
  const [file = ''] = await filesOf(`originals/${uploadId.slice(-2)}/${uploadId}`);
  assert.equal(sha256(await readFile(file)), sha256(bytes));
});

test('pieces at the wrong place, too long, of another’s upload, or in another protocol are refused, and nothing is lost', async () => {
  const bytes = await newPhoto(2);
  const { uploadId } = await ticket({ sizeBytes: bytes.length });
  const patch = (raw: Uint8Array<ArrayBuffer>, headers: Record<string, string>, person = ann) =>
    person.act('PATCH', `/uploads/${uploadId}`, { raw, headers });
  const first = bytes.slice(0, 100);
  assert.equal((await patch(first, tusHeaders(0))).status, 204);
  for (const [headers, status] of [
    [tusHeaders(0), 409],
    [tusHeaders(101), 409],
    [{ ...tusHeaders(100), 'tus-resumable': '0.9' }, 412],
    [{ ...tusHeaders(100), 'upload-offset': '-1' }, 400],
    [{ ...tusHeaders(100), 'upload-offset': '1e2' }, 400],
    [{ ...tusHeaders(100), 'content-type': 'application/octet-stream' }, 415],
  ] as const)
    assert.equal((await patch(first, headers)).status, status, JSON.stringify(headers));
  assert.equal((await patch(first, tusHeaders(100), bob)).status, 404);
  assert.equal((await patch(new Uint8Array(bytes.length), tusHeaders(100))).status, 413);
  for (const method of ['GET', 'HEAD', 'DELETE'])
    assert.equal((await bob.act(method, `/uploads/${uploadId}`)).status, 404);
  const { receivedBytes } = await ann.get(`/uploads/${uploadId}`);
  assert.ok(receivedBytes >= 100 && receivedBytes < bytes.length, `${receivedBytes}`);
  const unknown = await ticket();
  const noSize = await ann.act('PATCH', `/uploads/${unknown.uploadId}`, {
    raw: first,
    headers: tusHeaders(0),
  });
  assert.deepEqual([noSize.status, noSize.body.error.code], [409, 'upload_size_unknown']);
});

test('bytes that are not those that were announced are refused, and can be sent again', async () => {
  const bytes = await newPhoto(3);
  const { uploadId } = await ticket({ sizeBytes: bytes.length, sha256: sha256(bytes) });
  const damaged = Uint8Array.from(bytes);
  damaged[300] = (damaged[300] ?? 0) ^ 255;
  const reply = await ann.act('PUT', `/uploads/${uploadId}`, { raw: damaged });
  assert.deepEqual([reply.status, reply.body.error.code], [422, 'upload_damaged']);
  assert.deepEqual(await filesOf(uploadId), []);
  assert.equal((await ann.act('PUT', `/uploads/${uploadId}`, { raw: bytes })).status, 200);
});

test('the same photo of the same member is not sent again; another’s is', async () => {
  const bytes = await newPhoto(4);
  const post = await ann.posts('once', [bytes]);
  const again = await ticket({ sha256: sha256(bytes), sizeBytes: bytes.length });
  assert.equal(again.knownPostId, post.id);
  assert.deepEqual([again.known.uploadId, again.known.width], [again.uploadId, 600]);
  const twice = await ann.publishes('twice', [again.uploadId]);
  await until(
    async () => ((await ann.get(`/posts/${twice.id}`)).state === 'published' ? true : null),
    'it is out',
  );
  await ann.deletes(post);
  await world.settled();
  const [photo] = (await ann.get(`/posts/${twice.id}`)).photos;
  assert.equal((await world.call('GET', photo.renditions[0].url)).status, 200, 'each has its own files');
  const others = await ticket({ sha256: sha256(bytes), sizeBytes: bytes.length }, bob);
  assert.deepEqual([others.known, others.knownPostId], [null, null], 'nothing is told of others’ photos');
});

test('an original is kept untouched beside its photo, for its owner alone, and goes with it', async () => {
  const original = new Uint8Array(
    await readFile(path.join(import.meta.dirname, '../../../test/fixtures/orientation/Portrait_6.jpg')),
  );
  const post = await ann.posts('', [await newPhoto(5)]);
  const [photo] = post.photos;
  const at = `/posts/${post.id}/photos/${photo?.mediaId}`;
  assert.equal((await ann.act('GET', `${at}/original`)).status, 404);
  const { uploadId } = await ticket({ originalOf: photo?.mediaId, sizeBytes: original.length });
  const rival = await ticket({ originalOf: photo?.mediaId });
  const early = await ann.act('POST', '/posts', { body: { photos: [{ uploadId }] } });
  assert.equal(early.body.error.code, 'upload_original');
  await ann.must('PUT', `/uploads/${uploadId}`, { raw: original });
  assert.equal((await ann.get(`${at}/edits`)).hasOriginal, true);
  const reply = await fetch(`${world.base}/api/v1${at}/original`, {
    headers: { authorization: `Bearer ${ann.token}` },
  });
  assert.match(reply.headers.get('content-disposition') ?? '', /^attachment; filename="\d+\.jpg"$/);
  assert.equal(sha256(new Uint8Array(await reply.arrayBuffer())), sha256(original));
  assert.equal((await bob.act('GET', `${at}/original`)).status, 404);
  assert.equal((await world.call('GET', `${at}/original`)).status, 401);
  const other = await ann.act('PUT', `/uploads/${rival.uploadId}`, { raw: await newPhoto(50) });
  assert.deepEqual([other.status, other.body.error.code], [409, 'original_kept']);
  const still = await fetch(`${world.base}/api/v1${at}/original`, {
    headers: { authorization: `Bearer ${ann.token}` },
  });
  assert.equal(sha256(new Uint8Array(await still.arrayBuffer())), sha256(original), 'the first one stays');
  const second = await ann.act('POST', '/uploads', { body: { originalOf: photo?.mediaId } });
  assert.equal(second.body.error.code, 'original_kept');
  assert.equal((await bob.act('POST', '/uploads', { body: { originalOf: photo?.mediaId } })).status, 404);
  await ann.deletes(post);
  await world.settled();
  assert.deepEqual(await filesOf(photo?.mediaId ?? '-'), []);
});

test('what is no photo is not kept as an original either', async () => {
  const post = await ann.posts('', [await newPhoto(6)]);
  const { uploadId } = await ticket({ originalOf: post.photos[0]?.mediaId });
  const reply = await ann.act('PUT', `/uploads/${uploadId}`, { raw: new TextEncoder().encode('<svg/>') });
  assert.deepEqual([reply.status, reply.body.error.code], [422, 'image_type']);
  assert.deepEqual(await filesOf(uploadId), []);
});

test('uploads that nobody claimed are removed after their time, pieces too', async () => {
  const bytes = await newPhoto(7);
  const whole = await ticket();
  await ann.must('PUT', `/uploads/${whole.uploadId}`, { raw: bytes });
  const pieces = await ticket({ sizeBytes: bytes.length });
  await ann.must('PATCH', `/uploads/${pieces.uploadId}`, { raw: bytes.slice(0, 50), headers: tusHeaders(0) });
  await world.rows(
    sql`update media set expires_at = now() - interval '1 minute' where expires_at is not null`,
  );
  await sweepUploads(world.app);
  for (const { uploadId } of [whole, pieces]) {
    assert.equal((await ann.act('GET', `/uploads/${uploadId}`)).status, 404);
    assert.deepEqual(await filesOf(uploadId), []);
  }
});

test('a receiver that died keeps its ticket for five minutes', async () => {
  const bytes = await newPhoto(8);
  const { uploadId } = await ticket();
  await world.rows(sql`
    update media set state = 'receiving', receiving_until = now() + interval '5 minutes' where media_id = ${uploadId}`);
  assert.equal((await ann.act('PUT', `/uploads/${uploadId}`, { raw: bytes })).body.error.code, 'upload_used');
  await world.rows(
    sql`update media set receiving_until = now() - interval '1 second' where media_id = ${uploadId}`,
  );
  assert.equal((await ann.act('PUT', `/uploads/${uploadId}`, { raw: bytes })).status, 200);
});
