/** What happens to photos when a worker, the store or the disk fails under them. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import sharp from 'sharp';
import type { PostCard } from '../core/shapes.ts';
import { sql } from '../server/infra/sql.ts';
import { DamagedFile, NotStored, type Storage, StoreFault } from '../server/infra/storage/storage.ts';
import { assertBusy, assertTidy, leftOf, newPhoto, openTicket } from './hostile-world.ts';
import { openWorld, type Person, until } from './world.ts';

// One worker, so that it is known which photo a worker is at.
const world = await openWorld({ config: { mediaWorkers: 1, logLevel: 'silent' } });
const [ann, bob] = await world.accounts('ann', 'bob');
const { app } = world;
let seed = 0;
const photo = () => newPhoto(seed++);
const passing = () => new StoreFault('The photo store answered 500.', true);

/** Puts something around one method until the test ends, or until it is taken away. */
function around<Target extends object, Name extends keyof Target>(
  t: TestContext,
  target: Target,
  name: Name,
  wrap: (original: Target[Name]) => Target[Name],
): () => void {
  const original = target[name];
  target[name] = wrap(original);
  const restore = () => {
    target[name] = original;
  };
  t.after(restore);
  return restore;
}

/** Nobody waits for the back-off of jobs that failed: they are tried again at once. */
async function settlesAtOnce(person: Person, { id }: { id: string }): Promise<PostCard> {
  return until(async () => {
    await world.rows(sql`update jobs.job set start_after = now() where state = 'retry' returning 1`);
    // It has nothing to replay here, but wakes all workers.
    await app.queue.replayDead();
    const post = (await person.get(`/posts/${id}`)) as PostCard;
    return post.state === 'developing' ? null : post;
  }, 'the post is published, or has failed');
}

async function assertWhole(post: PostCard): Promise<void> {
  assert.equal(post.state, 'published', JSON.stringify(post.photos));
  for (const { renditions } of post.photos)
    for (const { url, width } of renditions) {
      const reply = await ann.act('GET', url);
      assert.equal(reply.status, 200);
      const bytes = Buffer.from(await (await fetch(world.base + url)).arrayBuffer());
      assert.equal((await sharp(bytes).metadata()).width, width);
    }
}

/** A photo that failed says why in a sentence. */
function assertFailed({ state, photos: [failed] }: PostCard, reason: RegExp): void {
  assert.deepEqual([state, failed?.state], ['failed', 'failed']);
  assert.match(failed?.failure ?? '', reason);
  assert.doesNotMatch(failed?.failure ?? '', /Error|\/|photos|500/);
}

const hasKey = (files: readonly { key: string }[], mediaId: string) =>
  files.some(({ key }) => key.includes(mediaId));

// the worker --------------------------------------------------------------------------------------------------

const killWorkers = () => {
  for (const pid of app.images.pids()) process.kill(pid, 'SIGKILL');
};

test('a worker that dies over a photo costs it one try; over a photo that kills each, the photo fails, and others are published', async (t) => {
  const [once, always] = [await ann.uploads(await photo()), await ann.uploads(await photo())];
  const deaths = new Map([
    [once, 1],
    [always, 100],
  ]);
  let deathsOfAlways = 0;
  const restore = around(t, app.images, 'render', (render) => (job) => {
    const made = render(job);
    const mediaId = [once, always].find((id) => job.sourcePath.includes(id));
    const left = mediaId ? (deaths.get(mediaId) ?? 0) : 0;
    if (mediaId && left > 0) {
      deaths.set(mediaId, left - 1);
      if (mediaId === always) deathsOfAlways++;
      killWorkers();
    }
    return made;
  });
  await assertWhole(await settlesAtOnce(ann, await ann.publishes('', [once])));
  const bad = await ann.publishes('', [always]);
  const failed = await settlesAtOnce(ann, bad);
  assertFailed(failed, /^This photo could not be developed\. Send it again in another form\.$/);
  assert.equal(deathsOfAlways, 3);
  restore();
  await assertWhole(await bob.posts('', [await photo()]));
  const body = { uploadId: await ann.uploads(await photo()) };
  await ann.must('PUT', `/posts/${bad.id}/photos/${always}`, { body });
  await assertWhole(await settlesAtOnce(ann, bad));
  await assertTidy(world);
  assert.deepEqual(await leftOf(world.dataDir, always), []);
});

test('a worker that dies or stands still while a photo is looked at costs that upload', async (t) => {
  const { url } = await openTicket(ann);
  const bytes = await photo();
  let signal: NodeJS.Signals = 'SIGKILL';
  const restore = around(t, app.images, 'develop', (develop) => (sourcePath, masterPath) => {
    const done = develop(sourcePath, masterPath);
    for (const pid of app.images.pids()) process.kill(pid, signal);
    return done;
  });
  assertBusy(await ann.act('PUT', url, { raw: bytes }), 'image_crashed');
  signal = 'SIGSTOP';
  const hung = await ann.act('PUT', url, { raw: bytes });
  assert.deepEqual([hung.status, hung.body.error.code], [422, 'image_timeout']);
  restore();
  assert.equal((await ann.act('GET', url)).status, 404);
  assert.deepEqual(await leftOf(world.dataDir, url.split('/').at(-1) ?? ''), []);
  await assertWhole(await bob.posts('', [await photo()]));
});

type Fault = <Result>(about: string, work: () => Promise<Result>) => Promise<Result>;
const steps: [string, (t: TestContext, fault: Fault) => () => void][] = [
  [
    'fetch',
    (t, fault) =>
      around(t, app.storage, 'local', (local) => (key, digest) => fault(key, () => local(key, digest))),
  ],
  [
    'render',
    (t, fault) =>
      around(t, app.images, 'render', (render) => (job) => fault(job.sourcePath, () => render(job))),
  ],
  [
    'store',
    (t, fault) =>
      around(
        t,
        app.storage,
        'putAll',
        (putAll) => (files) => fault(files[0]?.key ?? '', () => putAll(files)),
      ),
  ],
];

test('a fault before or after any step of making a photo leads to the same photo', async (t) => {
  for (const [step, wrap] of steps) {
    const [before, after] = [await ann.uploads(await photo()), await ann.uploads(await photo())];
    const faulted: string[] = [];
    const restore = wrap(t, async (about, work) => {
      const mediaId = [before, after].find((id) => about.includes(id) && !faulted.includes(id));
      if (!mediaId) return work();
      faulted.push(mediaId);
      if (mediaId === after) await work();
      throw passing();
    });
    const posts = [await ann.publishes('', [before]), await ann.publishes('', [after])];
    for (const post of posts) await assertWhole(await settlesAtOnce(ann, post));
    restore();
    assert.deepEqual(faulted.sort(), [before, after].sort(), step);
    for (const mediaId of faulted) {
      const files = await leftOf(world.dataDir, mediaId);
      assert.equal(files.length, 5, `${step}: an original and four renditions, ${files}`);
    }
  }
  await assertTidy(world);
});

// the store ---------------------------------------------------------------------------------------------------

test('while the store fails, an upload is refused with a time to come again, and its ticket stays good', async (t) => {
  for (const name of ['receive', 'local', 'freeBytes', 'formFor'] as const) {
    const ticket = name === 'receive' || name === 'local' ? await openTicket(ann) : null;
    const restore = around(t, app.storage, name, () => async () => {
      throw passing();
    });
    const send = async () =>
      ticket ? ann.act('PUT', ticket.url, { raw: await photo() }) : ann.act('POST', '/uploads');
    assertBusy(await send(), 'store_down');
    restore();
    assert.equal((await send()).status, ticket ? 200 : 201, name);
    if (ticket) await ann.must('DELETE', ticket.url);
  }
  await assertTidy(world);
});

test('while the store fails, what is asked of photos is refused with a time to come again', async (t) => {
  const post = await ann.posts('', [await photo()]);
  const [{ mediaId, renditions } = { mediaId: '', renditions: [] }] = post.photos;
  const uploadId = await ann.uploads(await photo());
  const at = `/posts/${post.id}/photos/${mediaId}`;
  const asked: [keyof Storage, string, string, object | undefined][] = [
    ['open', 'GET', renditions[0]?.url ?? '', undefined],
    ['local', 'GET', `${at}/proof`, undefined],
    ['putAll', 'PUT', `${at}/edits`, { look: { filter: 'warm-vintage' } }],
    ['putAll', 'PUT', '/me/avatar', { uploadId }],
    ['stat', 'POST', `${(await openTicket(ann)).url}/complete`, undefined],
  ];
  for (const [name, method, path, body] of asked) {
    const restore = around(t, app.storage, name, () => async () => {
      throw passing();
    });
    assertBusy(await ann.act(method, path, body ? { body } : {}), 'store_down');
    restore();
  }
  await assertWhole((await ann.get(`/posts/${post.id}`)) as PostCard);
});

test('a store that fails a few times delays a post; one that fails for good fails that photo alone, which can be sent anew', async (t) => {
  const [few, always] = [await ann.uploads(await photo()), await ann.uploads(await photo())];
  let faults = 0;
  const restore = around(t, app.storage, 'putAll', (putAll) => async (files) => {
    if (hasKey(files, always) || (hasKey(files, few) && faults++ < 3)) throw passing();
    return putAll(files);
  });
  const [late, bad] = [await ann.publishes('', [few]), await ann.publishes('', [always])];
  await assertWhole(await bob.posts('', [await photo()]));
  await assertWhole(await settlesAtOnce(ann, late));
  assertFailed(
    await settlesAtOnce(ann, bad),
    /^This photo could not be developed\. Send it again in another form\.$/,
  );
  await world.settled();
  assert.equal((await app.queue.counts()).dead, 0);
  restore();
  await ann.must('PUT', `/posts/${bad.id}/photos/${always}`, {
    body: { uploadId: await ann.uploads(await photo()) },
  });
  await assertWhole(await settlesAtOnce(ann, bad));
  await assertTidy(world);
  assert.deepEqual(await leftOf(world.dataDir, always), []);
});

test('a photo that the store has lost, or gives back cut short, fails at once with the reason', async (t) => {
  const ways: [string, (file: string) => Promise<void>][] = [
    ['lost', (file) => rm(file)],
    ['cut short', async (file) => writeFile(file, (await readFile(file)).subarray(0, 500))],
    ['other bytes', async (file) => writeFile(file, await photo())],
  ];
  for (const [what, harm] of ways) {
    const uploadId = await ann.uploads(await photo());
    await harm(path.join(world.dataDir, 'photos/originals', uploadId.slice(-2), uploadId));
    const post = await settlesAtOnce(ann, await ann.publishes('', [uploadId]));
    assertFailed(post, /^The photo was lost on its way\. Send it again\.$/);
    await ann.must('DELETE', `/posts/${post.id}`);
    await world.settled();
    assert.deepEqual(await leftOf(world.dataDir, uploadId), [], what);
  }
  for (const error of [new NotStored('originals/1'), new DamagedFile('originals/1')]) {
    const { url } = await openTicket(ann);
    const restore = around(t, app.storage, 'local', () => async () => {
      throw error;
    });
    const reply = await ann.act('PUT', url, { raw: await photo() });
    restore();
    assert.deepEqual([reply.status, reply.body.error.code], [422, 'image_lost']);
  }
});

test('a store that answers slowly holds up nobody who does not need it', async (t) => {
  const post = await bob.posts('', [await photo()]);
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  around(t, app.storage, 'receive', (receive) => async (...given) => {
    await gate;
    return receive(...given);
  });
  const tickets = await Promise.all(Array.from({ length: 20 }, () => openTicket(ann)));
  const bytes = await photo();
  const sent = tickets.map(({ url }) => ann.act('PUT', url, { raw: bytes }));
  await bob.must('PUT', `/posts/${post.id}/like`);
  await assertWhole(await bob.get(`/posts/${post.id}`));
  release();
  for (const reply of await Promise.all(sent)) assert.equal(reply.status, 200, reply.text);
  for (const { url } of tickets) await ann.must('DELETE', url);
  await assertTidy(world);
});

test('what is stored is known by its checksum, whatever failed before', async () => {
  const rows = await world.rows<{ media_id: string; sha256: string }>(
    sql`select media_id, sha256 from media where state = 'ready'`,
  );
  assert.ok(rows.length > 10);
  for (const { media_id: mediaId, sha256 } of rows) {
    const bytes = await readFile(path.join(world.dataDir, 'photos/originals', mediaId.slice(-2), mediaId));
    assert.equal(createHash('sha256').update(bytes).digest('hex'), sha256);
  }
});
