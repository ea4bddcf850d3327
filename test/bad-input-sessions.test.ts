import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '../server/infra/sql.ts';
import { assertRefused, changesNothing, operationsOf, refusalOf } from './bad-input.ts';
import { openWorld, PASSWORD, SETUP_CODE } from './world.ts';

// Behind one proxy each test has an address of its own, and so its own share of tries.
const world = await openWorld({ config: { proxies: 1 } });
const [ann, bob] = await world.accounts('ann', 'bob');
await world.mailTo('bob@example.org');
let addresses = 0;
const elsewhere = () => ({ 'x-forwarded-for': `192.0.2.${++addresses}` });

const signIn = (body: Record<string, unknown>, headers: Record<string, string> = elsewhere()) =>
  world.call('POST', '/sessions', { body: { login: 'ann', password: PASSWORD, ...body }, headers });
const linkIn = (mail: string, purpose: string) => {
  const link = new RegExp(`/${purpose}#([\\w-]+)`).exec(mail.replaceAll('=\n', ''))?.[1];
  assert.ok(link, mail);
  return link;
};

test('an unknown name and a wrong password get the same answer', async () => {
  await changesNothing(world, async () => {
    const wrong = await signIn({ password: 'not the password' });
    assertRefused(wrong, 401, 'wrong_password');
    for (const login of [
      'nobody',
      'nobody@example.org',
      '@nobody',
      'ANN ',
      "' or 1=1 --",
      '%',
      'а'.repeat(20),
    ]) {
      const reply = await signIn({ login, password: 'not the password' });
      assert.deepEqual(refusalOf(reply), refusalOf(wrong), login);
      assert.equal(reply.headers.get('set-cookie'), null);
    }
  });
});

test('a token that is malformed, unknown or of a shard that cannot be is refused by every route', async () => {
  const bytes = Buffer.from(ann.token, 'base64url');
  const edited = Buffer.from(bytes);
  edited[20] = (edited[20] ?? 0) ^ 1;
  const elsewhereShard = Buffer.from(bytes).fill(0xff, 0, 2);
  const bad = [
    ...[
      'Bearer',
      'Bearer ',
      'Bearer x',
      `Bearer ${ann.token} x`,
      `Bearer ${ann.token}${ann.token}`,
      'Bearer é',
    ],
    ...[
      `Basic ${btoa(`ann:${PASSWORD}`)}`,
      ann.token,
      `Token ${ann.token}`,
      `Bearer ${'A'.repeat(5_000)}`,
      '',
    ],
    ...[edited, elsewhereShard, bytes.subarray(1), Buffer.alloc(34)].map(
      (each) => `Bearer ${each.toString('base64url')}`,
    ),
    `Bearer ${btoa('{"alg":"none"}')}.${btoa('{"sub":"ann"}')}.`,
  ];
  await changesNothing(world, async () => {
    for (const authorization of bad) {
      const reply = await world.call('GET', '/me', { headers: { authorization } });
      assertRefused(reply, 401, null, authorization);
    }
    for (const { method, path } of await operationsOf(world)) {
      const at = path.replaceAll(/\{\w+\}/g, ann.id);
      const reply = await world.call(method, at, { headers: { authorization: 'Bearer x' } });
      assertRefused(reply, 401, 'session_ended', `${method} ${at}`);
    }
    for (const cookie of [
      'pinhole_session=x',
      'pinhole_session=%zz',
      `__Host-pinhole_session=${ann.token}`,
      ';;=;',
    ])
      assertRefused(await world.call('GET', '/me', { headers: { cookie } }), 401, 'unauthenticated', cookie);
  });
});

const PIECE = {
  'tus-resumable': '1.0.0',
  'upload-offset': '0',
  'content-type': 'application/offset+octet-stream',
};

test('without a session every route that needs one says so', async () => {
  const open =
    /^\/(setup|accounts|sessions|password-resets(\/confirm)?|email-confirmations)$|^\/handles|^\/hashtags|^\/search|^\/posts\/owners$/;
  const reading = /^\/(accounts|posts|comments)\/\{/;
  await changesNothing(world, async () => {
    for (const { method, path, hasBody } of await operationsOf(world)) {
      if ((open.test(path) && path !== '/sessions') || (path === '/sessions' && method === 'POST')) continue;
      if (reading.test(path) && method === 'GET') continue;
      const at = path.replaceAll(/\{\w+\}/g, ann.id);
      // A body is looked at before the session: what is malformed is refused as such, without a statement.
      const needsBody = hasBody && path !== '/uploads';
      const code = needsBody ? 'invalid' : 'unauthenticated';
      const headers = method === 'PATCH' && path.startsWith('/uploads/') ? PIECE : {};
      assertRefused(
        await world.call(method, at, { headers }),
        needsBody ? 400 : 401,
        code,
        `${method} ${at}`,
      );
    }
    const photos = [{ uploadId: ann.id }];
    assertRefused(await world.call('POST', '/posts', { body: { photos } }), 401, 'unauthenticated');
    assertRefused(await world.call('PATCH', '/me', { body: { name: 'x' } }), 401, 'unauthenticated');
  });
});

test('a session that was ended, or whose time is over, is refused', async () => {
  const { token } = (await signIn({ kind: 'bearer' })).body;
  const call = (method: string, at: string) => world.call(method, at, { token });
  assert.equal((await call('GET', '/me')).status, 200);
  assert.equal((await call('DELETE', '/sessions/current')).status, 204);
  assertRefused(await call('GET', '/me'), 401, 'session_ended');
  assertRefused(await call('DELETE', '/sessions/current'), 401, 'session_ended');

  const old = (await signIn({ kind: 'bearer', deviceName: 'old' })).body.token;
  await world.rows(
    sql`update sessions set expires_at = now() - interval '1 second' where device_name = 'old'`,
  );
  assertRefused(await world.call('GET', '/me', { token: old }), 401, 'session_ended');
});

test("another account's session is not to be ended", async () => {
  const [session] = (await ann.get('/sessions')).items;
  await changesNothing(world, async () => {
    assertRefused(await bob.act('DELETE', `/sessions/${session.id}`), 404, 'not_found');
  });
  assert.equal((await ann.act('GET', '/me')).status, 200);
});

test('the session cookie is kept from scripts and from other sites', async () => {
  const reply = await signIn({ kind: 'web' });
  assert.equal(reply.body.token, null);
  const cookie = reply.headers.get('set-cookie') ?? '';
  assert.match(cookie, /^pinhole_session=[\w-]{46}; /);
  for (const flag of [/; HttpOnly/, /; SameSite=Lax/, /; Path=\//]) assert.match(cookie, flag);
  assert.doesNotMatch(cookie, /Secure|Domain/);
});

test('a request of another site that carries our cookie is refused when it changes something', async () => {
  const cookie = (await signIn({ kind: 'web' })).headers.get('set-cookie')?.split(';')[0] ?? '';
  const me = (headers: Record<string, string>) =>
    world.call('PATCH', '/me', { body: { name: 'Ann' }, headers: { cookie, ...headers } });
  const { host } = new URL(world.base);
  await me({ origin: world.base });
  await changesNothing(world, async () => {
    for (const headers of [
      ...[
        'https://evil.example',
        'null',
        `http://${host}.evil.example`,
        `http://evil.${host}`,
        'http://localhost',
        '',
      ].map((origin) => ({ origin })),
      ...['cross-site', 'same-site', 'nonsense'].map((site) => ({ 'sec-fetch-site': site })),
      { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' },
      { origin: 'https://evil.example', 'x-forwarded-host': 'evil.example' },
    ] as Record<string, string>[]) {
      assertRefused(await me(headers), 403, 'cross_site', JSON.stringify(headers));
      const out = await world.call('DELETE', '/sessions/current', { headers: { cookie, ...headers } });
      assertRefused(out, 403, 'cross_site', JSON.stringify(headers));
      const login = await signIn({}, { ...elsewhere(), ...headers });
      assertRefused(login, 403, 'cross_site', 'signing somebody in from another site');
    }
    const form = { raw: 'name=x', headers: { cookie, 'content-type': 'application/x-www-form-urlencoded' } };
    assertRefused(await world.call('PATCH', '/me', form), 415, 'media_type');
  });
  const foreign = await world.call('GET', '/me', { headers: { cookie, origin: 'https://evil.example' } });
  assert.equal(foreign.headers.get('access-control-allow-origin'), null);
  assert.equal((await me({ origin: world.base })).status, 200);
  assert.equal((await me({})).status, 200);
});

test('a link in a mail serves once, for its purpose, and not after its time', async () => {
  const confirm = linkIn(await world.mailTo('ann@example.org'), 'confirm');
  const use = (at: string, body: Record<string, unknown>) =>
    world.call('POST', at, { body, headers: elsewhere() });
  const reset = (token: string, password = PASSWORD) => use('/password-resets/confirm', { token, password });
  await changesNothing(world, async () => {
    assertRefused(await reset(confirm), 400, 'link_dead', 'a link for another purpose');
    for (const token of [
      'A'.repeat(46),
      'A'.repeat(200),
      '_'.repeat(46),
      ann.token,
      `${confirm}A`,
      '%'.repeat(46),
    ]) {
      assertRefused(await reset(token), 400, 'link_dead', token);
      assertRefused(await use('/email-confirmations', { token }), 400, 'link_dead', token);
    }
  });
  const used = await Promise.all(
    Array.from({ length: 20 }, () => use('/email-confirmations', { token: confirm })),
  );
  assert.equal(used.filter(({ status }) => status === 204).length, 1);
  for (const reply of used) if (reply.status !== 204) assertRefused(reply, 400, 'link_dead');

  const ask = async () => {
    const reply = await world.call('POST', '/password-resets', {
      body: { email: 'ann@example.org' },
      headers: { ...elsewhere(), 'x-forwarded-host': 'evil.example', origin: world.base },
    });
    assert.equal(reply.status, 202);
    await world.settled();
    const mail = await world.mailTo('ann@example.org');
    assert.ok(mail.replaceAll('=\n', '').includes(`${world.base}/reset#`), mail);
    return linkIn(mail, 'reset');
  };
  const [older, newer] = [await ask(), await ask()];
  assert.notEqual(older, newer);
  await changesNothing(world, async () => {
    assertRefused(await reset(older), 400, 'link_dead', 'a link before the newest');
    assertRefused(await use('/email-confirmations', { token: newer }), 400, 'link_dead', 'a reset link');
    assertRefused(await reset(newer, 'password'), 400, 'common_password');
  });
  const { token } = (await signIn({ kind: 'bearer' })).body;
  assert.equal((await reset(newer, 'another good password')).status, 204);
  assertRefused(
    await world.call('GET', '/me', { token }),
    401,
    'session_ended',
    'a session from before the reset',
  );
  await changesNothing(world, async () => {
    assertRefused(await reset(newer), 400, 'link_dead', 'a link that was used');
    assertRefused(await signIn({}), 401, 'wrong_password', 'the password before');
  });
  const late = await ask();
  await world.rows(sql`update mail_tokens set expires_at = now() - interval '1 second'`);
  await changesNothing(world, async () => {
    assertRefused(await reset(late), 400, 'link_dead', 'a link after its time');
  });
});

test('a reset for an address that nobody has is answered like any other, and sends nothing', async () => {
  await changesNothing(world, async () => {
    const body = { email: 'nobody@example.org' };
    const reply = await world.call('POST', '/password-resets', { body, headers: elsewhere() });
    assert.equal(reply.status, 202);
    assert.equal(reply.text, '');
  });
});

test('a second setup is refused, with the right code too', async () => {
  const person = { handle: 'usurper', email: 'usurper@example.org', password: PASSWORD };
  await changesNothing(world, async () => {
    for (const code of [SETUP_CODE, 'x'])
      assertRefused(await world.call('POST', '/setup', { body: { ...person, code } }), 409, 'setup_done');
  });
});

test('behind https the cookie is bound to the host, and to https', async () => {
  const publicUrl = 'https://photos.example.org';
  const secure = await openWorld({ config: { publicUrl }, hasAdmin: false });
  const person = { handle: 'keeper', email: 'keeper@example.org', password: PASSWORD };
  const setUp = (code: string, headers: Record<string, string> = {}) =>
    secure.call('POST', '/setup', { body: { ...person, code }, headers });
  await changesNothing(secure, async () => {
    for (const code of ['x', SETUP_CODE.toLowerCase(), ` ${SETUP_CODE}`, SETUP_CODE.slice(1)])
      assertRefused(await setUp(code), 403, 'wrong_code', code);
    const early = await secure.call('POST', '/accounts', { body: person });
    assertRefused(early, 403, 'needs_admin', 'a sign-up before the setup');
    assertRefused(await setUp(SETUP_CODE, { origin: secure.base }), 403, 'cross_site', 'the plain address');
  });
  const reply = await setUp(SETUP_CODE, { origin: publicUrl });
  assert.equal(reply.status, 201, reply.text);
  const cookie = reply.headers.get('set-cookie') ?? '';
  assert.match(cookie, /^__Host-pinhole_session=[\w-]{46}; /);
  for (const flag of [/; HttpOnly/, /; SameSite=Lax/, /; Path=\//, /; Secure/]) assert.match(cookie, flag);
  assert.doesNotMatch(cookie, /Domain/);
  assert.match(reply.headers.get('strict-transport-security') ?? '', /max-age=\d{6,}/);
});
