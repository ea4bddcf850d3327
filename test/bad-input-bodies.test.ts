import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertRefused, changesNothing, operationsOf, sendRaw } from './bad-input.ts';
import { openWorld, PASSWORD } from './world.ts';

type Body = Record<string, unknown>;

const world = await openWorld();
const ann = await world.account('ann');
const post = await ann.posts('a pier');
const uploadId = await ann.uploads(
  Buffer.from(
    'GIF89a\x01\0\x01\0\x80\0\0\xff\0\0\0\0\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0;',
    'latin1',
  ),
);
const draft = (await ann.must('POST', '/drafts', { body: { content: { caption: 'not yet' } } })).body;
const content = { caption: 'still not' };
await world.settled();

const person = {
  handle: 'newcomer',
  email: 'new@example.org',
  password: PASSWORD,
  name: 'New',
  kind: 'bearer',
  deviceName: 'x',
};
const token = 'A'.repeat(46);
const mediaId = post.photos[0]?.mediaId ?? '';
/** A whole body for every operation that takes one. */
const bodies: [string, string, Body][] = [
  ['POST', '/setup', { ...person, code: 'TEST-CODE' }],
  ['POST', '/accounts', person],
  ['POST', '/sessions', { login: 'ann', password: PASSWORD, kind: 'bearer', deviceName: 'x' }],
  ['POST', '/password-resets', { email: 'ann@example.org' }],
  ['POST', '/password-resets/confirm', { token, password: PASSWORD }],
  ['POST', '/email-confirmations', { token }],
  ['PATCH', '/me', { name: 'Ann', bio: 'hello', isPrivate: true }],
  ['PUT', '/me/password', { currentPassword: PASSWORD, newPassword: `${PASSWORD}!` }],
  ['DELETE', '/me', { password: PASSWORD }],
  ['PUT', '/me/avatar', { uploadId }],
  [
    'POST',
    '/posts',
    { caption: 'x', photos: [{ uploadId, altText: 'x', edits: { look: { filter: 'none' } } }] },
  ],
  [
    'PATCH',
    `/posts/${post.id}`,
    { caption: 'x', audience: 'everyone', takesComments: false, hidesLikeCount: true },
  ],
  ['POST', '/drafts', { content }],
  ['PUT', `/drafts/${draft.id}`, { content, version: 1 }],
  ['PUT', `/drafts/${draft.id}/schedule`, { publishAt: new Date(Date.now() + 3_600_000).toISOString() }],
  ['POST', '/uploads', { sha256: 'a'.repeat(64), sizeBytes: 1 }],
  ['PUT', `/posts/${post.id}/photos/${mediaId}/edits`, { frame: { turns: 1 }, look: { filter: 'none' } }],
  ['PUT', `/posts/${post.id}/photos/${mediaId}`, { uploadId, altText: 'x', edits: { frame: { turns: 1 } } }],
  ['POST', `/posts/${post.id}/comments`, { text: 'hello' }],
  ['PUT', '/activity/seen', { activityId: post.id }],
];
/** Of these an empty one is whole: what is absent in it is as it was taken. */
const MAY_BE_EMPTY = new Set(['edits', 'frame', 'look', 'content']);
const wrong: Record<string, unknown[]> = {
  string: [null, 1, true, [], ['x'], {}, { toString: 'x' }],
  boolean: [null, 0, 1, 'true', '', [], {}],
  number: [null, '1', true, [], {}, 0.5, -1],
  object: [null, 1, true, 'x', {}, { length: 1 }],
};

test('every operation with a body is among those that are tried here', async () => {
  const tried = new Set(
    bodies.map(
      ([method, path]) =>
        `${method} ${path.replace(post.id, '{postId}').replace(mediaId, '{mediaId}').replace(draft.id, '{draftId}')}`,
    ),
  );
  const untried = (await operationsOf(world))
    .filter(({ hasBody }) => hasBody)
    .map(({ method, path }) => `${method} ${path}`)
    .filter((operation) => !tried.has(operation));
  assert.deepEqual(untried, []);
});

test('a field of the wrong type is refused by its name, in every body', async () => {
  await changesNothing(world, async () => {
    for (const [method, path, body] of bodies) {
      for (const [field, value] of Object.entries(body))
        for (const bad of wrong[typeof value] ?? [])
          if (!MAY_BE_EMPTY.has(field) || JSON.stringify(bad) !== '{}')
            await refuses(method, path, { ...body, [field]: bad }, field);
      for (const [field, value] of Object.entries({ uploadId, altText: 'x' }))
        if (path === '/posts')
          for (const bad of [...(wrong[typeof value] ?? []), 'no-such-filter'.repeat(100)]) {
            const photo = { uploadId, altText: 'x', [field]: bad };
            await refuses(method, path, { ...body, photos: [photo] }, `photos.0.${field}`);
          }
    }
  });
});

async function refuses(method: string, path: string, body: unknown, field: string): Promise<void> {
  const reply = await ann.act(method, path, { body });
  const what = `${method} ${path} ${JSON.stringify(body).slice(0, 200)}`;
  assertRefused(reply, 400, 'invalid', what);
  assert.ok(reply.body.error.fields[0].path.startsWith(field), `${what} → ${reply.text}`);
}

test('a field that is missing is refused by its name', async () => {
  const optional = new Set(
    'name kind deviceName caption bio isPrivate sha256 sizeBytes frame look altText edits audience takesComments hidesLikeCount'.split(
      ' ',
    ),
  );
  await changesNothing(world, async () => {
    for (const [method, path, body] of bodies)
      for (const field of Object.keys(body).filter((name) => !optional.has(name)))
        await refuses(method, path, { ...body, [field]: undefined }, field);
  });
});

test('a field that nobody knows is refused, so that none can be set from outside', async () => {
  const fields = [
    'isAdmin',
    'role',
    'followerCount',
    'id',
    'accountId',
    'createdAt',
    'emailConfirmed',
    'state',
    '',
  ];
  await changesNothing(world, async () => {
    for (const [method, path, body] of bodies)
      for (const field of fields)
        assertRefused(
          await ann.act(method, path, { body: { ...body, [field]: 'admin' } }),
          400,
          'invalid',
          `${method} ${path} ${field}`,
        );
    const photo = { uploadId, width: 9 };
    assertRefused(await ann.act('POST', '/posts', { body: { photos: [photo] } }), 400, 'invalid');
  });
  assert.equal((await ann.get('/me')).role, 'member');
});

test('a body that is no object is refused', async () => {
  await changesNothing(world, async () => {
    // A ticket can be asked for without saying anything.
    for (const [method, path] of bodies.filter(([, each]) => each !== '/uploads')) {
      for (const body of [null, [], 'text', '', 0, true, [{}]])
        assertRefused(await ann.act(method, path, { body }), 400, 'invalid', `${method} ${path} ${body}`);
      assertRefused(await ann.act(method, path), 400, 'invalid', `${method} ${path} without a body`);
      const empty = { raw: '', headers: { 'content-type': 'application/json' } };
      assertRefused(await ann.act(method, path, empty), 400, 'invalid', `${method} ${path} empty`);
    }
  });
});

test('JSON that is broken, ambiguous or hostile is refused', async () => {
  const bytes = (...parts: (string | number[])[]) =>
    Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))));
  const broken: (string | Uint8Array<ArrayBuffer>)[] = [
    ...[
      '{"name":"x"} x',
      '{"name":"x"}{}',
      '{"name":"x"},',
      '{"name":"x"',
      '{name:"x"}',
      "{'name':'x'}",
      ' ',
      '{',
    ],
    ...[
      '{"name":"x",}',
      '{"name":NaN}',
      '{"name":+1}',
      '{"name":01}',
      '{"name":"x"}//',
      '{"name":"a\nb"}',
      'nul',
    ],
    ...['{"name":"\\x41"}', '{"name":"\\u12"}', '{"name":"\0"}', '{"name":"x"}\0', '\ufeff{"name":"x"}'],
    ...[
      '{"__proto__":{"polluted":1}}',
      '{"name":"x","__proto__":null}',
      '{"\\u005f_proto__":{"polluted":1}}',
    ],
    ...['{"constructor":{"prototype":{"polluted":1}}}', '{"x":{"__proto__":{"polluted":1}}}'],
    ...['['.repeat(33), '{"a":'.repeat(33), '['.repeat(200_000), '{"a":'.repeat(50_000)],
    `${'['.repeat(33)}${']'.repeat(33)}`,
    bytes('{"name":"', [0xff, 0xfe], '"}'),
    bytes('{"name":"', [0xc0, 0x80], '"}'),
    bytes('{"name":"', [0xed, 0xa0, 0x80], '"}'),
    bytes('{"name":"', [0xf4, 0x90, 0x80, 0x80], '"}'),
    bytes('{"name":"', [0xe2, 0x82], '"}'),
    bytes([0xff, 0xfe], [...Buffer.from('{"name":"x"}', 'utf16le')]),
    bytes([...Buffer.from('{"name":"x"}', 'utf16le')]),
  ];
  await changesNothing(world, async () => {
    for (const raw of broken) {
      const reply = await ann.act('PATCH', '/me', { raw, headers: { 'content-type': 'application/json' } });
      assertRefused(reply, 400, 'invalid_json', `${Buffer.from(raw).toString('latin1').slice(0, 60)}`);
    }
  });
  assert.equal(({} as Body).polluted, undefined);
});

test('NUL, other control characters and half characters are refused in every text', async () => {
  await changesNothing(world, async () => {
    for (const bad of ['\u0000', 'a\u0000b', '\ud800', 'a\udc00b', '\udc00\ud800'])
      for (const [method, path, body] of bodies) {
        for (const [field, value] of Object.entries(body))
          if (typeof value === 'string' && !['currentPassword', 'password', 'token', 'code'].includes(field))
            await refuses(method, path, { ...body, [field]: bad + value }, field);
        if (path === '/posts')
          await refuses(method, path, { photos: [{ uploadId, altText: bad }] }, 'photos.0.altText');
      }
    for (const control of ['\u0007', '\u001b[31m', '\r', '\u007f', '\u0085'])
      await refuses('PATCH', '/me', { name: `a${control}b` }, 'name');
    for (const query of ['%00', 'a%00b', '%07'])
      assertRefused(await ann.act('GET', `/search?q=${query}`), 400, 'invalid', query);
    for (const at of ['/hashtags/%00', '/hashtags/a%00', '/handles/%00', '/handles/ann%00'])
      assertRefused(await ann.act('GET', at), 400, 'invalid', at);
    for (const bad of ['\u0000', '\ud800'])
      assertRefused(
        await world.call('POST', '/sessions', { body: { login: 'ann', password: bad + PASSWORD } }),
        401,
        'wrong_password',
      );
  });
});

test('of two equal keys the last one counts, and is checked like any other', async () => {
  const headers = { 'content-type': 'application/json' };
  await ann.must('PATCH', '/me', { raw: '{"name":5,"name":"Twice"}', headers });
  assert.equal((await ann.get('/me')).name, 'Twice');
  assertRefused(await ann.act('PATCH', '/me', { raw: '{"name":"x","name":5}', headers }), 400, 'invalid');
  assert.equal((await ann.get('/me')).name, 'Twice');
});

test('a body that is too large is refused, with and without a length', async () => {
  const large = JSON.stringify({ name: 'x'.repeat(300_000) });
  const headers = { 'content-type': 'application/json' };
  await changesNothing(world, async () => {
    for (const [method, path] of bodies)
      assertRefused(await ann.act(method, path, { raw: large, headers }), 413, 'body_too_large', path);
    const chunked = await sendRaw(
      world.base,
      `PATCH /api/v1/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ann.token}\r\nContent-Type: application/json\r\n`,
      `Transfer-Encoding: chunked\r\n\r\n${large.length.toString(16)}\r\n${large}\r\n0\r\n\r\n`,
    );
    assertRefused(chunked, 413, 'body_too_large');
  });
});

test('a body of another type than JSON is refused', async () => {
  const form = 'name=x&isPrivate=true';
  const multipart = '--x\r\ncontent-disposition: form-data; name="name"\r\n\r\nx\r\n--x--\r\n';
  const types: [string, string][] = [
    ['application/x-www-form-urlencoded', form],
    ['multipart/form-data; boundary=x', multipart],
    ['text/plain', '{"name":"x"}'],
    ['text/json', '{"name":"x"}'],
    ['application/xml', '<name>x</name>'],
    ['application/jsonx', '{"name":"x"}'],
    ['application/x-ndjson', '{"name":"x"}'],
    ['application/octet-stream', '{"name":"x"}'],
    ['image/jpeg', '{"name":"x"}'],
    ['nonsense', '{"name":"x"}'],
    ['application/json, text/plain', '{"name":"x"}'],
  ];
  await changesNothing(world, async () => {
    for (const [method, path] of bodies)
      for (const [type, raw] of types) {
        const reply = await ann.act(method, path, { raw, headers: { 'content-type': type } });
        assertRefused(reply, 415, 'media_type', `${method} ${path} ${type}`);
      }
    const untyped = await sendRaw(
      world.base,
      `PATCH /api/v1/me HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${ann.token}\r\n`,
      'Content-Length: 12\r\n\r\n{"name":"x"}',
    );
    assertRefused(untyped, 415, 'media_type');
    for (const type of ['application/json', 'text/plain', 'multipart/form-data; boundary=x'])
      assertRefused(
        await ann.act('PUT', `/uploads/${uploadId}`, { raw: '{}', headers: { 'content-type': type } }),
        415,
        'media_type',
        `upload as ${type}`,
      );
  });
});
