/** Photos while the disk is full: a disk of their own, which needs root. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { sql } from '../server/infra/sql.ts';
import { fill, mountDisk, NoDisk, unmount } from './hostile-disk.ts';
import { assertBusy, leftOf, newPhoto, openTicket } from './hostile-world.ts';
import { openWorld, type Reply, samplePhoto, until } from './world.ts';

const GIBIBYTE = 1024 ** 3;
const folder = await mkdtemp(path.join(tmpdir(), 'pinhole-full-'));
const dataDir = path.join(folder, 'disk');
const missing = await mountDisk(dataDir, 'ext4', 3 * GIBIBYTE).then(
  () => false as const,
  (error) => {
    if (error instanceof NoDisk) return error.message;
    throw error;
  },
);
const world = await openWorld({ config: { dataDir, logLevel: 'silent' } });
after(async () => {
  if (!missing) await unmount(dataDir);
  await rm(folder, { recursive: true, force: true });
});

test('a disk that fills up refuses photos with a time to come again, loses none, and is used again once there is room', {
  skip: missing,
}, async () => {
  const [ann, bob] = await world.accounts('ann', 'bob');
  const { storage } = world.app;
  const post = await bob.posts('before', [await newPhoto(1)]);
  const claimed = await ann.uploads(await newPhoto(2));
  const [whole, small] = [await openTicket(ann), await openTicket(ann)];
  const pieces = await openTicket(ann, { sizeBytes: samplePhoto.length });
  const sendPiece = async (from: number) =>
    ann.act('PATCH', pieces.url, {
      raw: samplePhoto.slice(from),
      headers: {
        'content-type': 'application/offset+octet-stream',
        'tus-resumable': '1.0.0',
        'upload-offset': String(from),
      },
    });
  await world.settled();
  const freeBytes = (await storage.freeBytes()) ?? 0;
  assert.ok(freeBytes > 2 * GIBIBYTE && freeBytes < 3 * GIBIBYTE, 'it is the disk of its own');
  const filling = await fill(dataDir, freeBytes - 100_000);

  assertBusy(await ann.act('POST', '/uploads'), 'storage_full');
  assertBusy(await ann.act('PUT', whole.url, { raw: samplePhoto }), 'storage_full');
  assertBusy(await sendPiece(0), 'storage_full');
  const { receivedBytes } = await ann.get(pieces.url);
  assert.ok(receivedBytes < samplePhoto.length);
  const answer: Reply = await ann.act('PUT', small.url, { raw: await newPhoto(3) });
  if (answer.status !== 200) assertBusy(answer, 'storage_full');
  const late = await ann.publishes('published while the disk is full', [claimed]);
  await bob.likes(post);
  assert.equal((await ann.act('GET', post.photos[0]?.renditions[0]?.url ?? '')).status, 200);
  await until(async () => {
    const { state, photos } = await ann.get(`/posts/${late.id}`);
    assert.notEqual(state, 'failed', JSON.stringify(photos));
    const [job] = await world.rows<{ tries: number }>(sql`select max(retry_count) as tries from jobs.job`);
    return state === 'published' || (job?.tries ?? 0) > 0 ? true : null;
  }, 'it was tried');

  await rm(filling);
  await ann.must('PUT', whole.url, { raw: samplePhoto });
  assert.equal((await sendPiece(receivedBytes)).status, 204);
  await ann.must('POST', `${pieces.url}/complete`);
  await until(
    async () => ((await ann.get(`/posts/${late.id}`)).state === 'published' ? true : null),
    'it is published',
  );
  const uploads = [whole, pieces, ...(answer.status === 200 ? [small] : [])].map(({ uploadId }) => uploadId);
  const both = await ann.publishes('after', uploads);
  await until(
    async () => ((await ann.get(`/posts/${both.id}`)).state === 'published' ? true : null),
    'they are published',
  );
  await world.settled();
  assert.deepEqual(await leftOf(dataDir, '/scratch/'), []);
});
