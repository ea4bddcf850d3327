/** A whole Pinhole whose photos lie in a bucket: the way of a photo, without its bytes passing through us on their way in. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { after, test } from 'node:test';
import type { PostCard } from '../core/shapes.ts';
import { checkAll } from '../server/main/admin/check.ts';
import { checkChecksums, checkFiles } from '../server/main/admin/check-files.ts';
import { startRadosgw } from './radosgw.ts';
import { openWorld, samplePhoto, until } from './world.ts';

const radosgw = await startRadosgw();
after(() => radosgw.stop());
const world = await openWorld({ config: { s3: await radosgw.makeBucket() } });
const [ann, bob] = await world.accounts('ann', 'bob');
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

async function keysIn(prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of world.app.storage.list(prefix)) keys.push(key);
  return keys;
}

type Form = { url: string; fields: Record<string, string> };
async function sendForm({ url, fields }: Form, bytes: Uint8Array<ArrayBuffer>, changed: object = {}) {
  const form = new FormData();
  for (const [name, value] of Object.entries({ ...fields, ...changed })) form.set(name, String(value));
  form.set('file', new Blob([bytes]));
  return (await fetch(url, { method: 'POST', body: form })).status;
}

test('a photo goes from the client straight to the bucket, is looked at, published, edited and deleted there', async () => {
  const body = { sha256: sha256(samplePhoto), sizeBytes: samplePhoto.length };
  const { uploadId, form } = (await ann.must('POST', '/uploads', { body })).body;
  assert.ok(form.url.startsWith(world.app.config.s3?.endpoint ?? '-'));
  const early = await ann.act('POST', `/uploads/${uploadId}/complete`);
  assert.equal(early.body.error.code, 'upload_missing');
  assert.equal(await sendForm(form, samplePhoto, { key: 'originals/00/1' }), 403, 'another key');
  assert.equal(await sendForm(form, new Uint8Array(samplePhoto.length + 1)), 400, 'more than announced');
  assert.deepEqual(await keysIn(''), []);
  const status = await sendForm(form, samplePhoto);
  assert.ok(status === 204 || status === 201 || status === 200, `${status}`);
  const done = (await ann.must('POST', `/uploads/${uploadId}/complete`)).body;
  assert.deepEqual([done.width, done.height], [1080, 720]);
  const posted = await ann.publishes('in the bucket', [uploadId]);
  const post = await until(async () => {
    const now = (await ann.get(`/posts/${posted.id}`)) as PostCard;
    return now.state === 'published' ? now : null;
  }, 'it is out');
  for (const { url } of post.photos[0]?.renditions ?? [])
    assert.equal((await bob.act('GET', url)).status, 200, url);
  assert.ok((await sendForm(form, new Uint8Array(samplePhoto.length))) < 300, 'a form works again and again');
  const edited = `/posts/${post.id}/photos/${uploadId}/edits`;
  const again = (await ann.must('PUT', edited, { body: { frame: { turns: 1 } } })).body as PostCard;
  assert.equal((await bob.act('GET', again.photos[0]?.renditions[0]?.url ?? '')).status, 200);
  await world.settled();
  assert.equal(
    (await keysIn('public/')).length,
    (await ann.get(`/posts/${post.id}`)).photos[0].renditions.length,
  );
  await ann.edits({ isPrivate: true });
  await world.settled();
  assert.deepEqual(await keysIn('public/'), []);
  const [now] = (await ann.get(`/posts/${post.id}`)).photos;
  assert.equal((await ann.act('GET', now.renditions[0].url)).status, 200);
  assert.equal((await bob.act('GET', now.renditions[0].url)).status, 404);
  const left = await checkAll(world.app, false, () => undefined, [checkFiles, checkChecksums]);
  assert.equal(left, 0, 'what the form sent later has touched nothing');
  await ann.deletes(post);
  await world.settled();
  assert.deepEqual(await keysIn(''), []);
  await ann.edits({ isPrivate: false });
});

test('browsers are let send the form from our pages, and from no others', async () => {
  const { form } = (await ann.must('POST', '/uploads')).body;
  const allowed = async (origin: string) => {
    const headers = { origin, 'access-control-request-method': 'POST' };
    const reply = await fetch(form.url, { method: 'OPTIONS', headers });
    return reply.headers.get('access-control-allow-origin');
  };
  const { host, port } = world.app.config;
  assert.equal(await allowed(`http://${host}:${port}`), `http://${host}:${port}`);
  assert.equal(await allowed('https://elsewhere.example'), null);
});

test('what came by the form and is no photo is refused, and nothing of it is left', async () => {
  const bytes = new TextEncoder().encode('<svg xmlns="http://www.w3.org/2000/svg"/>');
  const { uploadId, form } = (await ann.must('POST', '/uploads', { body: { sizeBytes: bytes.length } })).body;
  assert.ok((await sendForm(form, bytes)) < 300);
  const reply = await ann.act('POST', `/uploads/${uploadId}/complete`);
  assert.deepEqual([reply.status, reply.body.error.code], [422, 'image_type']);
  assert.deepEqual(await keysIn(''), []);
});

test('photos can also be sent through us, whole or in pieces, and nothing is left on this machine', async () => {
  const post = await bob.posts('through us');
  assert.equal((await ann.act('GET', post.photos[0]?.renditions[0]?.url ?? '')).status, 200);
  const body = { sizeBytes: samplePhoto.length };
  const { uploadId } = (await bob.must('POST', '/uploads', { body })).body;
  await bob.must('PATCH', `/uploads/${uploadId}`, {
    raw: samplePhoto,
    headers: {
      'tus-resumable': '1.0.0',
      'upload-offset': '0',
      'content-type': 'application/offset+octet-stream',
    },
  });
  await bob.must('POST', `/uploads/${uploadId}/complete`);
  await bob.publishes('in pieces', [uploadId]);
  await world.settled();
  const entries = await readdir(path.join(world.dataDir, 'scratch'), {
    recursive: true,
    withFileTypes: true,
  });
  assert.deepEqual(
    entries.filter((entry) => entry.isFile()).map(({ name }) => name),
    [],
  );
});
