import assert from 'node:assert/strict';
import { createPublicKey, createSecretKey, generateKeyPairSync, type KeyObject, verify } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import type { AccountId, MediaId } from '../../core/ids.ts';
import { ConfigFault, readConfig } from '../config.ts';
import { photoUrls } from '../features/media/addresses.ts';
import type { App } from './app.ts';
import { openCloudFront } from './cloudfront.ts';

const BASE = 'https://d111111abcdef8.cloudfront.net';
const STEP_MS = 300_000;

const folder = mkdtempSync(path.join(tmpdir(), 'pinhole-test-cloudfront-'));
after(() => rmSync(folder, { recursive: true }));

function fileOf(name: string, text: string | Buffer): string {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
}

const pem = (key: KeyObject, passphrase?: string) =>
  key.export({ type: 'pkcs8', format: 'pem', ...(passphrase ? { cipher: 'aes-256-cbc', passphrase } : {}) });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const keyFile = fileOf('rsa.pem', pem(rsa.privateKey));

/** What CloudFront reads out of an address: in its base64, - _ ~ stand for + = /. */
function readAddress(url: string) {
  const [, query = ''] = url.split('?');
  // Split by hand, as it must be readable without any unescaping.
  const values = new Map(query.split('&').map((each) => each.split('=') as [string, string]));
  assert.deepEqual([...values.keys()], ['Policy', 'Signature', 'Key-Pair-Id']);
  for (const value of values.values()) assert.match(value, /^[A-Za-z0-9_~-]+$/);
  const bytes = (name: string) =>
    Buffer.from(
      (values.get(name) ?? '').replace(/[-_~]/g, (at) => ({ '-': '+', _: '=', '~': '/' })[at] ?? ''),
      'base64',
    );
  const policy = bytes('Policy').toString();
  const { Statement: statements } = JSON.parse(policy);
  assert.equal(statements.length, 1);
  return {
    policy,
    signature: bytes('Signature'),
    keyPairId: values.get('Key-Pair-Id'),
    resource: statements[0].Resource as string,
    expires: statements[0].Condition.DateLessThan['AWS:EpochTime'] as number,
  };
}

/** As CloudFront compares: * is anything, ? is one character. */
function covers(resource: string, url: string): boolean {
  const pattern = resource
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('?', '.')
    .replaceAll('*', '.*');
  return new RegExp(`^${pattern}$`).test(url);
}

const account = '4467570830351532032' as AccountId;
const media = '4467570830351532077' as MediaId;
const photo = { accountId: account, mediaId: media, revision: 0, shelf: 'private', isPrivate: true } as const;

/** The parts of an App that make an address, at an hour. */
function keyringAt(nowMs: number, cloudFront = openCloudFront(BASE, 'K2JCJMDEHXQW5F', keyFile)) {
  return {
    addressKey: createSecretKey(Buffer.alloc(32, 7)),
    clock: { nowMs: () => nowMs },
    config: { ...readConfig({}), mediaUrl: BASE },
    linkSecret: 'unused',
    cloudFront,
  } satisfies Pick<App, 'addressKey' | 'clock' | 'config' | 'linkSecret' | 'cloudFront'>;
}

test('the permission is signed so that CloudFront can check it with the public key', () => {
  const url = photoUrls(keyringAt(1_000 * STEP_MS), photo)('w1080');
  const { policy, signature, keyPairId } = readAddress(url);
  assert.equal(keyPairId, 'K2JCJMDEHXQW5F');
  const publicKey = createPublicKey(rsa.publicKey.export({ type: 'spki', format: 'pem' }));
  assert.ok(verify('sha1', Buffer.from(policy), publicKey, signature));
  assert.ok(!verify('sha1', Buffer.from(policy.replace(account, '1')), publicKey, signature));
  assert.ok(!/\s/.test(policy), 'no white space: CloudFront has the policy signed without');
});

test('it is good for the private folder of this account, and for nothing else', () => {
  const url = photoUrls(keyringAt(0), photo)('w1080');
  const { resource } = readAddress(url);
  const [bare = ''] = url.split('?');
  assert.ok(bare.startsWith(`${BASE}/private/${account.slice(-2)}/${account}/${media}/`));
  assert.ok(covers(resource, bare));
  assert.ok(
    covers(resource, bare.replace('w1080', 'w320').replace(media, '12')),
    'all photos of the account',
  );
  for (const other of [
    bare.replace('/private/', '/public/'),
    bare.replace(BASE, 'https://elsewhere.example.org'),
    bare.replace(account, '4467570830351532132'),
    bare.replace(account, `${account}0`),
    bare.replace(`/${account}/`, '/'),
    `${BASE}/originals/${media.slice(-2)}/${media}`,
    `${BASE}/kept/${media.slice(-2)}/${media}`,
  ])
    assert.ok(!covers(resource, other), other);
});

test('it lasts from 5 to 10 minutes, and is the same for the whole account until the next step', () => {
  const cloudFront = openCloudFront(BASE, 'K2JCJMDEHXQW5F', keyFile);
  const start = 5_000_000 * STEP_MS;
  const at = (nowMs: number, name = 'w1080', mediaId = media, accountId = account) =>
    photoUrls(keyringAt(nowMs, cloudFront), { ...photo, mediaId, accountId })(name);
  const query = (url: string) => url.slice(url.indexOf('?'));
  for (const nowMs of [start, start + 1, start + STEP_MS - 1]) {
    const { expires } = readAddress(at(nowMs));
    assert.equal(expires * 1_000, start + 2 * STEP_MS);
    assert.equal(at(nowMs), at(start), 'so that a browser finds it in its cache');
  }
  assert.equal(query(at(start, 's150', '77' as MediaId)), query(at(start)));
  assert.notEqual(query(at(start + STEP_MS)), query(at(start)));
  assert.notEqual(query(at(start, 'w1080', media, '4467570830351532132' as AccountId)), query(at(start)));
});

test('one signature is made for an account and a step, however many photos are shown', () => {
  // An ECDSA signature of the same text is another one each time: equal ones were made once.
  const ec = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const cloudFront = openCloudFront(BASE, 'K1', fileOf('ec.pem', pem(ec.privateKey)));
  const made = Array.from({ length: 20 }, (_, at) =>
    photoUrls(keyringAt(at * 1_000, cloudFront), { ...photo, mediaId: `${at}` as MediaId })('w640'),
  );
  assert.equal(new Set(made.map((url) => url.split('?')[1])).size, 1);
  assert.equal(new Set(made.map((url) => url.split('?')[0])).size, 20);
  const another = openCloudFront(BASE, 'K1', fileOf('ec.pem', pem(ec.privateKey)));
  assert.notEqual(another.permission('private/1', 0), cloudFront.permission('private/1', 0));
});

test('a photo that everybody may see, and an avatar, carry no permission', () => {
  const url = photoUrls(keyringAt(0), { ...photo, shelf: 'public', isPrivate: false })('w1080');
  assert.ok(!url.includes('?') && url.startsWith(`${BASE}/public/`));
});

test('what is wrong with the key is said in a sentence, at start', () => {
  const ed25519 = generateKeyPairSync('ed25519');
  for (const [file, says] of [
    [path.join(folder, 'absent.pem'), /absent\.pem cannot be read \(ENOENT\)/],
    [folder, /cannot be read \(EISDIR\)/],
    [fileOf('text.pem', 'not a key'), /is not a private key in PEM form/],
    [fileOf('empty.pem', ''), /is not a private key in PEM form/],
    [fileOf('half.pem', String(pem(rsa.privateKey)).slice(0, 400)), /is not a private key in PEM form/],
    [
      fileOf('public.pem', rsa.publicKey.export({ type: 'spki', format: 'pem' })),
      /is not a private key in PEM form/,
    ],
    [fileOf('locked.pem', pem(rsa.privateKey, 'secret')), /is locked with a passphrase/],
    [fileOf('ed25519.pem', pem(ed25519.privateKey)), /type ed25519/],
  ] as const)
    assert.throws(
      () => openCloudFront(BASE, 'K1', file),
      (error: Error) => error instanceof ConfigFault && says.test(error.message),
      String(says),
    );
});

test('a key pair without the address of photos, or without its key, is a fault of the settings', () => {
  const whole = {
    PINHOLE_CLOUDFRONT_KEY_PAIR: 'K1',
    PINHOLE_CLOUDFRONT_KEY_FILE: keyFile,
    PINHOLE_MEDIA_URL: BASE,
  };
  assert.equal(readConfig(whole).cloudFrontKeyPair, 'K1');
  for (const missing of ['PINHOLE_CLOUDFRONT_KEY_FILE', 'PINHOLE_MEDIA_URL'] as const)
    assert.throws(
      () => readConfig({ ...whole, [missing]: undefined }),
      (error: Error) => error instanceof ConfigFault && error.message.includes(missing),
      missing,
    );
});
