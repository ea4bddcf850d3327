import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { sql } from '../server/infra/sql.ts';
import { assertRefused, changesNothing } from './bad-input.ts';
import { openWorld, samplePhoto } from './world.ts';

const world = await openWorld();
const [ann, bob] = await world.accounts('ann', 'bob');
const pixels = sharp({ create: { width: 8, height: 8, channels: 3, background: '#c85028' } });
const small = new Uint8Array(await pixels.png().toBuffer());

const publish = (
  uploadIds: string[],
  more: Record<string, unknown> = {},
  headers: Record<string, string> = {},
) =>
  ann.act('POST', '/posts', {
    body: { photos: uploadIds.map((uploadId) => ({ uploadId })), ...more },
    headers,
  });
const expire = (uploadId: string) =>
  world.rows(sql`update media set expires_at = now() - interval '1 second' where media_id = ${uploadId}`);

test('a post of no photo, of 21, or of one photo twice is refused, and the uploads stay', async () => {
  const uploadIds: string[] = [];
  for (let each = 0; each < 21; each++) uploadIds.push(await ann.uploads(small));
  const [first = '', ...rest] = uploadIds;
  await changesNothing(world, async () => {
    assertRefused(await publish([]), 400, 'invalid');
    assertRefused(await publish(uploadIds), 400, 'invalid');
    assertRefused(await publish(Array(1_000).fill(first)), 400, 'invalid');
    assertRefused(await publish([first, first]), 400, 'upload_twice');
    assertRefused(
      await publish([first], { photos: [{ uploadId: first, edits: { look: { filter: 'sepia' } } }] }),
      400,
      'invalid',
    );
  });
  const post = await publish(rest);
  assert.equal(post.status, 201);
  assert.equal(post.body.photos.length, 20);
  await changesNothing(world, async () => {
    assertRefused(await publish([first, ...rest.slice(0, 1)]), 409, 'upload_used');
  });
});

test('an upload ticket serves once', async () => {
  const ticket = (await ann.must('POST', '/uploads')).body;
  await ann.must('PUT', ticket.url, { raw: small });
  await changesNothing(world, async () => {
    assertRefused(await ann.act('PUT', ticket.url, { raw: samplePhoto }), 409, 'upload_used');
    assertRefused(await ann.act('PUT', ticket.url, { raw: 'no photo' }), 409, 'upload_used');
  });
  assert.equal((await publish([ticket.uploadId])).status, 201);
  await world.settled();
  await changesNothing(world, async () => {
    assertRefused(await publish([ticket.uploadId]), 409, 'upload_used');
    assertRefused(await ann.act('PUT', ticket.url, { raw: small }), 409, 'upload_used');
    assertRefused(
      await ann.act('PUT', '/me/avatar', { body: { uploadId: ticket.uploadId } }),
      409,
      'upload_used',
    );
    assertRefused(await ann.act('DELETE', ticket.url), 404, 'not_found');
  });
});

test('of many uploads to one ticket at the same time one is taken', async () => {
  const ticket = (await ann.must('POST', '/uploads')).body;
  const replies = await Promise.all(
    Array.from({ length: 8 }, () => ann.act('PUT', ticket.url, { raw: small })),
  );
  assert.equal(replies.filter((reply) => reply.status === 200).length, 1);
  for (const reply of replies) if (reply.status !== 200) assertRefused(reply, 409, 'upload_used');
  assert.equal((await publish([ticket.uploadId])).status, 201);
});

test("another account's upload is nothing to anybody else", async () => {
  const ticket = (await ann.must('POST', '/uploads')).body;
  const uploadId = await ann.uploads(small);
  await changesNothing(world, async () => {
    for (const at of [ticket.url, `/uploads/${uploadId}`]) {
      assertRefused(await bob.act('PUT', at, { raw: small }), 404, 'not_found');
      assertRefused(await bob.act('DELETE', at), 404, 'not_found');
      assertRefused(await world.call('PUT', at, { raw: small }), 401, 'unauthenticated');
    }
    const body = { photos: [{ uploadId }] };
    assertRefused(await bob.act('POST', '/posts', { body }), 400, 'upload_unknown');
    assertRefused(await bob.act('PUT', '/me/avatar', { body: { uploadId } }), 400, 'upload_unknown');
  });
});

test('a ticket whose bytes have not come cannot be published', async () => {
  const { uploadId, url } = (await ann.must('POST', '/uploads')).body;
  await changesNothing(world, async () => {
    assertRefused(await publish([uploadId]), 409, 'upload_missing');
    assertRefused(await ann.act('PUT', '/me/avatar', { body: { uploadId } }), 409, 'upload_missing');
    assertRefused(await ann.act('PUT', url), 400, 'no_body');
  });
  await ann.must('PUT', url, { raw: small });
});

test('after its time a ticket takes no bytes, and an upload is not published', async () => {
  const ticket = (await ann.must('POST', '/uploads')).body;
  const uploadId = await ann.uploads(small);
  for (const old of [ticket.uploadId, uploadId]) await expire(old);
  await changesNothing(world, async () => {
    assertRefused(await ann.act('PUT', ticket.url, { raw: small }), 409, 'upload_expired');
    assertRefused(await publish([ticket.uploadId]), 409, 'upload_expired');
    assertRefused(await publish([uploadId]), 409, 'upload_expired');
    assertRefused(await ann.act('PUT', '/me/avatar', { body: { uploadId } }), 409, 'upload_expired');
  });
});

test('only so many uploads can be under way', async () => {
  const carol = await world.account('carol');
  for (let each = 0; each < 60; each++) await carol.must('POST', '/uploads');
  await changesNothing(world, async () => {
    const reply = await carol.act('POST', '/uploads');
    assertRefused(reply, 429, 'limited');
    assert.ok(Number(reply.headers.get('retry-after')) > 0);
  });
});

test('the same Idempotency-Key gives the same post, and refuses another', async () => {
  const [one, other] = [await ann.uploads(small), await ann.uploads(small)];
  const headers = { 'idempotency-key': 'key-1' };
  const first = await publish([one], { caption: 'once' }, headers);
  assert.equal(first.status, 201);
  await changesNothing(world, async () => {
    const again = await publish([one], { caption: 'once' }, headers);
    assert.equal(again.status, 201);
    assert.equal(again.body.id, first.body.id);
    assertRefused(await publish([one], { caption: 'twice' }, headers), 409, 'idempotency_mismatch');
    assertRefused(await publish([other], { caption: 'once' }, headers), 409, 'idempotency_mismatch');
    for (const key of ['', 'x'.repeat(256), 'a b', 'é', 'a, b'])
      assertRefused(await publish([other], {}, { 'idempotency-key': key }), 400, 'invalid', `key ${key}`);
  });
  assert.equal((await publish([other], {}, { 'idempotency-key': 'key-2' })).status, 201);
});

test('a refused publish does not use its key up', async () => {
  const uploadId = await ann.uploads(small);
  const headers = { 'idempotency-key': 'key-3' };
  assertRefused(await publish([uploadId, uploadId], {}, headers), 400, 'upload_twice');
  assertRefused(await publish([ann.id], {}, headers), 400, 'upload_unknown');
  assert.equal((await publish([uploadId], {}, headers)).status, 201);
});

test("another account's Idempotency-Key is another key", async () => {
  const body = { photos: [{ uploadId: await bob.uploads(small) }] };
  const reply = await bob.act('POST', '/posts', { body, headers: { 'idempotency-key': 'key-1' } });
  assert.equal(reply.status, 201);
});

test('twenty publishes at once with one key make one post', async () => {
  // Those before it are counted when they are published.
  await world.settled();
  const uploadId = await ann.uploads(small);
  const { postCount } = await ann.get('/me');
  const headers = { 'idempotency-key': 'key-20' };
  const replies = await Promise.all(
    Array.from({ length: 20 }, () => publish([uploadId], { caption: 'one of twenty' }, headers)),
  );
  for (const reply of replies) assert.equal(reply.status, 201, reply.text);
  assert.equal(new Set(replies.map((reply) => reply.body.id)).size, 1);
  await world.settled();
  assert.equal((await ann.get('/me')).postCount, postCount + 1);
});
