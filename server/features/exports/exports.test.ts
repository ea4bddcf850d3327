/** All that is an account's, as one ZIP: read by another program, and compared with what the API shows and with the bytes sent. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import yauzl from 'yauzl';
import type { PostCard } from '../../../core/shapes.ts';
import { openWorld, PASSWORD, type Person, until } from '../../../test/world.ts';
import { sql } from '../../infra/sql.ts';

const world = await openWorld();
const fixtures = path.join(import.meta.dirname, '../../../test/fixtures');
const photo = async (name: string) => new Uint8Array(await readFile(path.join(fixtures, name)));
const [landscape, canyon, heic] = [
  await photo('orientation/Landscape_6.jpg'),
  await photo('canyon-original.png'),
  await photo('turned.heic'),
];

/** The cookie of a web session. */
async function cookieOf(person: Person): Promise<string> {
  const reply = await world.call('POST', '/sessions', {
    body: { login: person.handle, password: PASSWORD, kind: 'web' },
  });
  return (reply.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
}

async function download(person: Person, headers: Record<string, string> = {}) {
  const cookie = await cookieOf(person);
  return fetch(`${world.base}/api/v1/me/export`, { headers: { cookie, ...headers } });
}

async function filesIn(response: Response): Promise<Map<string, Buffer>> {
  assert.equal(response.status, 200);
  const zip = await yauzl.fromBufferPromise(Buffer.from(await response.arrayBuffer()));
  const files = new Map<string, Buffer>();
  for await (const entry of zip.eachEntry()) {
    const stream = await zip.openReadStreamPromise(entry);
    files.set(entry.fileName, await buffer(stream));
  }
  return files;
}

const jsonIn = (files: Map<string, Buffer>, name: string) => JSON.parse(String(files.get(name)));
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

async function keepOriginal(person: Person, post: PostCard, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const ticket = await person.must('POST', '/uploads', { body: { originalOf: post.photos[0]?.mediaId } });
  await person.must('PUT', ticket.body.url, { raw: bytes });
}

test('it holds what one is, has made and done, with the photos byte for byte, and of others ids and handles alone', async () => {
  const [ann, bob, carol] = await world.accounts('ann', 'bob', 'carol');
  await carol.edits({ isPrivate: true, name: 'Carol’s secret name', bio: 'nobody’s business' });
  await ann.edits({ bio: 'piers & “light”', notifications: { likes: true, follows: false } });
  await ann.must('PUT', '/me/avatar', { body: { uploadId: await ann.uploads(landscape) } });
  const [pair, single] = [await ann.posts('two #piers', [landscape, canyon]), await ann.posts('one', [heic])];
  const failed = await ann.publishes('still in work', [await ann.uploads(landscape)]);
  await keepOriginal(ann, single, heic);
  const other = await bob.posts('by bob');
  await ann.follows(bob);
  await ann.follows(carol);
  await carol.follows(ann);
  await bob.likes(pair);
  await ann.likes(other);
  await ann.must('PUT', `/posts/${other.id}/save`);
  const comment = await ann.comments(other, 'fine, “bob”\n& more 📷');
  // Activity has the order in which it was worked through: the like's comes before the comment is made.
  await world.settled();
  await bob.comments(pair, 'what bob has written');
  await world.settled();

  const response = await download(ann);
  const day = new Date().toISOString().slice(0, 10);
  assert.equal(response.headers.get('content-type'), 'application/zip');
  assert.equal(response.headers.get('content-disposition'), `attachment; filename="pinhole-ann-${day}.zip"`);
  assert.match(response.headers.get('cache-control') ?? '', /no-store/);
  const files = await filesIn(response);
  const originals = [`originals/${single.id}-1.heic`];
  assert.deepEqual([...files.keys()].toSorted(), [
    ...['account', 'activity', 'comments', 'followers', 'follows', 'likes'].map((name) => `${name}.json`),
    ...originals,
    ...[`${pair.id}-1`, `${pair.id}-2`, `${single.id}-1`, `${failed.id}-1`].map(
      (name) => `photos/${name}.jpg`,
    ),
    'photos/avatar.jpg',
    'posts.json',
    'saves.json',
  ]);

  const account = jsonIn(files, 'account.json');
  assert.deepEqual(
    [account.handle, account.email, account.bio, account.settings.notifications.follows],
    ['ann', 'ann@example.org', 'piers & “light”', false],
  );
  const posts = jsonIn(files, 'posts.json');
  assert.deepEqual(
    posts.map((post: { id: string; caption: string }) => [post.id, post.caption]),
    [
      [failed.id, 'still in work'],
      [single.id, 'one'],
      [pair.id, 'two #piers'],
    ],
  );
  assert.equal(posts[2].photos[1].file, `photos/${pair.id}-2.jpg`);
  assert.equal(posts[1].photos[0].altText, 'a photo by ann');
  for (const post of [await ann.get(`/posts/${pair.id}`), await ann.get(`/posts/${single.id}`)] as PostCard[])
    for (const [at, { renditions }] of post.photos.entries()) {
      const [largest] = renditions.toSorted((a, b) => b.width * b.height - a.width * a.height);
      const shown = await fetch(world.base + largest?.url);
      const bytes = files.get(`photos/${post.id}-${at + 1}.jpg`) as Buffer;
      assert.equal(sha256(bytes), sha256(new Uint8Array(await shown.arrayBuffer())), `${post.caption} ${at}`);
    }
  assert.equal(sha256(files.get(originals[0] ?? '') as Buffer), sha256(heic));
  assert.deepEqual(
    jsonIn(files, 'comments.json').map((each: Record<string, string>) => [each.id, each.postId, each.text]),
    [[comment.id, other.id, 'fine, “bob”\n& more 📷']],
  );
  for (const name of ['likes', 'saves'])
    assert.deepEqual(
      jsonIn(files, `${name}.json`).map((each: { postId: string }) => each.postId),
      [other.id],
    );
  const ties = (name: string) =>
    jsonIn(files, name).map((each: { handle: string; state: string }) => `${each.handle} ${each.state}`);
  assert.deepEqual(ties('follows.json'), ['carol requested', 'bob accepted']);
  assert.deepEqual(ties('followers.json'), ['carol accepted']);
  assert.deepEqual(
    jsonIn(files, 'activity.json').map(
      (each: { kind: string; handle: string }) => `${each.handle} ${each.kind}`,
    ),
    ['bob commented', 'bob liked'],
  );
  const all = Buffer.concat(
    [...files].flatMap(([name, bytes]) => (name.endsWith('.json') ? bytes : [])),
  ).toString();
  for (const secret of [
    'secret name',
    'business',
    'what bob has written',
    'by bob',
    'bob@example.org',
    'correct horse',
  ])
    assert.ok(!all.includes(secret), secret);
});

test('a photo whose bytes are lost or cut is named in missing.txt, and the rest is whole', async () => {
  const dan = await world.account('dan');
  const post = await dan.posts('three', [landscape, canyon, landscape]);
  await keepOriginal(dan, post, landscape);
  await world.settled();
  const files = await world.files();
  const of = (at: number, part: string) =>
    files.filter((file) => file.includes(post.photos[at]?.mediaId ?? '-') && file.includes(part));
  for (const file of of(0, 'public')) await rm(file);
  for (const file of of(0, 'kept')) await rm(file);
  for (const file of of(1, 'public')) await writeFile(file, (await readFile(file)).subarray(0, 100));
  const found = await filesIn(await download(dan));
  assert.deepEqual(String(found.get('missing.txt')).trim().split('\n'), [
    `photos/${post.id}-1.jpg`,
    `originals/${post.id}-1`,
    `photos/${post.id}-2.jpg`,
  ]);
  assert.ok((found.get(`photos/${post.id}-3.jpg`)?.length ?? 0) > 1_000);
  assert.equal(jsonIn(found, 'posts.json')[0].photos.length, 3);
});

test('what one may not see any more is left out, also of what one was told', async () => {
  const [eva, foe] = await world.accounts('eva', 'foe');
  const post = await eva.posts();
  await foe.follows(eva);
  await foe.likes(post);
  await world.settled();
  await foe.blocks(eva);
  await world.settled();
  const files = await filesIn(await download(eva));
  for (const name of ['activity.json', 'followers.json']) assert.deepEqual(jsonIn(files, name), [], name);
  assert.ok(![...files.values()].some((bytes) => bytes.includes('foe')));
});

test('long lists come whole, part by part', async () => {
  const gil = await world.account('gil');
  const ids = Array.from({ length: 1_203 }, (_, at) =>
    String(((BigInt(gil.id) >> 23n) << 23n) + BigInt(at + 1)),
  );
  await world.rows(sql`
    insert into likes (account_id, post_id, like_id) select ${gil.id}, id, id from unnest(${ids}::bigint[]) as id`);
  await world.rows(sql`
    insert into comments (comment_id, post_id, account_id, text)
    select next_id(7), id, ${gil.id}, 'so' from unnest(${ids}::bigint[]) as id`);
  await world.rows(sql`
    insert into posts (post_id, account_id, caption, state)
    select next_id(id_logical_shard(${gil.id})), ${gil.id}, 'c' || id, 'published' from unnest(${ids.slice(0, 501)}::bigint[]) as id`);
  const files = await filesIn(await download(gil));
  const countOf = (name: string) =>
    new Set(jsonIn(files, name).map((each: object) => JSON.stringify(each))).size;
  assert.deepEqual(
    [countOf('likes.json'), countOf('comments.json'), countOf('posts.json')],
    [1_203, 1_203, 501],
  );
});

test('it takes a web session of one’s own pages, and is had three times a day', async () => {
  const hal = await world.account('hal');
  assert.equal((await world.call('GET', '/me/export')).status, 401);
  const bearer = await hal.act('GET', '/me/export');
  assert.deepEqual([bearer.status, bearer.body.error.code], [403, 'web_session_needed']);
  const foreign = await download(hal, { 'sec-fetch-site': 'cross-site' });
  assert.equal(foreign.status, 403);
  assert.equal(
    (
      await fetch(`${world.base}/api/v1/me/export`, {
        method: 'HEAD',
        headers: { cookie: await cookieOf(hal) },
      })
    ).status,
    404,
  );
  for (let time = 0; time < 3; time++)
    await filesIn(await download(hal, { 'sec-fetch-site': 'same-origin' }));
  const fourth = await download(hal);
  assert.equal(fourth.status, 429);
  assert.ok(Number(fourth.headers.get('retry-after')) > 3_600);
});

test('one at a time; whoever goes away in the middle gives his place back, and leaves no file open', async () => {
  const ida = await world.account('ida');
  const uploadIds: string[] = [];
  for (let at = 0; at < 4; at++) uploadIds.push(await ida.uploads(canyon));
  await ida.publishes('large', uploadIds);
  await world.settled();
  const open: Readable[] = [];
  const gate = Promise.withResolvers<void>();
  const { storage } = world.app;
  const openFile = storage.open;
  storage.open = async (key) => {
    const file = await openFile(key);
    if (file) open.push(file.stream);
    if (open.length > 1) await gate.promise;
    return file;
  };
  try {
    const cookie = await cookieOf(ida);
    const request = http.get(`${world.base}/api/v1/me/export`, { headers: { cookie } });
    const response = await new Promise<http.IncomingMessage>((resolve) => request.once('response', resolve));
    assert.equal(response.statusCode, 200);
    response.on('error', () => undefined).resume();
    await until(async () => (open.length === 2 ? true : null), 'the second photo is under way');
    const second = await download(ida);
    assert.deepEqual([second.status, (await second.json()).error.code], [409, 'export_running']);
    request.on('error', () => undefined);
    request.destroy();
    gate.resolve();
    await until(async () => (open.every(({ destroyed }) => destroyed) ? true : null), 'all files are closed');
    assert.equal(open.length, 2, 'no more are opened');
  } finally {
    storage.open = openFile;
  }
  await until(async () => {
    const again = await download(ida);
    if (again.status === 409) return null;
    return (await filesIn(again)).size > 0 ? true : null;
  }, 'it can be had again');
});
