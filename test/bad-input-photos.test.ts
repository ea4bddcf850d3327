import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import sharp from 'sharp';
import { assertRefused, changesNothing, sendRaw } from './bad-input.ts';
import { type Bytes, gif, iso, png, zip } from './hostile-files.ts';
import { openWorld, type Reply, samplePhoto, until } from './world.ts';

const world = await openWorld();
const ann = await world.account('ann');
const MAX_BYTES = 40 * 1024 * 1024;

const plain = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#c85028' } });

async function openTicket(): Promise<string> {
  return (await ann.must('POST', '/uploads')).body.url.replace('/api/v1', '');
}

const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>';
const half = samplePhoto.subarray(0, samplePhoto.length / 2);

const badPhotos: [string, string, Bytes][] = [
  ['nothing', 'image_type', new Uint8Array()],
  ['one byte', 'image_type', Buffer.from([0xff])],
  ['a text', 'image_type', Buffer.from('This is not a photo, whatever it is called.')],
  ['an SVG', 'image_type', Buffer.from(svg)],
  ['an HTML page', 'image_type', Buffer.from('<!doctype html><script>alert(1)</script>')],
  ['a PDF', 'image_type', Buffer.from('%PDF-1.7\n1 0 obj <<>> endobj')],
  ['a program', 'image_type', Buffer.from('\x7fELF\x02\x01\x01'.padEnd(500, '\0'), 'latin1')],
  ['a program for Windows', 'image_type', Buffer.from('MZ\x90'.padEnd(500, '\0'), 'latin1')],
  ['a script', 'image_type', Buffer.from('<?php system($_GET[0]);')],
  ['a zip file', 'image_type', zip('../../a.jpg', Buffer.alloc(500))],
  ['a TIFF', 'image_type', new Uint8Array(await plain(40, 30).tiff().toBuffer())],
  ['a HEIC of nothing', 'image_damaged', iso('heic', 'mif1')],
  ['an MP4', 'image_type', iso('isom', 'mp42')],
  ['a JPEG cut in half', 'image_damaged', new Uint8Array(half)],
  ['the first three bytes of a JPEG', 'image_damaged', Buffer.from([0xff, 0xd8, 0xff])],
  ['a JPEG with a hole', 'image_damaged', new Uint8Array(Buffer.concat([half, Buffer.alloc(half.length)]))],
  ['a PNG without pixels', 'image_damaged', png({ width: 500, height: 500 }, [['IDAT', Buffer.alloc(50)]])],
  ['a GIF without frames', 'image_damaged', gif(1).subarray(0, 19)],
  ['an AVIF of nothing', 'image_damaged', iso('avif', 'mif1')],
];

test('what is no photo is refused by its content, whatever it calls itself, and leaves nothing', async () => {
  await changesNothing(world, async () => {
    for (const [what, code, raw] of badPhotos) {
      const at = await openTicket();
      const headers = {
        'content-type': 'image/jpeg',
        'content-disposition': 'attachment; filename="../a.jpg"',
      };
      assertRefused(await ann.act('PUT', at, { raw, headers }), 422, code, what);
      assert.deepEqual(await world.files(), [], what);
      assertRefused(await ann.act('PUT', at, { raw: samplePhoto }), 404, 'not_found', `${what}: its ticket`);
      const uploadId = at.split('/').at(-1);
      const publish = await ann.act('POST', '/posts', { body: { photos: [{ uploadId }] } });
      assertRefused(publish, 400, 'upload_unknown', what);
    }
  });
});

test('a photo with something behind its end is served without it', async () => {
  const tail = Buffer.from('PK\x03\x04<script>alert(1)</script>', 'latin1');
  const post = await ann.posts('', [new Uint8Array(Buffer.concat([samplePhoto, tail]))]);
  for (const { url } of post.photos[0]?.renditions ?? []) {
    const reply = await fetch(world.base + url);
    assert.equal(reply.headers.get('content-type'), 'image/jpeg');
    assert.equal(reply.headers.get('x-content-type-options'), 'nosniff');
    assert.doesNotMatch(Buffer.from(await reply.arrayBuffer()).toString('latin1'), /script/);
  }
  await ann.must('DELETE', `/posts/${post.id}`);
  await until(async () => ((await world.files()).length === 0 ? true : null), 'its files are gone');
});

test('a photo of more than 40 MB is refused, with and without a length, and leaves nothing', async () => {
  const large = new Uint8Array(MAX_BYTES + 1);
  large.set(samplePhoto);
  await changesNothing(world, async () => {
    const at = await openTicket();
    assertRefused(await ann.act('PUT', at, { raw: large }), 413, 'image_too_large');
    assert.deepEqual(await world.files(), []);
    const other = await openTicket();
    const headers = { authorization: `Bearer ${ann.token}`, 'content-type': 'image/png' };
    const stream = new Blob([large]).stream();
    const init = { method: 'PUT', headers, body: stream, duplex: 'half' };
    const reply = await fetch(`${world.base}/api/v1${other}`, init as RequestInit);
    assert.equal(reply.status, 413);
    assert.equal((await reply.json()).error.code, 'image_too_large');
    assert.deepEqual(await world.files(), []);
  });
});

const headOf = (at: string, ...headers: string[]) =>
  [
    `PUT /api/v1${at} HTTP/1.1`,
    'Host: x',
    `Authorization: Bearer ${ann.token}`,
    'Content-Type: image/jpeg',
    ...headers,
    '',
    '',
  ].join('\r\n');

test('a length that lies is refused, and leaves nothing', async () => {
  await changesNothing(world, async () => {
    const short = await openTicket();
    // What lies beyond the length is read as the next request, and is none.
    const reply = await sendRaw(world.base, headOf(short, 'Content-Length: 1000'), samplePhoto);
    assertRefused(reply, 400, 'invalid_request');
    await until(async () => {
      const again = await ann.act('PUT', short, { raw: 'x' });
      return again.status === 404 ? true : null;
    }, 'the first 1,000 bytes are refused as a photo');
    const lies: [string, ...string[]][] = [
      ['', 'Content-Length: -1'],
      ['', 'Content-Length: 1e3'],
      ['', 'Content-Length: 5', 'Content-Length: 6'],
      ['0\r\n\r\n', 'Content-Length: 5', 'Transfer-Encoding: chunked'],
      ['xyz\r\n', 'Transfer-Encoding: chunked'],
      ['', 'Transfer-Encoding: gzip'],
    ];
    for (const [body, ...headers] of lies) {
      const at = await openTicket();
      assertRefused(
        await sendRaw(world.base, headOf(at, ...headers), body),
        400,
        'invalid_request',
        headers.join(),
      );
      await until(
        async () => ((await ann.act('DELETE', at)).status === 204 ? true : null),
        `the ticket is free again after ${headers.join()}`,
      );
    }
    assert.deepEqual(await world.files(), []);
  });
});

test('an upload that breaks off leaves nothing, and its ticket can be used again', async () => {
  for (const share of [0.01, 0.5, 0.99]) {
    const at = await openTicket();
    const { hostname, port } = new URL(world.base);
    const socket = net.connect(Number(port), hostname);
    socket.on('error', () => undefined);
    socket.write(headOf(at, `Content-Length: ${samplePhoto.length}`));
    socket.write(samplePhoto.subarray(0, samplePhoto.length * share));
    await until(async () => ((await world.files()).length > 0 ? true : null), 'the bytes arrive');
    const twice = await ann.act('PUT', at, { raw: samplePhoto });
    assertRefused(twice, 409, 'upload_used', 'a second upload beside the first');
    socket.destroy();
    await until(async () => ((await world.files()).length === 0 ? true : null), 'nothing is left');
    const again = await until(async () => {
      const reply: Reply = await ann.act('PUT', at, { raw: samplePhoto });
      return reply.status === 409 ? null : reply;
    }, 'the ticket is free again');
    assert.equal(again.status, 200, again.text);
    await ann.must('DELETE', at);
    assert.deepEqual(await world.files(), []);
  }
});
