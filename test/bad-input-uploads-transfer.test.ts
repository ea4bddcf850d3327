/** How bytes may come in: under false names, in false envelopes, too slowly, from two tabs, and all at once. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { sql } from '../server/infra/sql.ts';
import { assertRefused, sendRaw } from './bad-input.ts';
import * as files from './hostile-files.ts';
import {
  assertModest,
  assertTidy,
  besideOthers,
  isRefused,
  leftOf,
  measureMemory,
  newPhoto,
  openTicket,
  sendPatiently,
} from './hostile-world.ts';
import { openWorld, type Reply, samplePhoto, until } from './world.ts';

const world = await openWorld();
const [ann, bob] = await world.accounts('ann', 'bob');
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const tus = (offset: number) => ({
  'tus-resumable': '1.0.0',
  'upload-offset': String(offset),
  'content-type': 'application/offset+octet-stream',
});
const headOf = (url: string, ...headers: string[]) =>
  [`PUT ${url} HTTP/1.1`, 'Host: x', `Authorization: Bearer ${ann.token}`, ...headers, '', ''].join('\r\n');

/** What is stored under the upload's id is what was sent, and is known as that. */
async function assertStored(uploadId: string, sent: Uint8Array): Promise<void> {
  const file = path.join(world.dataDir, 'photos/originals', uploadId.slice(-2), uploadId);
  assert.equal(sha256(await readFile(file)), sha256(sent));
  const rows = await world.rows(sql`select sha256, size_bytes from media where media_id = ${uploadId}`);
  assert.deepEqual(rows, [{ sha256: sha256(sent), size_bytes: String(sent.length) }]);
}

test('whatever a file is called, it is stored under our name', async () => {
  const names = [
    '../../../x',
    '/etc/passwd',
    'CON',
    'x'.repeat(4_000),
    '\\u202egpj.exe',
    'a%00.jpg',
    "x'; drop table media",
  ];
  for (const [at, name] of names.entries()) {
    const { uploadId, url } = await openTicket(ann);
    const bytes = await newPhoto(at);
    const headers = {
      'content-type': at % 2 ? 'image/svg+xml' : 'application/octet-stream',
      'content-disposition': `attachment; filename="${name}"`,
      'x-file-name': name,
      'content-location': name,
    };
    await ann.must('PUT', url, { raw: bytes, headers });
    await assertStored(uploadId, bytes);
    await ann.must('DELETE', url);
  }
  const { url } = await openTicket(ann);
  const folded = headOf(url, 'Content-Disposition: attachment; filename="a\r\n b"', 'Content-Length: 0');
  assertRefused(await sendRaw(world.base, folded), 400, 'invalid_request');
  await ann.must('DELETE', url);
  await assertTidy(world);
});

test('a form, and archives and films that call themselves photos, are refused by what they are', async () => {
  const boundary = 'x'.repeat(70);
  const part = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n`;
  const forms = [
    files.bytesOf(part, samplePhoto, `\r\n--${boundary}--`),
    files.bytesOf(part.repeat(10_000), `--${boundary}--`),
    files.bytesOf(`--${boundary}\r\nX: ${'x'.repeat(1_000_000)}\r\n\r\n`),
    files.bytesOf(part, part.replaceAll('x', 'y'), samplePhoto),
    files.bytesOf(),
  ];
  const bomb = files.zeros(500e6);
  const films = ['isom', 'mp42', 'qt  ', 'M4V '].map((brand) => files.iso(brand, 'mp41'));
  await besideOthers(bob, 1, async () => {
    for (const raw of forms) {
      const { url } = await openTicket(ann);
      for (const type of [`multipart/form-data; boundary=${boundary}`, 'multipart/form-data'])
        assertRefused(
          await ann.act('PUT', url, { raw, headers: { 'content-type': type } }),
          415,
          'media_type',
        );
      await ann.must('DELETE', url);
      await isRefused(world, ann, 'a form in disguise', 'image_type', raw);
    }
    for (const name of ['../../etc/cron.d/x', '/etc/passwd', 'C:\\x', 'a.jpg'])
      await isRefused(world, ann, `a zip of ${name}`, 'image_type', files.zip(name, bomb), {
        'content-type': 'image/jpeg',
      });
    const many = files.bytesOf(
      ...Array.from({ length: 10_000 }, (_, at) => files.zip(String(at), files.bytesOf())),
    );
    await isRefused(world, ann, 'a zip of 10,000 empty files', 'image_type', many);
    await isRefused(
      world,
      ann,
      'a zip of nothing',
      'image_type',
      files.bytesOf('PK\x05\x06', Buffer.alloc(18)),
    );
    for (const film of films)
      await isRefused(world, ann, 'a film', 'image_type', film, { 'content-type': 'image/heic' });
    await isRefused(
      world,
      ann,
      'a playlist',
      'image_type',
      files.bytesOf('#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n'),
    );
  });
  await assertTidy(world);
});

test('a body that is announced as larger than we take is refused before it has come', async () => {
  const { uploadId, url } = await openTicket(ann);
  const headers = ['Content-Type: image/jpeg', `Content-Length: ${10 * 1024 ** 3}`];
  const socket = net.connect(Number(new URL(world.base).port), '127.0.0.1');
  socket.on('error', () => undefined);
  let sent = 0;
  const chunk = Buffer.alloc(1024 ** 2);
  const closed = new Promise((resolve) => socket.on('close', resolve));
  let answer = '';
  socket.on('data', (data) => (answer += data));
  socket.write(headOf(url, ...headers));
  while (!socket.destroyed && answer === '' && sent < 100) {
    await new Promise((resolve) => socket.write(chunk, resolve));
    sent++;
  }
  socket.destroy();
  await closed;
  assert.match(answer, /^HTTP\/1\.1 413 .*"image_too_large"/s);
  assert.ok(sent < 100, 'it was not read to the end');
  assert.deepEqual(await leftOf(world.dataDir, uploadId), []);
});

test('a hundred bodies that arrive byte by byte keep nobody from posting, and leave nothing', async () => {
  const slow = await world.account('slow');
  const tickets = await Promise.all(Array.from({ length: 50 }, () => openTicket(slow)));
  const sockets = tickets.flatMap(({ url }) =>
    ['PUT', 'PATCH'].map((method) => {
      const socket = net.connect(Number(new URL(world.base).port), '127.0.0.1');
      socket.on('error', () => undefined);
      const head = headOf(url, 'Content-Type: image/jpeg', 'Content-Length: 500000').replaceAll(
        ann.token,
        slow.token,
      );
      socket.write(head.replace('PUT', method));
      socket.write(samplePhoto.subarray(0, 3));
      return socket;
    }),
  );
  const receiving = sql`select count(*) from media where state = 'receiving'`;
  await until(
    async () => (Number((await world.rows(receiving))[0]?.count) === 50 ? true : null),
    'all are under way',
  );
  const drip = setInterval(() => {
    for (const socket of sockets) if (socket.writable) socket.write('x');
  }, 200);
  await besideOthers(bob, 2, async () => {
    await ann.posts('meanwhile', [await newPhoto(3)]);
  });
  clearInterval(drip);
  for (const socket of sockets) socket.destroy();
  await until(
    async () => (Number((await world.rows(receiving))[0]?.count) === 0 ? true : null),
    'all have broken off',
  );
  assert.deepEqual(await leftOf(world.dataDir, ...tickets.map(({ uploadId }) => uploadId)), []);
  for (const { url } of tickets) await slow.must('DELETE', url);
  await assertTidy(world);
});

test('what still arrives when its account has left is stored nowhere', async () => {
  const gone = await world.account('gone');
  const { uploadId, url } = await openTicket(gone);
  const bytes = await newPhoto(9);
  const head = headOf(url, 'Content-Type: image/jpeg', `Content-Length: ${bytes.length}`).replace(
    ann.token,
    gone.token,
  );
  const socket = net.connect(Number(new URL(world.base).port), '127.0.0.1');
  socket.write(head);
  socket.write(bytes.subarray(0, 500));
  await until(async () => ((await leftOf(world.dataDir)).length > 0 ? true : null), 'it has begun to arrive');
  await gone.leaves();
  await until(async () => ((await gone.act('GET', url)).status === 401 ? true : null), 'the account is gone');
  await world.settled();
  let answer = '';
  socket.on('data', (data) => (answer += data));
  socket.write(bytes.subarray(500));
  await until(async () => (answer.includes('\r\n\r\n') ? true : null), 'it is answered');
  socket.destroy();
  assert.match(answer, /^HTTP\/1\.1 404 /);
  assert.deepEqual(await leftOf(world.dataDir, uploadId), []);
});

const errorCodes = (replies: Reply[]) =>
  replies.filter(({ status }) => status >= 300).map(({ status, body }) => `${status} ${body.error.code}`);

test('one ticket in two tabs becomes one photo, whichever way each sends it', async () => {
  const bytes = await newPhoto(4);
  const [half, other] = [bytes.slice(0, 700), bytes.slice(700)];
  const put = (url: string) => ann.act('PUT', url, { raw: bytes });
  const piece = (url: string, raw: files.Bytes, offset: number) =>
    ann.act('PATCH', url, { raw, headers: tus(offset) });
  const complete = (url: string) => ann.act('POST', `${url}/complete`);
  const ways: [string, (url: string) => Promise<Reply>[]][] = [
    ['whole and whole', (url) => [put(url), put(url)]],
    ['whole and in pieces', (url) => [piece(url, half, 0), put(url)]],
    ['whole and said to be complete', (url) => [put(url), complete(url), complete(url)]],
    ['the same piece twice', (url) => [piece(url, bytes, 0), piece(url, bytes, 0)]],
    ['one piece and its end', (url) => [piece(url, half, 0), piece(url, other, half.length)]],
  ];
  for (const [what, send] of ways) {
    const { uploadId, url } = await openTicket(ann, { sizeBytes: bytes.length });
    const replies = await Promise.all(send(url));
    for (const seen of errorCodes(replies))
      assert.match(seen, /^(409 upload_(used|offset|missing)|423 upload_locked)$/, what);
    // Whoever was refused asks where it stands, and goes on from there.
    await until(async () => {
      const { state, receivedBytes } = await ann.get(url);
      if (state === 'uploaded') return true;
      if (receivedBytes < bytes.length) await piece(url, bytes.slice(receivedBytes), receivedBytes);
      else await complete(url);
      return null;
    }, `${what}: it is there`);
    await assertStored(uploadId, bytes);
    const [one, two] = await Promise.all([complete(url), complete(url)]);
    assert.deepEqual([one?.status, one?.body], [200, two?.body], what);
    await ann.must('DELETE', url);
  }
  await assertTidy(world);
});

test('said to be complete by twenty tabs at once, an upload is looked at once', async () => {
  const bytes = await newPhoto(5);
  const { uploadId, url } = await openTicket(ann, { sizeBytes: bytes.length });
  await ann.must('PATCH', url, { raw: bytes, headers: tus(0) });
  const replies = await Promise.all(Array.from({ length: 20 }, () => ann.act('POST', `${url}/complete`)));
  assert.ok(replies.some(({ status }) => status === 200));
  for (const seen of errorCodes(replies)) assert.equal(seen, '409 upload_used');
  await assertStored(uploadId, bytes);
  const [posted, thrownAway] = await Promise.all([
    ann.act('POST', '/posts', { body: { photos: [{ uploadId }] } }),
    ann.act('DELETE', url),
  ]);
  assert.ok(
    (posted.status === 201) !== (thrownAway.status === 204),
    `${posted.status}, ${thrownAway.status}`,
  );
  await assertTidy(world);
});

test('published from two tabs at once, an upload is in one post', async () => {
  const uploadId = await ann.uploads(await newPhoto(6));
  const publish = () => ann.act('POST', '/posts', { body: { photos: [{ uploadId }] } });
  const replies = await Promise.all(Array.from({ length: 10 }, publish));
  assert.equal(replies.filter(({ status }) => status === 201).length, 1);
  assert.deepEqual(new Set(errorCodes(replies)), new Set(['409 upload_used']));
});

test('a photo of which only a part has come cannot be published', async () => {
  const bytes = await newPhoto(7);
  const { uploadId, url } = await openTicket(ann, { sizeBytes: bytes.length });
  await ann.must('PATCH', url, { raw: bytes.slice(0, 500), headers: tus(0) });
  const body = { photos: [{ uploadId }] };
  assertRefused(await ann.act('POST', '/posts', { body }), 409, 'upload_missing');
  assertRefused(await ann.act('POST', `${url}/complete`), 409, 'upload_missing');
  await ann.must('DELETE', url);
  await assertTidy(world);
});

test('five hundred uploads at once by one member are bounded, and others post meanwhile', async () => {
  const many = await world.account('many');
  const opened = await Promise.all(Array.from({ length: 500 }, () => many.act('POST', '/uploads')));
  const tickets = opened.filter(({ status }) => status === 201).map(({ body }) => body);
  // Those that ask in the same instant are not counted yet: at most one for each connection to the database.
  assert.ok(tickets.length >= 60 && tickets.length <= 80, `${tickets.length} tickets`);
  for (const reply of opened.filter(({ status }) => status !== 201)) {
    assertRefused(reply, 429, 'limited');
    assert.ok(Number(reply.headers.get('retry-after')) > 0);
  }
  const memory = await measureMemory(world, () =>
    besideOthers(bob, 8, async () => {
      const replies = await Promise.all(tickets.map(({ url }) => sendPatiently(many, url, samplePhoto)));
      for (const reply of replies) assert.equal(reply.status, 200, reply.text);
    }),
  );
  assertModest(memory);
  assertRefused(await many.act('POST', '/uploads'), 429, 'limited');
  const { uploaded } = await many.get(`/uploads/${tickets[0].uploadId}`);
  assert.equal(uploaded.uploadId, tickets[0].uploadId);
  for (const { url } of tickets) await many.must('DELETE', url);
  assert.deepEqual(await leftOf(world.dataDir, ...tickets.map(({ uploadId }) => uploadId)), []);
  await assertTidy(world);
});
