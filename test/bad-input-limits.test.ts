import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { assertRefused, changesNothing } from './bad-input.ts';
import { openWorld, PASSWORD, type Reply } from './world.ts';

const open = await openWorld({ config: { signUpsPerHour: 3, postsPerHour: 2 } });
const proxied = await openWorld({ config: { proxies: 1, signUpsPerHour: 2 } });

function assertLimited(reply: Reply, what = ''): void {
  assertRefused(reply, 429, 'limited', what);
  const seconds = Number(reply.headers.get('retry-after'));
  assert.ok(
    Number.isInteger(seconds) && seconds > 0 && seconds <= 3_600,
    `${what}: retry after ${seconds} s`,
  );
}

const signUp = (world: typeof open, handle: string, headers: Record<string, string> = {}) =>
  world.call('POST', '/accounts', {
    body: { handle, email: `${handle}@example.org`, password: PASSWORD, kind: 'bearer' },
    headers,
  });
const signIn = (world: typeof open, login: string, password: string, headers: Record<string, string> = {}) =>
  world.call('POST', '/sessions', { body: { login, password }, headers });
const from = (...addresses: string[]) => ({ 'x-forwarded-for': addresses.join(', ') });

test('sign-ups from one address are limited, whatever address the sender makes up', async () => {
  for (const handle of ['ann', 'bob', 'carol']) assert.equal((await signUp(open, handle)).status, 201);
  await changesNothing(open, async () => {
    for (const [header, value] of [
      ...['x-forwarded-for', 'x-real-ip', 'forwarded', 'cf-connecting-ip', 'true-client-ip'].map((name) => [
        name,
        '192.0.2.1',
      ]),
      ['x-forwarded-for', '192.0.2.1, 192.0.2.2'],
      ['x-forwarded-for', '::1'],
    ] as [string, string][])
      assertLimited(await signUp(open, 'dora', { [header]: value }), `${header}: ${value}`);
  });
});

test('posts of one account are limited', async () => {
  const eve = await proxied.account('eve');
  const ann = await signInAs('ann');
  const pixels = sharp({ create: { width: 8, height: 8, channels: 3, background: '#c85028' } });
  const small = new Uint8Array(await pixels.png().toBuffer());
  const publish = async (uploadId: string) => ann('POST', '/posts', { body: { photos: [{ uploadId }] } });
  const upload = async () => {
    const { url, uploadId } = (await ann('POST', '/uploads', {})).body;
    assert.equal((await ann('PUT', url, { raw: small })).status, 200);
    return uploadId;
  };
  for (let each = 0; each < 2; each++) assert.equal((await publish(await upload())).status, 201);
  const uploadId = await upload();
  await changesNothing(open, async () => assertLimited(await publish(uploadId)));
  assert.ok(eve.id);
});

async function signInAs(handle: string) {
  const body = { login: handle, password: PASSWORD, kind: 'bearer' };
  const { token } = (await open.call('POST', '/sessions', { body })).body;
  return (method: string, at: string, more: object) => open.call(method, at, { token, ...more });
}

test('guessing one password is limited, and does not lock its owner out', async () => {
  await changesNothing(proxied, async () => {
    const guesses = await Promise.all(
      Array.from({ length: 50 }, (_, at) =>
        signIn(proxied, at % 2 ? 'eve' : 'EVE', `guess ${at}`, from('192.0.2.50')),
      ),
    );
    assert.equal(guesses.filter(({ status }) => status === 401).length, 10);
    for (const reply of guesses) if (reply.status !== 401) assertLimited(reply);
    assertLimited(await signIn(proxied, 'eve', PASSWORD, from('192.0.2.50')), 'the right password as well');
    // The last address is the one that our proxy saw; what stands before it is the sender's own tale.
    assertLimited(await signIn(proxied, 'eve', 'guess', from('198.51.100.7', '192.0.2.50')));
    assertLimited(await signIn(proxied, 'eve', 'guess', from('eve', '', '192.0.2.50')));
  });
  assert.equal((await signIn(proxied, 'eve', PASSWORD, from('192.0.2.51'))).status, 201);
});

test('guessing one password for many names is limited by the address, an IPv6 one by its /64', async () => {
  const tries = async (address: (at: number) => string) => {
    const replies: Reply[] = [];
    for (let at = 0; at < 104; at++)
      replies.push(await signIn(proxied, `name${at}`, 'guess', from(address(at))));
    assert.equal(replies.filter(({ status }) => status === 401).length, 100);
    for (const reply of replies.slice(100)) assertLimited(reply);
  };
  await tries(() => '192.0.2.60');
  await tries((at) => `2001:db8:0:1:${at.toString(16)}::1`);
  assert.equal((await signIn(proxied, 'eve', PASSWORD, from('2001:db8:0:2::1'))).status, 201);
});

test('wrong codes at /setup, and mails to one address, are limited', async () => {
  const body = { handle: 'usurper', email: 'usurper@example.org', password: PASSWORD, code: 'x' };
  const setUp = () => proxied.call('POST', '/setup', { body, headers: from('192.0.2.70') });
  for (let each = 0; each < 10; each++) assertRefused(await setUp(), 409, 'setup_done');
  assertLimited(await setUp());
  const ask = (at: number, email: string) =>
    proxied.call('POST', '/password-resets', { body: { email }, headers: from(`192.0.2.${80 + at}`) });
  for (let each = 0; each < 5; each++) assert.equal((await ask(each, 'eve@example.org')).status, 202);
  assertLimited(await ask(6, 'EVE@example.org'));
  for (let each = 0; each < 5; each++) assert.equal((await ask(each, 'nobody@example.org')).status, 202);
  assertLimited(await ask(6, 'nobody@example.org'), 'the same for an address that nobody has');
});
