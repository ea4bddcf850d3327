import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertRefused, changesNothing, operationsOf, refusalOf, statementCount } from './bad-input.ts';
import { openWorld, until } from './world.ts';

const world = await openWorld();
const [ann, bob, carol] = await world.accounts('ann', 'bob', 'carol');
const operations = await operationsOf(world);
const [first, second] = [await ann.posts('one #pier'), await ann.posts('two #pier')];
for (const fan of [bob, carol]) {
  await fan.follows(ann);
  await fan.likes(first);
  await ann.follows(fan);
  await bob.comments(first, `hello from ${fan.handle}`);
}
await world.settled();
const [comment] = (await ann.get(`/posts/${first.id}/comments`)).items;
for (const fan of [bob, carol]) {
  await fan.likesComment(comment);
  await fan.replies(comment, 'hello back');
}
await world.settled();
const [session] = (await ann.get('/sessions')).items;
const mediaId = first.photos[0]?.mediaId ?? '';
const draft = (await ann.must('POST', '/drafts', { body: { content: { caption: 'not yet' } } })).body;

const idAt = (ms: number) => String((BigInt(ms - Date.UTC(2010, 0, 1)) << 23n) | 77n);
const DAY_MS = 86_400_000;
const impossibleIds = [
  ...['0', '-1', '-0', '+1', '01', '1', '8388607', '1.0', '1e3', '1e18', '0x1', '0b1', '1n', '1_000'],
  ...['9223372036854775807', '9223372036854775808', '18446744073709551616', '9'.repeat(250)],
  ...['%201', '1%20', '%0a1', '1%0a', '%00', '1%00', '%EF%BC%91', '%D9%A1', '%E2%80%8B1', '%F0%9F%93%B7'],
  ...[
    '[]',
    '[1]',
    '1,2',
    '{}',
    'null',
    'undefined',
    'true',
    'NaN',
    'Infinity',
    'ann',
    '@ann',
    "1'--",
    '..%2f..',
  ],
  `${first.id}0`,
  ` ${first.id}`.replace(' ', '%20'),
  `${first.id},${second.id}`,
  idAt(Date.now() + 4 * DAY_MS),
  idAt(Date.UTC(2079, 0, 1)),
];

const PIECE = {
  'tus-resumable': '1.0.0',
  'upload-offset': '0',
  'content-type': 'application/offset+octet-stream',
};
const bodyFor = (method: string, at: string) => {
  if (method === 'PATCH' && at.startsWith('/posts/')) return { body: { caption: 'x' } };
  if (at.endsWith('/schedule')) return { body: { publishAt: new Date(Date.now() + DAY_MS).toISOString() } };
  if (method === 'PUT' && at.startsWith('/drafts/')) return { body: { content: {}, version: 1 } };
  if (at.startsWith('/uploads/') && method === 'PUT') return { raw: 'x' };
  if (method === 'PATCH') return { raw: 'x', headers: PIECE };
  if (method === 'PUT' && at.includes('/photos/'))
    return { body: at.endsWith('/edits') ? {} : { uploadId: mediaId } };
  return method === 'POST' && !at.startsWith('/uploads/') ? { body: { text: 'x' } } : {};
};

test('an ID that cannot be is refused by every route, and costs no statement', async () => {
  const routes = operations.filter(({ path }) => path.includes('{'));
  const withIds = routes.filter(({ path }) => /\{\w+Id\}/.test(path));
  assert.ok(withIds.length >= 22, `${withIds.length} routes`);
  await changesNothing(world, async () => {
    const before = statementCount(world);
    for (const { method, path } of withIds)
      for (const id of impossibleIds) {
        const at = path.replace(/\{\w+\}/, id);
        assertRefused(await world.call(method, at), 400, 'invalid', `${method} ${at}`);
      }
    assert.equal(statementCount(world), before);
  });
});

test('an ID that cannot be is refused in bodies and photo addresses as well', async () => {
  const { uploadId } = (await ann.must('POST', '/uploads')).body;
  await changesNothing(world, async () => {
    for (const id of [...impossibleIds.map(decodeURIComponent), 1, 0, null, [first.id], { id: first.id }]) {
      const photo = await ann.act('POST', '/posts', { body: { photos: [{ uploadId: id }] } });
      assertRefused(photo, 400, 'invalid', `photo ${id}`);
      assertRefused(await ann.act('PUT', '/me/avatar', { body: { uploadId: id } }), 400, 'invalid', `${id}`);
      assertRefused(await ann.act('PUT', '/activity/seen', { body: { activityId: id } }), 400, 'invalid');
    }
    const before = statementCount(world);
    for (const id of impossibleIds)
      assertRefused(
        await world.call(
          'GET',
          `/media/private/${ann.id.slice(-2)}/${ann.id}/${id}/${'0'.repeat(32)}/w320.jpg?e=1&s=x`,
        ),
        404,
        'not_found',
        `photo ${id}`,
      );
    assert.equal(statementCount(world), before);
  });
  await ann.must('DELETE', `/uploads/${uploadId}`);
});

test('an ID of another kind is an ID of nothing', async () => {
  const ids: Record<string, string> = {
    accountId: ann.id,
    postId: first.id,
    commentId: comment.id,
    sessionId: session.id,
    draftId: draft.id,
    uploadId: mediaId,
    mediaId,
  };
  const filled = (path: string) => path.replaceAll(/\{(\w+Id)\}/g, (_all, name: string) => ids[name] ?? '');
  await changesNothing(world, async () => {
    for (const { method, path } of operations) {
      const name = /\{(\w+Id)\}/.exec(path)?.[1];
      if (!name) continue;
      assert.ok(ids[name], `no example of ${name}`);
      for (const [kind, id] of Object.entries(ids)) {
        if (kind === name || ['uploadId', 'mediaId'].includes(kind)) continue;
        const at = filled(path.replace(`{${name}}`, id));
        const reply = await bob.act(method, at, bodyFor(method, at));
        assertRefused(reply, 404, 'not_found', `${method} ${path} with ${kind}`);
      }
    }
    const ofOtherShard = String(BigInt((await ann.get('/activity')).items[0].id) ^ 1024n);
    assertRefused(await ann.act('PUT', '/activity/seen', { body: { activityId: ofOtherShard } }), 404);
    for (const uploadId of [ann.id, first.id, comment.id, session.id])
      assertRefused(await ann.act('PUT', '/me/avatar', { body: { uploadId } }), 400, 'upload_unknown');
  });
});

test('an ID that could be, of nothing, answers like what one may not see', async () => {
  const dora = await world.account('dora', { isPrivate: true });
  const hidden = await dora.posts('for friends');
  const absent = idAt(Date.now() - 60_000);
  await changesNothing(world, async () => {
    for (const { method, path } of operations.filter((each) => each.path.includes('{postId}'))) {
      const [one, other] = await Promise.all(
        [hidden.id, absent].map((id) =>
          bob.act(method, path.replace('{postId}', id).replace('{mediaId}', mediaId), bodyFor(method, path)),
        ),
      );
      assert.ok(one && other);
      assertRefused(one, 404, 'not_found', `${method} ${path}`);
      assert.deepEqual(refusalOf(one), refusalOf(other));
    }
  });
});

// cursors and limits ------------------------------------------------------------------------------------------

const lists = operations
  .filter(({ query }) => query.includes('cursor'))
  .map(({ path }) =>
    path
      .replace('{accountId}', ann.id)
      .replace('{postId}', first.id)
      .replace('{commentId}', comment.id)
      .replace('{tag}', 'pier'),
  );

test('a cursor that is edited in any place is refused', async () => {
  await until(
    async () => ((await ann.get('/hashtags/pier')).items.length === 2 ? true : null),
    'the hashtag is indexed',
  );
  let tried = 0;
  for (const list of lists) {
    const { nextCursor } = await ann.get(`${list}?limit=1`);
    if (nextCursor === null) continue;
    tried++;
    await ann.must('GET', `${list}?limit=1&cursor=${nextCursor}`);
    const edits = [...nextCursor].map(
      (old: string, at: number) =>
        nextCursor.slice(0, at) + (old === 'A' ? 'B' : 'A') + nextCursor.slice(at + 1),
    );
    edits.push(
      nextCursor.slice(1),
      nextCursor.slice(0, -1),
      `${nextCursor}A`,
      `${nextCursor}==`,
      `%20${nextCursor}`,
    );
    for (const cursor of edits)
      assertRefused(await ann.act('GET', `${list}?cursor=${cursor}`), 400, 'bad_cursor', `${list} ${cursor}`);
  }
  assert.ok(tried >= 9, `${tried} lists had a second page`);
});

test('a cursor of another list or another viewer is refused', async () => {
  const own = `/accounts/${ann.id}/posts`;
  const { nextCursor } = await ann.get(`${own}?limit=1`);
  const others = lists.filter((list) => list !== own);
  for (const list of [...others, `/accounts/${bob.id}/posts`])
    assertRefused(await ann.act('GET', `${list}?cursor=${nextCursor}`), 400, 'bad_cursor', list);
  assertRefused(await bob.act('GET', `${own}?cursor=${nextCursor}`), 400, 'bad_cursor');
  assertRefused(await world.call('GET', `${own}?cursor=${nextCursor}`), 400, 'bad_cursor');
});

test('a cursor that is garbage is refused by every list', async () => {
  assert.ok(lists.length >= 10);
  const garbage = [
    '',
    'x',
    '0',
    'null',
    first.id,
    '../..',
    '%00',
    '%F0%9F%93%B7',
    "'--",
    btoa(first.id),
    '=',
  ];
  for (const list of lists) {
    for (const cursor of garbage)
      assertRefused(await ann.act('GET', `${list}?cursor=${cursor}`), 400, 'bad_cursor', `${list} ${cursor}`);
    for (const query of [
      `cursor=${'A'.repeat(10_240)}`,
      'cursor=a&cursor=b',
      'cursor[]=a',
      'curser=a',
      'offset=20',
    ])
      assertRefused(
        await ann.act('GET', `${list}?${query}`),
        400,
        'invalid',
        `${list}?${query.slice(0, 20)}`,
      );
  }
});

test('a limit that is no number from 1 to 60 is refused by every list', async () => {
  const before = statementCount(world);
  for (const list of lists)
    for (const limit of [
      '0',
      '-1',
      '61',
      '1e9',
      '1e400',
      '1.5',
      'NaN',
      '',
      '%20',
      'ten',
      '1&limit=2',
      '%EF%BC%91',
    ])
      assertRefused(await world.call('GET', `${list}?limit=${limit}`), 400, 'invalid', `${list} ${limit}`);
  assert.equal(statementCount(world), before);
});
