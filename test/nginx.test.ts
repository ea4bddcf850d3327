/** Photos without the application: a real nginx, with the configuration of ./pinhole nginx, before a real Pinhole. */
import assert from 'node:assert/strict';
import { access, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import type { AccountId, MediaId } from '../core/ids.ts';
import type { PostCard } from '../core/shapes.ts';
import { readConfig } from '../server/config.ts';
import { beatAll } from '../server/features/live/live.ts';
import { photoUrls } from '../server/features/media/addresses.ts';
import { enlargePhoto } from '../server/features/media/media.ts';
import { sql } from '../server/infra/sql.ts';
import { nginxSite } from '../server/main/admin/nginx.ts';
import { openReader } from './event-reader.ts';
import { type Answer, askAt, freePort, startNginx } from './nginx.ts';
import { openWorld, PASSWORD, type Person, samplePhoto, until } from './world.ts';

const world = await openWorld({ config: { proxies: 1 } });
const { app } = world;
const pinholePort = Number(new URL(world.base).port);
const settings = { ...app.config, host: '127.0.0.1', port: pinholePort };
const pinhole = askAt(pinholePort);
const front = await startNginx(settings, app.linkSecret);
/** Its Pinhole is not running: what it answers with 200, it has from the disk. */
const alone = await startNginx({ ...settings, port: await freePort() }, app.linkSecret);

const [ann, bob] = await world.accounts('ann', 'bob');
const cara = await world.account('cara', { isPrivate: true });
await bob.follows(cara);
await world.settled();
await cara.accepts(bob);

const urlsOf = (post: PostCard) => post.photos.flatMap(({ renditions }) => renditions.map(({ url }) => url));
const mediaOf = (post: PostCard) => post.photos[0]?.mediaId ?? '';
const as = ({ token }: Person) => ({ headers: { authorization: `Bearer ${token}` } });
const fileOf = (url: string) =>
  path.join(world.dataDir, 'photos', (url.split('?')[0] ?? '').replace('/media/', ''));

test('photos of public accounts are served while the application is away', async () => {
  for (const url of urlsOf(await ann.posts())) {
    const { status, body } = await alone(url);
    assert.equal(status, 200, url);
    assert.deepEqual(body, await readFile(fileOf(url)));
  }
  assert.equal((await alone('/api/v1/accounts')).status, 502, 'it is away');
});

test('photos of private accounts are, with the signature of their address', async () => {
  const post = await cara.posts();
  const [url = '', other = ''] = urlsOf(post);
  assert.match(url, /^\/media\/private\/.*\?e=\d+&s=/);
  const { status, body } = await alone(url);
  assert.equal(status, 200);
  assert.deepEqual(body, await readFile(fileOf(url)));
  const [at = '', query = ''] = url.split('?');
  const given = new URLSearchParams(query);
  const [expires = '', signature = ''] = [given.get('e') ?? '', given.get('s') ?? ''];
  const flipped = (signature.startsWith('A') ? 'B' : 'A') + signature.slice(1);
  for (const wrong of [
    at,
    `${at}?`,
    `${at}?e=${expires}`,
    `${at}?s=${signature}`,
    `${at}?e=&s=`,
    `${at}?e=${expires}&s=${flipped}`,
    `${at}?e=${expires}&s=${signature.slice(0, -1)}`,
    `${at}?e=${expires}&s=${signature}A`,
    `${at}?e=${Number(expires) + 1}&s=${signature}`,
    `${at}?e=9999999999&s=${signature}`,
    `${at}?e=${expires}&s=${signature},9999999999`,
    `${other.split('?')[0]}?${query}`,
    url.replace('/private/', '/private/../private/').replace('w1080', 'w640'),
  ])
    for (const ask of [alone, front]) assert.equal((await ask(wrong)).status, 404, wrong);
});

test('a signature that has expired is refused, by nginx as by the application', async () => {
  const post = await cara.posts();
  const photo = {
    accountId: cara.id as AccountId,
    mediaId: mediaOf(post) as MediaId,
    revision: 0,
    shelf: 'private',
    isPrivate: true,
  } as const;
  const signedAgo = (ms: number) =>
    photoUrls({ ...app, clock: { nowMs: () => Date.now() - ms } }, photo)('w1080');
  for (const ask of [alone, front]) {
    assert.equal((await ask(signedAgo(0))).status, 200);
    assert.equal((await ask(signedAgo(600_000))).status, 404);
    assert.equal((await ask(signedAgo(86_400_000))).status, 404);
  }
  assert.equal((await pinhole(signedAgo(600_000), as(cara))).status, 404);
});

test('they come with the headers that the application gives them', async () => {
  const names = [
    'content-type',
    'content-length',
    'cache-control',
    'content-security-policy',
    'cross-origin-resource-policy',
    'x-content-type-options',
  ];
  for (const person of [ann, cara]) {
    const [url = ''] = urlsOf(await person.posts());
    const [direct, served] = [await pinhole(url, as(person)), await alone(url)];
    assert.deepEqual([direct.status, served.status], [200, 200]);
    const pick = ({ headers }: Answer) => names.map((name) => `${name}: ${headers[name]}`);
    assert.deepEqual(pick(served), pick(direct));
    assert.equal(served.headers.server, 'nginx', 'without its version');
    assert.equal(served.headers['content-encoding'], undefined);
  }
});

test('they can be asked for by HEAD, and in part', async () => {
  const [url = ''] = urlsOf(await ann.posts());
  const whole = await readFile(fileOf(url));
  const head = await alone(url, { method: 'HEAD' });
  assert.deepEqual([head.status, head.headers['content-length']], [200, `${whole.length}`]);
  const part = await alone(url, { headers: { range: 'bytes=100-199' } });
  assert.equal(part.status, 206);
  assert.deepEqual(part.body, whole.subarray(100, 200));
  assert.match(String(part.headers['cache-control']), /^public/);
  const unchanged = await alone(url, { headers: { 'if-none-match': String(head.headers.etag) } });
  assert.equal(unchanged.status, 304);
  assert.equal((await alone(url, { method: 'POST' })).status, 405);
});

test('avatars are served, also those of private accounts', async () => {
  for (const person of [ann, cara]) {
    const uploadId = await person.uploads(samplePhoto);
    const { avatarUrl } = (await person.must('PUT', '/me/avatar', { body: { uploadId } })).body;
    assert.match(avatarUrl, /^\/media\/public\//);
    assert.equal((await alone(avatarUrl)).status, 200);
  }
});

test('nothing else of the data folder can be had', async () => {
  const [open, closed] = [await ann.posts(), await cara.posts()];
  const original = `originals/${mediaOf(open).slice(-2)}/${mediaOf(open)}`;
  await access(path.join(world.dataDir, 'photos', original));
  const kept = path.join(world.dataDir, 'photos/kept/77/4467570830351532077');
  await mkdir(path.dirname(kept), { recursive: true });
  await writeFile(kept, 'an untouched original');
  await writeFile(path.join(world.dataDir, 'PG_VERSION'), '18');
  const [photo = '', hidden = ''] = [urlsOf(open)[0], urlsOf(closed)[0]?.split('?')[0]];
  await writeFile(`${fileOf(photo)}.txt`, 'beside a photo');
  const folder = path.posix.dirname(photo);
  const ways = [
    '../',
    '%2e%2e/',
    '..%2f',
    '%2e%2e%2f',
    '%252e%252e%252f',
    '..%5c',
    '.%00./',
    '//../',
    '..;/',
  ];
  const wrong = [
    `/media/${original}`,
    `/media//${original}`,
    `/media/kept/77/4467570830351532077`,
    `/photos/${original}`,
    `/${original}`,
    `${photo}.txt`,
    `${photo}%00.jpg`,
    `${photo}/`,
    `${folder}/`,
    folder,
    '/media/public/',
    '/media/public',
    '/media/private/',
    '/media/',
    hidden,
    hidden.replace('/private/', '/public/'),
    hidden.replace('/media/', '//media//'),
    hidden.replace('/media/', '/MEDIA/'),
    hidden.replace('/media/private/', '/media/%70rivate/'),
    ...ways.flatMap((up) => [
      `/media/public/${up}${original}`,
      `/media/public/${up}kept/77/4467570830351532077`,
      `/media/public/${up}private/${hidden.split('/private/')[1]}`,
      `/media/public/${up}${up}PG_VERSION`,
      `/media/${up}${up}PG_VERSION`,
      `${folder}/${up.repeat(5)}${original}`,
      `${folder}/${up.repeat(5)}${original}.jpg`,
    ]),
  ];
  for (const at of wrong) {
    const { status } = await alone(at);
    assert.ok([400, 404, 405, 502].includes(status), `${at} → ${status}`);
    const { headers, body } = await front(at);
    assert.notEqual(headers['content-type'], 'image/jpeg', at);
    assert.ok(!/an untouched|beside a photo|^18/.test(body.toString('latin1')), at);
  }
  assert.equal((await front(photo)).status, 200);
});

test('a deleted photo is gone', async () => {
  const posts = [await ann.posts(), await cara.posts()];
  const urls = posts.flatMap(urlsOf);
  for (const url of urls) assert.equal((await front(url)).status, 200);
  for (const [at, person] of [ann, cara].entries()) await person.deletes(posts[at] as PostCard);
  await world.settled();
  for (const url of urls) {
    assert.equal((await front(url)).status, 404, url);
    assert.notEqual((await alone(url)).status, 200, url);
  }
});

test('when an account becomes private, the addresses of before are dead; and good again when it opens', async () => {
  const dora = await world.account('dora');
  const post = await dora.posts();
  const before = urlsOf(post);
  for (const url of before) assert.equal((await alone(url)).status, 200);
  await dora.edits({ isPrivate: true });
  await world.settled();
  for (const url of before) {
    assert.equal((await front(url)).status, 404, url);
    assert.notEqual((await alone(url)).status, 200, url);
  }
  const signed = urlsOf(await dora.get(`/posts/${post.id}`));
  for (const url of signed) assert.equal((await alone(url)).status, 200, url);
  await dora.edits({ isPrivate: false });
  await world.settled();
  for (const url of before) assert.equal((await alone(url)).status, 200);
  for (const url of signed) assert.notEqual((await alone(url)).status, 200);
});

test('a rendition that is made while its photo moves comes along', async () => {
  const eva = await world.account('eva');
  const post = await eva.posts('', [samplePhoto]);
  const mediaId = mediaOf(post) as MediaId;
  await world.settled();
  const large = urlsOf(await eva.get(`/posts/${post.id}`)).find((url) => url.includes('w2048')) ?? '';
  await rm(fileOf(large));
  await world.rows(sql`
    update media set renditions = jsonb_path_query_array(renditions, '$[*] ? (@.name != "w2048")')
    where media_id = ${mediaId} returning 1`);
  const { move } = app.storage;
  app.storage.move = async (from, to) => {
    app.storage.move = move;
    await enlargePhoto(app, mediaId);
    await move(from, to);
  };
  await eva.edits({ isPrivate: true });
  await world.settled();
  assert.equal((await front(large)).status, 404);
  assert.notEqual((await alone(large)).status, 200);
  const signed = urlsOf(await eva.get(`/posts/${post.id}`));
  assert.ok(signed.some((url) => url.includes('w2048')));
  for (const url of signed) assert.equal((await alone(url)).status, 200, url);
});

test('a photo on another shelf than its address says is fetched by the application', async () => {
  const post = await ann.posts();
  const [url = ''] = urlsOf(post);
  const mediaId = mediaOf(post);
  const old = `photos/${mediaId.slice(-2)}/${mediaId}`;
  for (const { name, url: each } of post.photos[0]?.renditions ?? [])
    await app.storage.move(each.replace('/media/', ''), `${old}/${name}.jpg`);
  await world.rows(sql`update media set shelf = 'old' where media_id = ${mediaId} returning 1`);
  app.cache.delete(`media:servable:${mediaId}`);
  assert.equal((await alone(url)).status, 502, 'not on the disk under this address');
  assert.equal((await front(url)).status, 200);
  assert.equal((await front(url.replace('w1080', 'w9'))).status, 404);
});

test('photos lie below the path of PINHOLE_MEDIA_URL', async () => {
  const [open = '', closed = ''] = [urlsOf(await ann.posts())[0], mediaOf(await cara.posts())];
  const config = { ...settings, mediaUrl: 'https://img.example.org/some.where' };
  const [nearby, absent] = [
    await startNginx(config, app.linkSecret),
    await startNginx({ ...config, port: await freePort() }, app.linkSecret),
  ];
  const photo = { accountId: cara.id as AccountId, mediaId: closed as MediaId, revision: 0 };
  const signed = photoUrls({ ...app, config }, { ...photo, shelf: 'private', isPrivate: true })('w640');
  const { pathname, search } = new URL(signed);
  assert.equal((await absent(pathname + search)).status, 200);
  assert.equal((await absent(pathname + search.replace('e=', 'e=1'))).status, 404);
  const moved = open.replace('/media/', '/some.where/');
  assert.equal((await absent(moved)).status, 200);
  assert.equal((await absent(moved.replace('some.where', 'someXwhere'))).status, 502, 'only there');
  await rm(fileOf(open));
  await writeFile(fileOf(open.replace('w1080', 'w1081')), 'another');
  assert.equal((await nearby(moved)).status, 404, 'and is asked of the application by its own path');
  assert.equal((await nearby(moved.replace('w1080', 'w640'))).status, 200);
});

test('uploads pass, large ones too, up to the limit', async () => {
  const ticket = (await ann.must('POST', '/uploads')).body;
  const photo = Buffer.concat([samplePhoto, Buffer.alloc(5_000_000)]);
  const sent = await front(ticket.url, {
    method: 'PUT',
    headers: { ...as(ann).headers, 'content-type': 'application/octet-stream' },
    body: photo,
  });
  assert.equal(sent.status, 200, sent.body.toString());
  const headers = { ...as(ann).headers, 'content-type': 'application/octet-stream' };
  const tooLong = { ...headers, 'content-length': `${42 * 1_048_576}` };
  assert.equal((await front(ticket.url, { method: 'PUT', headers: tooLong })).status, 413);
  const elsewhere = { ...headers, 'content-length': '2000000' };
  assert.equal((await front('/api/v1/posts', { method: 'POST', headers: elsewhere })).status, 413);
});

test('live events pass as they come, and the beats between them', async () => {
  const reader = await openReader(front.base, '', { authorization: `Bearer ${bob.token}` });
  assert.equal(reader.headers.get('content-type'), 'text/event-stream');
  await reader.waitFor('activity');
  const post = await cara.posts('live through nginx');
  await reader.waitFor('feed', ({ postIds }) => (postIds as string[]).includes(post.id));
  await beatAll(app);
  await until(async () => (reader.text().includes('\n:\n') ? true : null), 'the beat arrives');
  await reader.close();
});

test('what a client says of its address does not let it guess passwords without end', async () => {
  const statuses: number[] = [];
  for (let at = 0; at < 12; at++) {
    const body = Buffer.from(JSON.stringify({ login: 'nobody.here', password: PASSWORD, kind: 'bearer' }));
    const headers = { 'content-type': 'application/json', 'x-forwarded-for': `192.0.2.${at}` };
    statuses.push((await front('/api/v1/sessions', { method: 'POST', headers, body })).status);
  }
  assert.equal(statuses.at(0), 401);
  assert.equal(statuses.at(-1), 429);
});

test('settings that nginx cannot be told are refused with a sentence, and those to be changed are named', () => {
  const site = readConfig({ PINHOLE_DATA: '/srv/pinhole', PINHOLE_PROXIES: '1' });
  const text = (changes: Partial<typeof site>) => nginxSite({ ...site, ...changes }, 'secret');
  assert.throws(() => text({ port: 0 }), /PINHOLE_PORT/);
  assert.throws(() => text({ dataDir: '/srv/$uri' }), /\/srv\/\$uri/);
  assert.throws(() => text({ mediaUrl: 'https://img.example.org/%C3%A4' }), /PINHOLE_MEDIA_URL/);
  assert.match(text({ proxies: 0 }), /START PINHOLE WITH PINHOLE_PROXIES=1/);
  assert.doesNotMatch(text({}), /START PINHOLE/);
  assert.match(text({ proxies: 2 }), /X-Forwarded-For \$proxy_add_x_forwarded_for;/);
  assert.match(text({ host: '::' }), /server \[::1\]:3000;/);
  assert.match(text({ publicUrl: 'https://photos.example.org' }), /server_name photos\.example\.org;/);
  const s3 = { endpoint: 'https://s3.example.org', bucket: 'b', region: 'r', accessKey: 'a', secret: 's' };
  assert.doesNotMatch(text({ s3 }), /secure_link|root "|secret/, 'there is nothing on the disk');
});
