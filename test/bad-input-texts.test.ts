import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertRefused, changesNothing } from './bad-input.ts';
import { openWorld, PASSWORD } from './world.ts';

const world = await openWorld();
const ann = await world.account('ann.lee');
const post = await ann.posts('a pier');
const uploadId = await ann.uploads(await pixel());
for (const handle of ['amie', 'will_bo', 'sil0']) await world.account(handle);
await world.settled();

async function pixel() {
  const { default: sharp } = await import('sharp');
  return new Uint8Array(
    await sharp({ create: { width: 8, height: 8, channels: 3, background: '#c85028' } })
      .png()
      .toBuffer(),
  );
}

const signsUp = (wish: Record<string, unknown>) =>
  world.call('POST', '/accounts', {
    body: { handle: 'newcomer', email: 'newcomer@example.org', password: PASSWORD, kind: 'bearer', ...wish },
  });

test('a handle that equals a taken one, or looks like it, is refused', async () => {
  await changesNothing(world, async () => {
    for (const handle of [
      ...[
        'ann.lee',
        'ANN.LEE',
        'Ann.Lee',
        'annlee',
        'ann_lee',
        'a.n.n.lee',
        'ann.lee_',
        'ann.1ee',
        'ann.Iee',
      ],
      ...[
        'arnie',
        'AMIE',
        'am1e',
        'amle',
        'vvill.bo',
        'wi11bo',
        'w1ll_b0',
        'WILL_BO',
        'silo',
        '5ilo',
        's1l0',
        'the_keeper',
      ],
    ])
      assertRefused(await signsUp({ handle }), 409, 'handle_taken', handle);
  });
});

test('a handle that is reserved, or looks like a reserved one, is refused', async () => {
  await changesNothing(world, async () => {
    for (const handle of [
      ...[
        'admin',
        'ADMIN',
        'Admin',
        'adm1n',
        'a.d.m.i.n',
        'ad_min',
        'adrnin',
        'root',
        'r00t',
        'pinhole',
        'p1nhole',
      ],
      ...[
        'pinh0le',
        'api',
        'ap1',
        'support',
        '5upport',
        'official',
        '0fficia1',
        'settings',
        'me',
        'vvebmaster',
        'null',
      ],
    ]) {
      const reply = await signsUp({ handle });
      assertRefused(reply, 400, 'invalid', handle);
      assert.match(reply.body.error.message, /reserved/, handle);
    }
  });
});

test('a handle of other letters than a to z, digits, dots and underscores is refused', async () => {
  await changesNothing(world, async () => {
    for (const handle of [
      ...[
        'а'.repeat(3),
        'раураl',
        'аnn',
        'ａｎｎａ',
        'ⓐnna',
        '𝐚𝐧𝐧𝐚',
        'ánna',
        'straße',
        'ﬁlip',
        '\u212Aate',
        '\u017Fam',
      ],
      ...[
        'anna\u200b',
        '\u200banna',
        'an\u200dna',
        'an\u00adna',
        '\ufeffanna',
        '\u202eanna',
        'anna\ufe0f',
        'an\u0301na',
      ],
      ...[
        'an na',
        ' anna',
        'anna ',
        'an\tna',
        'an\nna',
        'an\u00a0na',
        '@anna',
        '#anna',
        'an-na',
        'an/na',
        'an%na',
        'ан',
      ],
      ...[
        '.anna',
        'anna.',
        'an..na',
        '_anna',
        '..',
        '__',
        'a',
        'x'.repeat(31),
        'x'.repeat(64),
        'x'.repeat(10_000),
        '',
      ],
      ...['📷📷', '<b>anna</b>', "anna'--", 'anna\\', 'null\u0000', 'İnci', 'ıann'],
    ])
      assertRefused(await signsUp({ handle }), 400, 'invalid', JSON.stringify(handle).slice(0, 50));
  });
});

test('an address that is taken in any case, or is none, is refused', async () => {
  await changesNothing(world, async () => {
    for (const email of ['ann.lee@example.org', 'ANN.LEE@EXAMPLE.ORG'])
      assertRefused(await signsUp({ email }), 409, 'email_taken', email);
    for (const email of [
      ...[
        'x',
        '@',
        'a@',
        '@b.org',
        'a@b',
        'a b@example.org',
        'a@example.org, b@example.org',
        'a@@example.org',
      ],
      ...[
        'a@example.org\r\nBcc: b@example.org',
        '<a@example.org>',
        'a@example.org\u0000',
        `${'a'.repeat(250)}@b.org`,
      ],
      ...['a@-example.org', 'a@[127.0.0.1]', '"a"@example.org', 'а@еxample.org'],
    ]) {
      assertRefused(await signsUp({ email }), 400, 'invalid', email);
      assertRefused(await world.call('POST', '/password-resets', { body: { email } }), 400, 'invalid', email);
    }
  });
});

test('a password that is short, long, common or has NUL in it is refused, wherever one is set', async () => {
  const token = 'A'.repeat(46);
  await changesNothing(world, async () => {
    for (const [password, code] of [
      ...['', '1', 'seven77', 'x'.repeat(129), 'é'.repeat(200), 'x'.repeat(4_000)].map((text) => [
        text,
        'invalid',
      ]),
      ...['long enough\u0000', '\u0000'.repeat(9), 'long enough \ud800'].map((text) => [text, 'invalid']),
      ...['password', 'PASSWORD', '12345678', 'qwertyuiop', 'iloveyou', 'football'].map((text) => [
        text,
        'common_password',
      ]),
    ] as [string, string][]) {
      assertRefused(await signsUp({ password }), 400, code, `sign-up with ${password.slice(0, 20)}`);
      const body = { currentPassword: PASSWORD, newPassword: password };
      if (code === 'invalid') assertRefused(await ann.act('PUT', '/me/password', { body }), 400, code);
      if (code === 'invalid')
        assertRefused(
          await world.call('POST', '/password-resets/confirm', { body: { token, password } }),
          400,
          code,
        );
    }
    assertRefused(await signsUp({ password: 'x'.repeat(1_000_000) }), 413, 'body_too_large');
    const body = { currentPassword: PASSWORD, newPassword: 'password' };
    assertRefused(await ann.act('PUT', '/me/password', { body }), 400, 'common_password');
    const wrong = { currentPassword: 'not the password', newPassword: 'a good new password' };
    assertRefused(await ann.act('PUT', '/me/password', { body: wrong }), 403, 'wrong_password');
    assertRefused(
      await ann.act('DELETE', '/me', { body: { password: 'not the password' } }),
      403,
      'wrong_password',
    );
  });
});

test('a password of 128 characters counts to its last', async () => {
  const password = `${'x'.repeat(127)}1`;
  assert.equal((await signsUp({ handle: 'long.one', email: 'long@example.org', password })).status, 201);
  for (const wrong of ['x'.repeat(127), `${'x'.repeat(127)}2`])
    assertRefused(
      await world.call('POST', '/sessions', { body: { login: 'long.one', password: wrong } }),
      401,
      'wrong_password',
    );
  const right = await world.call('POST', '/sessions', { body: { login: 'long.one', password } });
  assert.equal(right.status, 201);
});

const many = (mark: string, count: number) =>
  Array.from({ length: count }, (_, at) => `${mark}${mark === '#' ? 'tag' : 'user'}${at}`).join(' ');

test('a caption, alt text or comment that is too long or has too many tags is refused', async () => {
  const photo = { uploadId, altText: '' };
  const posts: [string, Record<string, unknown>][] = [
    ['2,201 characters', { caption: 'x'.repeat(2_201) }],
    ['100,000 characters', { caption: '@#a'.repeat(33_000) }],
    ['2,200 characters that are more in NFC', { caption: '\u0958'.repeat(2_200) }],
    ['31 hashtags', { caption: many('#', 31) }],
    ['21 mentions', { caption: many('@', 21) }],
    ['an alt text of 1,001 characters', { photos: [{ ...photo, altText: 'x'.repeat(1_001) }] }],
  ];
  const comments: [string, string][] = [
    ['nothing', ''],
    ['spaces', ' \n\t\u00a0\u3000 '],
    ['1,001 characters', 'x'.repeat(1_001)],
    ['31 hashtags', many('#', 31)],
    ['21 mentions', many('@', 21)],
  ];
  await changesNothing(world, async () => {
    for (const [what, body] of posts)
      assertRefused(
        await ann.act('POST', '/posts', { body: { photos: [photo], ...body } }),
        400,
        'invalid',
        what,
      );
    for (const [what, text] of comments)
      assertRefused(
        await ann.act('POST', `/posts/${post.id}/comments`, { body: { text } }),
        400,
        'invalid',
        `a comment of ${what}`,
      );
    for (const body of [{ name: 'x'.repeat(61) }, { bio: 'x'.repeat(501) }, { name: 'x'.repeat(200_000) }])
      assertRefused(await ann.act('PATCH', '/me', { body }), 400, 'invalid');
    for (const query of ['', 'q=', 'q=%20', `q=${'x'.repeat(61)}`, 'q=a&q=b'])
      assertRefused(await ann.act('GET', `/search?${query}`), 400, 'invalid', query);
  });
});

test('what is just within the limits is taken', async () => {
  const caption = `${many('#', 30)} ${many('@', 20)} `.padEnd(2_200, 'x');
  const { body } = await ann.must('POST', '/posts', {
    body: { caption, photos: [{ uploadId, altText: 'x'.repeat(1_000) }] },
  });
  assert.equal(body.caption, caption);
  await ann.comments(post, 'x'.repeat(1_000));
  await ann.must('PATCH', '/me', {
    body: { name: '📷'.repeat(30), bio: '\u202e<b>’ OR 1=1 --'.padEnd(500, 'y') },
  });
});

test('HTML in a name and a caption is kept as it is, and is only text in the head of a page', async () => {
  const evil = `</title><script>alert(1)</script><img src=x onerror="alert(2)">'&$&$1`;
  const zoe = await world.account('zoe', { name: evil.slice(0, 60) });
  await zoe.must('PATCH', '/me', { body: { bio: evil } });
  const shown = await zoe.posts(evil);
  assert.equal((await ann.get('/handles/zoe')).bio, evil);
  assert.equal((await ann.get('/handles/zoe')).name, evil.slice(0, 60));
  assert.equal((await ann.get(`/posts/${shown.id}`)).caption, evil);
  for (const at of ['/@zoe', '/@ZOE', `/p/${shown.id}`, '/@zoe?x=<script>', '/<script>alert(3)</script>']) {
    const reply = await fetch(world.base + at);
    const page = await reply.text();
    assert.equal(reply.status, 200, at);
    assert.match(reply.headers.get('content-type') ?? '', /^text\/html/);
    const head = page.slice(0, page.indexOf('</head>'));
    assert.equal(head.split('</title>').length, 2, head);
    assert.doesNotMatch(page, /<script>alert|<img src=x|onerror="/, at);
    assert.equal(page.split('<div id="root">').length, 2, at);
    if (/zoe/i.test(at) || at.startsWith('/p/')) assert.match(head, /&#60;script&#62;alert/, at);
  }
});
