/** Drafts that are to be published later: once, at their time, whatever happens meanwhile. The clock is moved. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { openWorld, type Person } from '../../../test/world.ts';
import type { App } from '../../infra/app.ts';
import { sql } from '../../infra/sql.ts';
import { publishDueDrafts } from './due.ts';

const world = await openWorld();
const [ann, bob] = await world.accounts('ann', 'bob');
await bob.follows(ann);
const photo = new Uint8Array(
  await sharp({ create: { width: 60, height: 40, channels: 3, background: '#804020' } })
    .jpeg()
    .toBuffer(),
);
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const at = (aheadMs: number) => new Date(Date.now() + aheadMs).toISOString();
const schedules = (draft: { id: string }, aheadMs: number, person = ann) =>
  person.act('PUT', `/drafts/${draft.id}/schedule`, { body: { publishAt: at(aheadMs) } });
async function drafted(person: Person, caption: string, more: object = {}) {
  const photos = [{ uploadId: await person.uploads(photo), altText: 'the pier' }];
  return (await person.must('POST', '/drafts', { body: { content: { caption, photos, ...more } } })).body;
}
/** A process whose clock goes ahead by so much. */
const later = (aheadMs: number): App => ({
  ...world.app,
  clock: { nowMs: () => Date.now() + aheadMs },
});
const sweep = (aheadMs: number) => publishDueDrafts(later(aheadMs));
const postsOf = async (caption: string) =>
  (await world.rows<{ post_id: string }>(sql`select post_id from posts where caption = ${caption}`)).map(
    (row) => row.post_id,
  );
const draftNow = (draft: { id: string }, person = ann) => person.act('GET', `/drafts/${draft.id}`);

test('a draft is published at its time, and is the newest post then', async () => {
  const draft = await drafted(ann, 'later #light @bob');
  const scheduled = (await schedules(draft, HOUR_MS)).body;
  assert.ok(Math.abs(Date.parse(scheduled.publishAt) - Date.now() - HOUR_MS) < 10_000);
  assert.equal(scheduled.version, draft.version);
  const before = await ann.posts('posted meanwhile', [photo]);
  assert.equal(await sweep(HOUR_MS - 60_000), 0, 'not before');
  assert.deepEqual(await postsOf('later #light @bob'), []);
  assert.equal(await sweep(HOUR_MS + 60_000), 1);
  assert.equal(await sweep(HOUR_MS + 60_000), 0, 'not twice');
  assert.equal((await draftNow(draft)).status, 404);
  await world.settled();
  const { items } = await bob.get('/feed');
  assert.deepEqual(
    items.map(({ caption }: { caption: string }) => caption),
    ['later #light @bob', 'posted meanwhile'],
  );
  assert.equal(items[0].photos[0].altText, 'the pier');
  assert.ok(BigInt(items[0].id) > BigInt(before.id));
  const { items: told } = await bob.get('/activity');
  assert.ok(told.some(({ kind }: { kind: string }) => kind === 'mentioned'));
});

test('the moment is between a minute and a year from now, and what could not be published is refused at once', async () => {
  const draft = await drafted(ann, 'when');
  for (const aheadMs of [-DAY_MS, 0, 30_000, 366 * DAY_MS]) {
    const reply = await schedules(draft, aheadMs);
    assert.deepEqual([reply.status, reply.body.error.fields[0].path], [400, 'publishAt'], String(aheadMs));
  }
  const odd = await ann.act('PUT', `/drafts/${draft.id}/schedule`, { body: { publishAt: 'tomorrow' } });
  assert.equal(odd.status, 400);
  for (const aheadMs of [61_000, 364 * DAY_MS]) assert.equal((await schedules(draft, aheadMs)).status, 200);
  const offset = await ann.act('PUT', `/drafts/${draft.id}/schedule`, {
    body: { publishAt: at(2 * HOUR_MS).replace('Z', '+01:00') },
  });
  assert.ok(Math.abs(Date.parse(offset.body.publishAt) - Date.now() - HOUR_MS) < 10_000);

  const unfinished: [object, RegExp][] = [
    [{ photos: [] }, /no photo/],
    [{ caption: 'x'.repeat(2_201) }, /caption is longer than 2,200/],
    [
      { photos: [{ uploadId: draft.content.photos[0].uploadId, altText: 'x'.repeat(1_001) }] },
      /photo 1 is longer/,
    ],
  ];
  for (const [more, sentence] of unfinished) {
    const reply = await schedules(await drafted(ann, 'unfinished', more), HOUR_MS);
    assert.deepEqual([reply.status, reply.body.error.code], [400, 'draft_unfinished']);
    assert.match(reply.body.error.message, sentence);
  }
  await ann.must('DELETE', `/drafts/${draft.id}`);
});

test('a scheduled draft can be changed, put off, taken back and thrown away', async () => {
  const [changed, putOff, takenBack, thrown] = [
    await drafted(ann, 'as it was'),
    await drafted(ann, 'put off'),
    await drafted(ann, 'taken back'),
    await drafted(ann, 'thrown away'),
  ];
  for (const draft of [changed, putOff, takenBack, thrown]) await schedules(draft, HOUR_MS);
  const content = { ...changed.content, caption: 'as it is now' };
  const saved = await ann.must('PUT', `/drafts/${changed.id}`, { body: { content, version: 1 } });
  assert.ok(saved.body.publishAt, 'it stays scheduled');
  await schedules(putOff, 3 * HOUR_MS);
  for (const _ of [1, 2])
    assert.equal((await ann.must('DELETE', `/drafts/${takenBack.id}/schedule`)).body.publishAt, null);
  await ann.must('DELETE', `/drafts/${thrown.id}`);
  assert.equal(await sweep(2 * HOUR_MS), 1);
  assert.equal((await postsOf('as it is now')).length, 1);
  for (const caption of ['as it was', 'put off', 'taken back', 'thrown away'])
    assert.deepEqual(await postsOf(caption), [], caption);
  assert.equal(await sweep(4 * HOUR_MS), 1);
  assert.equal((await postsOf('put off')).length, 1);
  assert.equal((await draftNow(takenBack)).status, 200);
});

test('published by many processes at once, and by its author in the same moment, it is one post', async () => {
  for (const isByAuthorToo of [false, true, true, true]) {
    const caption = `at once ${isByAuthorToo}`;
    await world.rows(sql`update posts set caption = 'over' where caption = ${caption}`);
    const draft = await drafted(ann, caption);
    await schedules(draft, HOUR_MS);
    const photos = [{ uploadId: draft.content.photos[0].uploadId }];
    const body = { caption, photos, draftId: draft.id };
    const [reply, ...counts] = await Promise.all([
      isByAuthorToo ? ann.act('POST', '/posts', { body }) : null,
      sweep(2 * HOUR_MS),
      sweep(2 * HOUR_MS),
      sweep(2 * HOUR_MS),
    ]);
    const published = (reply?.status === 201 ? 1 : 0) + counts.reduce((all, count) => all + count, 0);
    assert.deepEqual([published, (await postsOf(caption)).length], [1, 1]);
    assert.ok(!reply || [201, 404].includes(reply.status), reply?.text);
    assert.equal((await draftNow(draft)).status, 404);
  }
});

test('a change, a delay or an end between the look and the publication wins', async () => {
  const changes: [string, (draft: { id: string; content: object }) => Promise<unknown>][] = [
    [
      'save',
      (draft) =>
        ann.must('PUT', `/drafts/${draft.id}`, {
          body: { content: { ...draft.content, caption: 'newer' }, version: 1 },
        }),
    ],
    ['put off', (draft) => schedules(draft, 5 * HOUR_MS)],
    ['take back', (draft) => ann.must('DELETE', `/drafts/${draft.id}/schedule`)],
    ['throw away', (draft) => ann.must('DELETE', `/drafts/${draft.id}`)],
  ];
  for (const [name, change] of changes) {
    const draft = await drafted(ann, `overtaken: ${name}`);
    await schedules(draft, HOUR_MS);
    const app = later(2 * HOUR_MS);
    const [server] = app.shards.servers;
    assert.ok(server);
    // The look at what is due is the only plain read; the change comes right after it.
    const database = {
      ...server.database,
      rows: async (statement: ReturnType<typeof sql>) => {
        const rows = await server.database.rows(statement);
        if (statement.text.includes('from drafts')) await change(draft);
        return rows;
      },
    } as typeof server.database;
    const shards = Object.assign(Object.create(app.shards), { servers: [{ ...server, database }] });
    await publishDueDrafts({ ...app, shards });
    assert.deepEqual(await postsOf(`overtaken: ${name}`), [], name);
    if (name !== 'throw away') assert.equal((await draftNow(draft)).body.failure, null, name);
  }
  await sweep(2 * HOUR_MS);
  assert.equal((await postsOf('newer')).length, 1, 'it came with the next look');
  await sweep(6 * HOUR_MS);
  assert.equal((await postsOf('overtaken: put off')).length, 1);
});

test('what cannot be published stays, says why, and is not tried again until its author wants it', async () => {
  const tooLong = await drafted(ann, 'too long');
  const lost = await drafted(ann, 'lost');
  const used = await drafted(ann, 'used');
  const unsent = await drafted(ann, 'unsent');
  const tagged = await drafted(ann, Array.from({ length: 31 }, (_, number) => `#tag${number}`).join(' '));
  const good = await drafted(ann, 'good');
  const { uploadId } = (await ann.must('POST', '/uploads')).body;
  await ann.must('PUT', `/drafts/${unsent.id}`, {
    body: { content: { photos: [{ uploadId }] }, version: 1 },
  });
  const all = [tooLong, lost, used, unsent, tagged, good];
  for (const [minutes, draft] of all.entries()) await schedules(draft, HOUR_MS + minutes * 60_000);
  const content = { ...tooLong.content, caption: 'x'.repeat(3_000) };
  await ann.must('PUT', `/drafts/${tooLong.id}`, { body: { content, version: 1 } });
  await ann.must('DELETE', `/uploads/${lost.content.photos[0].uploadId}`);
  await ann.publishes('another', [used.content.photos[0].uploadId]);

  assert.equal(await sweep(2 * HOUR_MS), 1, 'those before it do not keep the good one back');
  const sentences: [{ id: string }, RegExp, string][] = [
    [tooLong, /^The caption is longer than 2,200 characters\.$/, 'draft_caption_long'],
    [lost, /^A photo of this draft is not there any more\. Add it again\.$/, 'draft_photo_gone'],
    [used, /^A photo of this draft is not there any more\. Add it again\.$/, 'draft_photo_gone'],
    [unsent, /^A photo of this draft was not sent to the end\.$/, 'draft_photo_missing'],
    [tagged, /^At most 30 hashtags/, 'draft_tags'],
  ];
  for (const [draft, sentence, code] of sentences) {
    const { publishAt, failure, failureCode } = (await draftNow(draft)).body;
    assert.equal(publishAt, null);
    assert.match(failure, sentence);
    assert.equal(failureCode, code);
  }
  await ann.must('PUT', `/drafts/${tooLong.id}`, {
    body: { content: { ...content, caption: 'short enough' }, version: 2 },
  });
  const { failure, failureCode } = (await draftNow(tooLong)).body;
  assert.deepEqual([failure, failureCode], [null, null]);
  assert.equal(await sweep(3 * HOUR_MS), 0, 'never by itself');
  await schedules(tooLong, 4 * HOUR_MS);
  assert.equal(await sweep(5 * HOUR_MS), 1);
});

test('a fault of ours keeps it for the next time, and the others are published', async () => {
  const [first, second] = [await drafted(ann, 'unlucky'), await drafted(ann, 'lucky')];
  await schedules(first, HOUR_MS);
  await schedules(second, HOUR_MS + 60_000);
  const app = later(2 * HOUR_MS);
  const { enqueue } = app.queue;
  let faults = 1;
  const log = Object.assign(Object.create(app.log), { error: () => undefined });
  const queue: App['queue'] = {
    ...app.queue,
    enqueue: (...values) => (faults-- > 0 ? Promise.reject(new Error('a fault')) : enqueue(...values)),
  };
  assert.equal(await publishDueDrafts({ ...app, log, queue }), 1);
  assert.deepEqual([(await postsOf('unlucky')).length, (await postsOf('lucky')).length], [0, 1]);
  const { publishAt, failure } = (await draftNow(first)).body;
  assert.ok(publishAt);
  assert.equal(failure, null);
  assert.equal(await sweep(2 * HOUR_MS), 1);
});

test('more drafts than one look takes are all published', async () => {
  const carol = await world.account('carol');
  for (let number = 0; number < 25; number++) {
    const draft = await drafted(carol, `one of many ${number}`);
    await schedules(draft, HOUR_MS, carol);
  }
  assert.equal(await sweep(2 * HOUR_MS), 25);
  const rows = await world.rows(sql`select from posts where caption like 'one of many %'`);
  assert.equal(rows.length, 25);
});

test('drafts of an account that is gone are not published', async () => {
  const dora = await world.account('dora');
  const draft = await drafted(dora, 'too late');
  await schedules(draft, HOUR_MS, dora);
  // As it stands between the deletion and the job that removes what is left.
  await world.rows(sql`update accounts set state = 'deleted' where account_id = ${dora.id}`);
  for (const _ of [1, 2]) assert.equal(await sweep(2 * HOUR_MS), 0);
  assert.deepEqual(await postsOf('too late'), []);
  const [row] = await world.rows(sql`select publish_at, failure from drafts where draft_id = ${draft.id}`);
  assert.deepEqual(row, { publish_at: null, failure: 'This account is gone.' });
});

test('who has published the very same under its key finds it published once', async () => {
  const draft = await drafted(ann, 'my own key');
  await schedules(draft, HOUR_MS);
  const { uploadId, altText, edits, showsPlace } = draft.content.photos[0];
  const body = { caption: 'my own key', photos: [{ uploadId, altText, edits, showsPlace }] };
  const headers = { 'idempotency-key': `draft:${draft.id}:1` };
  await ann.must('POST', '/posts', { body, headers });
  await sweep(2 * HOUR_MS);
  assert.equal((await postsOf('my own key')).length, 1);
  assert.equal(await sweep(2 * HOUR_MS), 0);
  const { status, body: now } = await draftNow(draft);
  assert.ok(status === 404 || now.publishAt === null);
});
