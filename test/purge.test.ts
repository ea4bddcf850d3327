/** The hook that makes a cache in front forget: a real HTTP server, which now and then fails. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import path from 'node:path';
import { json } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { PLAIN_EDITS } from '../core/edits.ts';
import type { PostCard } from '../core/shapes.ts';
import { purge } from '../server/features/media/purge.ts';
import { openWorld, samplePhoto, until } from './world.ts';

type Call = { prefixes: string[]; answered: number | 'cut'; filesThen: string[] };

const calls: Call[] = [];
/** What the next calls are answered; then 204. 'cut' breaks the connection off. */
const answers: (number | 'cut')[] = [];
let filesOf: () => Promise<string[]> = async () => [];
const hook = createServer(async (request, response) => {
  assert.equal(request.method, 'POST');
  assert.equal(request.headers['content-type'], 'application/json');
  const { prefixes, ...more } = (await json(request)) as { prefixes: string[] };
  assert.deepEqual(more, {});
  const answered = answers.shift() ?? 204;
  calls.push({ prefixes, answered, filesThen: await filesOf() });
  if (answered === 'cut') response.destroy();
  else response.writeHead(answered, answered === 302 ? { location: '/elsewhere' } : {}).end();
}).listen(0, '127.0.0.1');
await once(hook, 'listening');
after(() => hook.close());
const address = hook.address();
assert.ok(address && typeof address === 'object');
const purgeUrl = `http://127.0.0.1:${address.port}/purge?token=1`;

const world = await openWorld({ config: { purgeUrl } });
const folder = path.join(world.dataDir, 'photos');
filesOf = async () => (await world.files()).map((file) => `/media/${path.relative(folder, file)}`);
const [ann] = await world.accounts('ann');
const urlsOf = (post: PostCard) => post.photos.flatMap(({ renditions }) => renditions.map(({ url }) => url));

/** What the hook was told with success while `work` ran, and what followed from it. */
async function told(work: () => Promise<unknown>): Promise<Call[]> {
  await world.settled();
  calls.length = 0;
  await work();
  await world.settled();
  assert.equal((await world.app.queue.counts()).dead, 0);
  return calls.filter(({ answered }) => answered === 204);
}

const prefixesOf = (heard: Call[]) => [...new Set(heard.flatMap(({ prefixes }) => prefixes))].sort();
const covers = (heard: Call[], url: string) => prefixesOf(heard).some((prefix) => url.startsWith(prefix));

test('when a post is deleted the hook hears of its photos, once their files are gone', async () => {
  const [post, other] = [await ann.posts('', [samplePhoto, samplePhoto]), await ann.posts()];
  const heard = await told(() => ann.deletes(post));
  const tail = ann.id.slice(-2);
  const wanted = post.photos.flatMap(({ mediaId }) => [
    `/media/public/${tail}/${ann.id}/${mediaId}/`,
    `/media/private/${tail}/${ann.id}/${mediaId}/`,
  ]);
  assert.deepEqual(prefixesOf(heard), wanted.sort());
  for (const url of urlsOf(post)) assert.ok(covers(heard, url), url);
  for (const url of urlsOf(other)) assert.ok(!covers(heard, url), url);
  for (const { prefixes, filesThen } of heard)
    for (const prefix of prefixes)
      assert.deepEqual(
        filesThen.filter((file) => file.startsWith(prefix)),
        [],
        'a cache that asks again must not find them',
      );
});

test('when a photo is edited the hook hears of what it was, when that is gone, and of nothing that it is now', async () => {
  const post = await ann.posts();
  await world.settled();
  const { storage } = world.app;
  const { remove } = storage;
  storage.remove = async (keys) => {
    await delay(500);
    return remove(keys);
  };
  const [photo] = post.photos;
  const edits = { ...PLAIN_EDITS, look: { ...PLAIN_EDITS.look, filter: 'warm-vintage' } };
  const heard = await told(() =>
    ann.must('PUT', `/posts/${post.id}/photos/${photo?.mediaId}/edits`, { body: edits }),
  );
  storage.remove = remove;
  const now = urlsOf(await ann.get(`/posts/${post.id}`));
  for (const url of urlsOf(post)) {
    assert.ok(covers(heard, url), url);
    for (const { filesThen } of heard)
      assert.ok(!filesThen.includes(url), 'gone before the hook hears of it');
  }
  for (const url of now) assert.ok(!covers(heard, url) && !urlsOf(post).includes(url), url);
});

test('when an account becomes private the hook hears of all that was public, when nothing is there any more', async () => {
  const dora = await world.account('dora');
  const posts = [await dora.posts(), await dora.posts()];
  const heard = await told(() => dora.edits({ isPrivate: true }));
  const prefix = `/media/public/${dora.id.slice(-2)}/${dora.id}/`;
  assert.deepEqual(prefixesOf(heard), [prefix]);
  for (const url of posts.flatMap(urlsOf)) assert.ok(covers(heard, url));
  for (const { filesThen } of heard)
    assert.deepEqual(
      filesThen.filter((file) => file.startsWith(prefix)),
      [],
    );
  assert.deepEqual(await told(() => dora.edits({ isPrivate: false })), [], 'signatures end by themselves');
});

test('an avatar that was replaced, and an account that is deleted, are told too', async () => {
  const erna = await world.account('erna');
  const setAvatar = async () => {
    const uploadId = await erna.uploads(samplePhoto);
    return (await erna.must('PUT', '/me/avatar', { body: { uploadId } })).body.avatarUrl as string;
  };
  const before = await setAvatar();
  let now = '';
  const replaced = await told(async () => {
    now = await setAvatar();
  });
  assert.ok(covers(replaced, before) && !covers(replaced, now));
  const post = await erna.posts();
  const left = await told(() => erna.leaves());
  for (const url of [now, ...urlsOf(post)]) assert.ok(covers(left, url), url);
});

test('a hook that fails is asked again until it answers, and nothing is lost', async () => {
  const posts = [await ann.posts(), await ann.posts(), await ann.posts()];
  await world.settled();
  answers.push(500, 'cut', 302);
  const heard = await told(async () => {
    for (const post of posts) await ann.deletes(post);
    await until(async () => (answers.length === 0 ? true : null), 'the hook has failed three times');
  });
  assert.deepEqual(
    calls.slice(0, 3).map(({ answered }) => answered),
    [500, 'cut', 302],
  );
  for (const url of posts.flatMap(urlsOf)) assert.ok(covers(heard, url), url);
});

test('the prefixes begin with the path of the photos’ address', async () => {
  const { app } = world;
  for (const [mediaUrl, prefix] of [
    ['', '/media/public/1/'],
    ['https://d111111abcdef8.cloudfront.net', '/public/1/'],
    ['https://img.example.org/some/where', '/some/where/public/1/'],
  ] as const) {
    const heard = await told(() => purge({ config: { ...app.config, mediaUrl } }, ['public/1']));
    assert.deepEqual(prefixesOf(heard), [prefix], mediaUrl);
  }
  await assert.rejects(purge({ config: { ...app.config, purgeUrl: 'http://127.0.0.1:1/' } }, ['public/1']));
  assert.deepEqual(await told(() => purge({ config: { ...app.config, purgeUrl: '' } }, ['public/1'])), []);
});
