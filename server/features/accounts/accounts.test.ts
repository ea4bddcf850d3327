import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Language, languages } from '../../../core/languages.ts';
import { openWorld, PASSWORD, SETUP_CODE, samplePhoto, until } from '../../../test/world.ts';
import { readCatalogue } from '../../../web/i18n/catalogues.ts';
import { sql } from '../../infra/sql.ts';

const world = await openWorld();
const [ann, bob] = await world.accounts('ann', 'bob');
const NEW_PASSWORD = 'a quite different pass phrase';

/** Status and error code of a reply, as one text. */
const outcome = ({ status, body }: { status: number; body: { error?: { code: string } } | null }) =>
  `${status} ${body?.error?.code ?? ''}`.trim();

const signIn = (login: string, password: string) =>
  world.call('POST', '/sessions', { body: { login, password, kind: 'bearer' } });

test('whoever signs up is signed in, and finds what he gave', async () => {
  const body = {
    handle: 'Cleo',
    email: 'Cleo@Example.org',
    password: PASSWORD,
    name: 'Cleo C.',
    kind: 'bearer',
  };
  const reply = await world.call('POST', '/accounts', { body });
  assert.equal(reply.status, 201);
  const me = (await world.call('GET', '/me', { token: reply.body.token })).body;
  assert.deepEqual(me, { ...reply.body.account });
  const { id, ...rest } = me;
  assert.match(id, /^\d+$/);
  assert.deepEqual(rest, {
    handle: 'cleo',
    name: 'Cleo C.',
    isPrivate: false,
    keepsOriginals: false,
    notifications: { likes: true, comments: true, follows: true, mentions: true },
    avatarUrl: null,
    bio: '',
    email: 'cleo@example.org',
    emailConfirmed: false,
    role: 'member',
    language: 'en',
    firstRun: null,
    followerCount: 0,
    followingCount: 0,
    postCount: 0,
    unreadActivity: 0,
  });
});

test('a handle, what looks like it, or an address can be had once', async () => {
  const tries = [
    [{ handle: 'ANN', email: 'new@example.org' }, '409 handle_taken'],
    [{ handle: 'a.nn', email: 'new@example.org' }, '409 handle_taken'],
    [{ handle: 'newcomer', email: 'ANN@example.org' }, '409 email_taken'],
    [{ handle: 'newcomer', email: 'new@example.org' }, '201'],
  ] as const;
  for (const [wish, expected] of tries) {
    const reply = await world.call('POST', '/accounts', { body: { ...wish, password: PASSWORD } });
    assert.equal(outcome(reply), expected);
  }
});

test('of ten who want the same handle at once, one gets it', async () => {
  const replies = await Promise.all(
    Array.from({ length: 10 }, (_, at) =>
      world.call('POST', '/accounts', {
        body: { handle: 'popular', email: `p${at}@example.org`, password: PASSWORD },
      }),
    ),
  );
  assert.deepEqual(replies.map(outcome).sort(), ['201', ...Array(9).fill('409 handle_taken')]);
});

test('one signs in by handle or address, in upper case too, and by nothing else', async () => {
  for (const login of ['ann', 'ANN', '@ann', 'ann@example.org', 'Ann@EXAMPLE.org'])
    assert.equal((await world.signsIn(login)).id, ann.id, login);
  assert.equal(outcome(await signIn('ann', 'not the password')), '401 wrong_password');
  assert.equal(outcome(await signIn('nobody.at.all', PASSWORD)), '401 wrong_password');
});

test('signing out kills the token at once, and no other', async () => {
  const [phone, desk] = [await world.signsIn('ann'), await world.signsIn('ann')];
  await phone.get('/me');
  await phone.must('DELETE', '/sessions/current');
  assert.equal(outcome(await phone.act('GET', '/me')), '401 session_ended');
  assert.equal((await desk.get('/me')).handle, 'ann');
});

test('the web signs in by a cookie that scripts cannot read, and signs out by the same', async () => {
  const reply = await world.call('POST', '/sessions', { body: { login: 'bob', password: PASSWORD } });
  assert.equal(reply.body.token, null);
  const cookie = reply.headers.get('set-cookie') ?? '';
  assert.match(cookie, /^pinhole_session=[^;]+; .*HttpOnly.*SameSite=Lax/i);
  const headers = { cookie: cookie.split(';')[0] ?? '' };
  assert.equal((await world.call('GET', '/me', { headers })).body.handle, 'bob');
  const foreign = { ...headers, origin: 'https://evil.example' };
  assert.equal(
    outcome(await world.call('DELETE', '/sessions/current', { headers: foreign })),
    '403 cross_site',
  );
  assert.equal((await world.call('DELETE', '/sessions/current', { headers })).status, 204);
  assert.equal(outcome(await world.call('GET', '/me', { headers })), '401 unauthenticated');
});

test('sessions are listed with their device, and each can be ended; those of others cannot', async () => {
  const dan = await world.account('dan');
  const reply = await world.call('POST', '/sessions', {
    body: { login: 'dan', password: PASSWORD, kind: 'bearer', deviceName: 'old phone' },
  });
  const phone = reply.body.token;
  const { items } = await dan.get('/sessions');
  assert.equal(items.length, 2);
  const [old] = items.filter((each: { deviceName: string }) => each.deviceName === 'old phone');
  assert.equal(old.isCurrent, false);
  assert.equal(outcome(await bob.act('DELETE', `/sessions/${old.id}`)), '404 not_found');
  await dan.must('DELETE', `/sessions/${old.id}`);
  assert.equal(outcome(await world.call('GET', '/me', { token: phone })), '401 session_ended');
  assert.equal(outcome(await dan.act('DELETE', `/sessions/${old.id}`)), '404 not_found');
  const left = (await dan.get('/sessions')).items;
  assert.deepEqual(
    left.map((each: { isCurrent: boolean }) => each.isCurrent),
    [true],
  );
});

test('a changed password ends all other sessions, and only the new one signs in', async () => {
  const erin = await world.account('erin');
  const other = await world.signsIn('erin');
  await other.get('/me');
  const change = (currentPassword: string, newPassword: string) =>
    erin.act('PUT', '/me/password', { body: { currentPassword, newPassword } });
  assert.equal(outcome(await change('a wrong one', NEW_PASSWORD)), '403 wrong_password');
  assert.equal(outcome(await change(PASSWORD, 'password')), '400 common_password');
  assert.equal((await other.get('/me')).handle, 'erin');
  assert.equal((await change(PASSWORD, NEW_PASSWORD)).status, 204);
  assert.equal((await erin.get('/me')).handle, 'erin');
  assert.equal(outcome(await other.act('GET', '/me')), '401 session_ended');
  assert.equal(outcome(await signIn('erin', PASSWORD)), '401 wrong_password');
  assert.equal((await world.signsIn('erin', NEW_PASSWORD)).id, erin.id);
});

/** The token of the newest link of that kind that was sent to the address. */
async function linkTo(address: string, kind: 'confirm' | 'reset'): Promise<string> {
  return until(async () => {
    const mail = (await world.mailTo(address)).replace(/=\r?\n/g, '').replace(/=3D/g, '=');
    return new RegExp(`${world.app.publicUrl}/${kind}#([\\w-]+)`).exec(mail)?.[1] ?? null;
  }, `a ${kind} link for ${address}`);
}

test('a link in a mail confirms the address, once', async () => {
  const fay = await world.account('fay');
  const token = await linkTo('fay@example.org', 'confirm');
  const confirm = (sent: string) => world.call('POST', '/email-confirmations', { body: { token: sent } });
  assert.equal(outcome(await confirm(`${token.slice(0, -3)}AAA`)), '400 link_dead');
  assert.equal((await confirm(token)).status, 204);
  assert.equal((await fay.get('/me')).emailConfirmed, true);
  assert.equal(outcome(await confirm(token)), '400 link_dead');
});

test('a link in a mail sets a new password once, ends all sessions, and confirms the address', async () => {
  const gus = await world.account('gus');
  await linkTo('gus@example.org', 'confirm');
  const ask = (email: string) => world.call('POST', '/password-resets', { body: { email } });
  assert.equal((await ask('nobody@example.org')).status, 202, 'does not tell who has an account');
  assert.equal((await ask('GUS@example.org')).status, 202);
  const token = await linkTo('gus@example.org', 'reset');
  const reset = (password: string) =>
    world.call('POST', '/password-resets/confirm', { body: { token, password } });
  assert.equal(outcome(await reset('12345678')), '400 common_password');
  assert.equal((await reset(NEW_PASSWORD)).status, 204);
  assert.equal(outcome(await reset('yet another pass phrase')), '400 link_dead');
  assert.equal(outcome(await gus.act('GET', '/me')), '401 session_ended');
  assert.equal(outcome(await signIn('gus', PASSWORD)), '401 wrong_password');
  const back = await world.signsIn('gus@example.org', NEW_PASSWORD);
  assert.equal((await back.get('/me')).emailConfirmed, true);
});

test('a link that was sent later makes the earlier one void, and neither serves for the other purpose', async () => {
  await world.account('hal');
  const confirm = await linkTo('hal@example.org', 'confirm');
  const ask = () => world.call('POST', '/password-resets', { body: { email: 'hal@example.org' } });
  await ask();
  const first = await linkTo('hal@example.org', 'reset');
  await ask();
  const second = await until(async () => {
    const token = await linkTo('hal@example.org', 'reset');
    return token === first ? null : token;
  }, 'a second link');
  const reset = (token: string) =>
    world.call('POST', '/password-resets/confirm', { body: { token, password: NEW_PASSWORD } });
  assert.equal(outcome(await reset(first)), '400 link_dead');
  assert.equal(outcome(await reset(confirm)), '400 link_dead');
  assert.equal((await reset(second)).status, 204);
});

/** The newest mail with such a link: its language as it says so, and its words. */
async function mailWith(kind: 'confirm' | 'reset', address: string) {
  return until(async () => {
    const [head = '', body = ''] = (await world.mailTo(address)).split(/\r?\n\r?\n([\s\S]*)/);
    const isBase64 = /^content-transfer-encoding: base64/im.test(head);
    const text = isBase64 ? Buffer.from(body, 'base64').toString() : fromQuotedPrintable(body);
    const language = /^content-language: (\S+)/im.exec(head)?.[1];
    return text.includes(`/${kind}#`) ? { language, text, subject: /^subject: .*/im.exec(head)?.[0] } : null;
  }, `a ${kind} mail to ${address}`);
}

function fromQuotedPrintable(text: string): string {
  const bytes = text
    .replace(/=\r?\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString();
}

test('mails come in the language of their receiver: as he signed up, until he chooses another', async () => {
  const wishes: [Language, Record<string, string>][] = [
    ['en', {}],
    ['de', { 'accept-language': 'de-AT,de;q=0.9,en;q=0.5' }],
    ['pt-BR', { 'accept-language': 'pt-PT' }],
    ['ar', { 'accept-language': 'de', cookie: 'language=ar' }],
  ];
  assert.deepEqual(
    wishes.map(([language]) => language).sort(),
    languages.toSorted(),
    'none of the languages is left out',
  );
  const subjects = new Set<string | undefined>();
  for (const [language, headers] of wishes) {
    const handle = `reader_${language.slice(0, 2)}`;
    const address = `${handle}@example.org`;
    const body = { handle, email: address, password: PASSWORD, kind: 'bearer' };
    const reply = await world.call('POST', '/accounts', { body, headers });
    assert.equal(reply.body.account.language, language);
    const words = await readCatalogue(language, 'server');
    const mail = await mailWith('confirm', address);
    assert.equal(mail.language, language);
    for (const paragraph of [words.confirmText, words.confirmEnd])
      assert.ok(mail.text.includes(paragraph ?? 'none'), mail.text);
    assert.match(mail.text, /^http\S+#[\w-]+$/m, 'nothing clings to the link');
    subjects.add(mail.subject);
  }
  assert.equal(subjects.size, languages.length);

  const reader = await world.signsIn('reader_ar');
  const asks = (headers: Record<string, string>) =>
    world.call('POST', '/password-resets', { body: { email: 'reader_ar@example.org' }, headers });
  assert.equal((await reader.edits({ language: 'de' })).body.language, 'de');
  await asks({ 'accept-language': 'en' });
  assert.equal((await mailWith('reset', 'reader_ar@example.org')).language, 'de');
  assert.equal(outcome(await reader.act('PATCH', '/me', { body: { language: 'fr' } })), '400 invalid');

  // An account that is older than this.
  await world.rows(sql`update accounts set language = null where account_id = ${reader.id}`);
  assert.equal((await reader.get('/me')).language, null);
  await asks({ 'accept-language': 'pt' });
  await until(
    async () => ((await mailWith('reset', 'reader_ar@example.org')).language === 'pt-BR' ? true : null),
    'a mail in the language of who asks',
  );
});

test('how far the first steps have come is known on every device', async () => {
  const nia = await world.account('nia');
  assert.equal((await nia.get('/me')).firstRun, null);
  await nia.edits({ firstRun: 'offered' });
  const second = await world.signsIn('nia');
  assert.equal((await second.get('/me')).firstRun, 'offered');
  await second.edits({ firstRun: 'done' });
  await nia.edits({ bio: 'of something else' });
  assert.equal((await nia.get('/me')).firstRun, 'done');
});

test('name and bio are edited one by one, and found by search', async () => {
  const ida = await world.account('ida');
  await ida.edits({ name: 'Ida Übermut' });
  await ida.edits({ bio: 'pictures of\nharbours' });
  const seen = await bob.get('/handles/IDA');
  assert.deepEqual([seen.id, seen.name, seen.bio], [ida.id, 'Ida Übermut', 'pictures of\nharbours']);
  await world.settled();
  const found = await bob.get(`/search?q=${encodeURIComponent('IDA ÜBER')}`);
  assert.deepEqual(
    found.accounts.map((account: { id: string }) => account.id),
    [ida.id],
  );
});

test('an avatar is shown, replaced with its files, and removed with its files', async () => {
  const setAvatar = async () => {
    const uploadId = await bob.uploads(samplePhoto);
    return (await bob.must('PUT', '/me/avatar', { body: { uploadId } })).body.avatarUrl as string;
  };
  const filesOf = async (url: string) => {
    await world.settled();
    const mediaId = url.split('/').at(-3) ?? '';
    return (await world.files()).filter((file) => file.includes(mediaId)).length;
  };
  const first = await setAvatar();
  assert.equal((await world.call('GET', first)).headers.get('content-type'), 'image/jpeg');
  const profile = await ann.get('/handles/bob');
  assert.equal(profile.avatarUrl, first);
  assert.equal((await world.call('GET', profile.avatarLargeUrl)).status, 200);
  assert.equal(await filesOf(first), 4, 'the original and three squares');

  const second = await setAvatar();
  assert.notEqual(second, first);
  assert.equal(await filesOf(first), 0);
  assert.equal((await world.call('GET', first)).status, 404);
  assert.equal((await world.call('GET', second)).status, 200);

  assert.equal((await bob.must('DELETE', '/me/avatar')).body.avatarUrl, null);
  assert.equal(await filesOf(second), 0);
  assert.equal((await world.call('GET', second)).status, 404);
  assert.equal((await ann.get('/handles/bob')).avatarLargeUrl, null);
});

test('an avatar whose bytes went bad on our disk is refused, and leaves the one before', async () => {
  const uploadId = await ann.uploads(samplePhoto);
  await world.app.storage.put(`originals/${uploadId.slice(-2)}/${uploadId}`, Buffer.from('not a photo'));
  const reply = await ann.act('PUT', '/me/avatar', { body: { uploadId } });
  assert.equal(reply.status, 422, reply.text);
  assert.equal((await ann.get('/me')).avatarUrl, null);
  assert.deepEqual(
    (await world.files()).filter((file) => file.includes(uploadId)),
    [],
  );
});

test('the first account needs the code of the terminal; of two set-ups at once one makes the admin', async () => {
  const empty = await openWorld({ hasAdmin: false });
  const body = (handle: string, code = SETUP_CODE) => ({
    body: { code, handle, email: `${handle}@example.org`, password: PASSWORD, kind: 'bearer' },
  });
  const { code: _, ...signUp } = body('early').body;
  assert.equal(outcome(await empty.call('POST', '/accounts', { body: signUp })), '403 needs_admin');
  assert.equal(outcome(await empty.call('POST', '/setup', body('thief', 'GUESS'))), '403 wrong_code');
  assert.equal((await empty.call('GET', '/setup')).body.needsAdmin, true);

  const replies = await Promise.all(
    ['keeper', 'warden'].map((handle) => empty.call('POST', '/setup', body(handle))),
  );
  assert.deepEqual(replies.map(outcome).sort(), ['201', '409 setup_done']);
  assert.equal((await empty.call('GET', '/setup')).body.needsAdmin, false);
  const winner = replies.find(({ status }) => status === 201)?.body;
  assert.equal(winner.account.role, 'admin');
  const loser = winner.account.handle === 'keeper' ? 'warden' : 'keeper';
  assert.equal((await empty.call('GET', `/handles/${loser}`)).status, 404);
  await empty.settled();
  const again = await empty.account(loser);
  assert.equal((await again.get('/me')).role, 'member', 'the name of the other is free, and no admin');
  assert.equal(outcome(await empty.call('POST', '/setup', body('third'))), '409 setup_done');
});
