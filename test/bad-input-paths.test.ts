import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test } from 'node:test';
import { assertRefused, changesNothing, sendRaw } from './bad-input.ts';
import { openWorld, type Reply } from './world.ts';

const world = await openWorld();
const ann = await world.account('ann');
const dora = await world.account('dora', { isPrivate: true });
const post = await ann.posts('a pier');
const hidden = await dora.posts('for friends');
await world.settled();

/** The path goes out as it is written: fetch would tidy it first. */
function ask(method: string, path: string, headers: Record<string, string> = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(world.base);
    const sent = request({ hostname, port, method, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const got = new Headers(
          Object.entries(response.headers).map(([name, value]) => [name, String(value)]),
        );
        const isJson = got.get('content-type')?.startsWith('application/json') && text !== '';
        resolve({
          status: response.statusCode ?? 0,
          headers: got,
          text,
          body: isJson ? JSON.parse(text) : null,
        });
      });
    });
    sent.on('error', reject);
    sent.end();
  });
}

test('an address of the API that does not exist is a JSON 404', async () => {
  for (const at of [
    ...['/api/v1', '/api/v1/', '/api/v1/nothing', '/api/v2/me', '/api/v1/me/', '/api/v1/ME', '/API/v1/me'],
    ...[
      '/api/v1//me',
      '/api//v1/me',
      '/api/v1/me.json',
      '/api/v1/%6de%2f',
      `/api/v1/posts/${post.id}/nothing`,
      '/api/v1/me/x.css',
    ],
    ...[
      '/api/nothing',
      '/media',
      '/media/',
      '/media/x',
      '/media/1/2/3',
      '/assets/nothing.js',
      '/health/x',
      '/api/v1/admin',
    ],
  ]) {
    const reply = await ask('GET', at);
    if (at.startsWith('/API'))
      assert.match(reply.text, /^<!doctype html>/, 'a page, since pages are all else');
    else assertRefused(reply, 404, 'not_found', at);
  }
  for (const at of ['/', '/api/v1/nothing', '/@ann', '/p/1', '/media/x'])
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'])
      assertRefused(await ask(method, at), 404, 'not_found', at);
});

test('a method that does not exist is refused', async () => {
  await changesNothing(world, async () => {
    for (const method of ['TRACE', 'PROPFIND', 'OPTIONS', 'PURGE', 'LINK', 'SEARCH', 'QUERY'])
      for (const at of ['/api/v1/me', '/', '/media/1/w320.jpg'])
        assertRefused(
          await ask(method, at, { 'content-type': 'application/json' }),
          404,
          'not_found',
          method,
        );
    for (const [method, at] of [
      ['POST', '/api/v1/me'],
      ['PUT', `/api/v1/posts/${post.id}`],
      ['PATCH', `/api/v1/comments/${post.id}`],
      ['DELETE', '/api/v1/feed'],
      ['GET', `/api/v1/posts/${post.id}/like`],
    ] as const) {
      const override = { authorization: `Bearer ${ann.token}`, 'x-http-method-override': 'DELETE' };
      assertRefused(await ask(method, at, override), 404, 'not_found', `${method} ${at}`);
    }
    assertRefused(
      await ask('GET', `/api/v1/posts/${post.id}?_method=DELETE&cursor=x`, { authorization: 'x' }),
      401,
    );
    assertRefused(
      await sendRaw(world.base, 'NONSENSE /api/v1/me HTTP/1.1\r\nHost: x\r\n\r\n'),
      400,
      'invalid_request',
    );
  });
});

test('what is no HTTP is refused, and what is too long in its address or headers', async () => {
  for (const bytes of [
    ...[
      '\r\n\r\nhello\r\n\r\n',
      'GET / HTTP/9.9\r\n\r\n',
      '\x16\x03\x01\x02\0',
      'GET / HTTP/1.1\r\nHost x\r\n\r\n',
    ],
    ...[
      'GET / HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n',
      'GET /é HTTP/1.1\r\n\r\n',
    ],
  ])
    assertRefused(await sendRaw(world.base, Buffer.from(bytes, 'latin1')), 400, 'invalid_request', bytes);
  const long = 'x'.repeat(70_000);
  for (const bytes of [
    `GET /${long} HTTP/1.1\r\n\r\n`,
    `GET / HTTP/1.1\r\nHost: x\r\nCookie: ${long}\r\n\r\n`,
  ])
    assertRefused(await sendRaw(world.base, bytes), 431, 'headers_too_large');
  const param = await ask('GET', `/api/v1/handles/${'x'.repeat(400)}`);
  assertRefused(param, 414, 'invalid_request');
});

test('an address that is not well encoded is refused', async () => {
  for (const at of [
    '/%',
    '/%zz',
    '/api/v1/handles/%',
    '/api/v1/handles/%ff',
    '/api/v1/handles/%c0%80',
    '/@%e2%82',
    '/p/%zz',
  ])
    assertRefused(await ask('GET', at), 400, 'invalid_request', at);
  for (const at of ['/api/v1/search?q=%ff', '/api/v1/search?q=%', '/api/v1/search?q=%c0%80']) {
    const reply = await ask('GET', at);
    assert.ok(reply.status === 200 || reply.status === 400, at);
  }
});

test('tricks with dots and slashes reach no file', async () => {
  const page = (await ask('GET', '/')).text;
  const tricks = [
    ...[
      '/.env',
      '/.git/config',
      '/.git/HEAD',
      '/package.json',
      '/data/postgres/PG_VERSION',
      '/server/main/app.ts',
      '/dist/web/',
    ],
    ...[
      '/../package.json',
      '/../../etc/passwd',
      '/%2e%2e/package.json',
      '/%2e%2e%2fpackage.json',
      '/..%2f..%2fpackage.json',
    ],
    ...[
      '/..%5c..%5cpackage.json',
      '/....//package.json',
      '/assets/../../package.json',
      '/assets/..%2f..%2fpackage.json',
    ],
    ...[
      '/assets/%2e%2e/%2e%2e/package.json',
      '/assets/%252e%252e%252fpackage.json',
      '//etc/passwd',
      '///etc/passwd',
      '//',
      '//[',
    ],
    ...[
      '/api/static/../../../package.json',
      '/api/static/..%2f..%2f..%2fpackage.json',
      '/api/static/%2e%2e/package.json',
    ],
    ...[
      '/media/../package.json',
      '/media/1/..%2f..%2fpackage.json',
      '/media/%2e%2e%2f%2e%2e%2fetc%2fpasswd/w320.jpg',
    ],
    ...[
      '/index.html%00.jpg',
      '/%00',
      '/assets/%00',
      '/@%00',
      '/@ann%00',
      '/@..%2f..%2fetc',
      '/p/..%2f..',
      '/\\..\\package.json',
    ],
    ...[
      '/index.html.map',
      '/assets/index.js.map',
      '/.well-known/../.env',
      '/~root',
      '/?x=/../../etc/passwd',
      '/%2e',
      '/.',
    ],
  ];
  for (const at of tricks) {
    const reply = await ask('GET', at);
    assert.doesNotMatch(reply.text, /"dependencies"|root:x:0|\[core\]|ref: refs|PINHOLE_/, at);
    if (reply.status === 200)
      assert.equal(reply.text.slice(0, 200), page.slice(0, 200), `${at} is the client's page`);
    else if (/text\/html/.test(reply.headers.get('content-type') ?? '')) assert.equal(reply.status, 400, at);
    else assertRefused(reply, reply.status, null, at);
  }
  for (const target of ['http://evil.example/', 'http://evil.example/api/v1/me', '*', 'evil']) {
    const reply = await sendRaw(world.base, `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    assert.ok(
      reply.status === 200 || (reply.status >= 400 && reply.status < 500),
      `${target} → ${reply.status}`,
    );
  }
});

test('a photo address that was not made by us, or is edited, is a 404', async () => {
  const url = post.photos[0]?.renditions.find(({ name }) => name === 'w320')?.url ?? '';
  const closed = hidden.photos[0]?.renditions.find(({ name }) => name === 'w320')?.url ?? '';
  const get = (at: string) => ask('GET', at, { authorization: `Bearer ${dora.token}` });
  assert.equal((await get(url)).status, 200);
  assert.equal((await get(closed)).status, 200);
  const signature = new URL(closed, world.base).searchParams.get('s') ?? '';
  const [mediaId, hiddenId] = [post, hidden].map(({ photos }) => photos[0]?.mediaId ?? '');
  for (const edited of [
    url.replace('w320', 'original'),
    url.replace('w320', 's512'),
    url.replace('w320.jpg', '..%2f..%2foriginals'),
    url.replace('w320.jpg', 'w320'),
    url.replace('/public/', '/private/'),
    url.replace('/public/', '/originals/'),
    url.replace('/public/', '/%70ublic/../private/'),
    url.replace(/[0-9a-f]{32}/, (token) => token.toUpperCase().replace(/^\d+$/, 'A')),
    url.replace(/[0-9a-f]{32}/, '0'.repeat(32)),
    url.replace(mediaId ?? '-', hiddenId ?? '-'),
    url.replace(mediaId ?? '-', ann.id),
    url.replace('/media/', '/media//'),
    `${url}?x=1`,
    closed.replace('/private/', '/public/'),
    closed.replace('w320', 'w1080'),
    closed.replace(/e=\d+/, 'e=9999999999'),
    closed.replace(/e=(\d+)/, 'e=0$1'),
    closed.replace(/e=(\d+)/, 'e=-$1'),
    closed.replace(/&s=.*/, ''),
    closed.replace(/s=.*/, 's='),
    closed.replace(/\?.*/, ''),
    `${closed}A`,
    `${closed}&s=${signature}`,
    `${closed}&x=1`,
    closed.replace(signature, `${signature.slice(0, -1)}${signature.endsWith('A') ? 'Q' : 'A'}`),
    closed.replace(signature, 'é'.repeat(22)).replace(/é/g, '%C3%A9'),
  ])
    assertRefused(await get(edited), 404, 'not_found', edited);
});
