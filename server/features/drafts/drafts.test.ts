/** Drafts: kept for their author alone, with their photos; published once, or thrown away. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { openWorld, type Person, samplePhoto, until } from '../../../test/world.ts';
import { sql } from '../../infra/sql.ts';
import { sweepUploads } from '../media/uploads.ts';

const world = await openWorld();
const [ann, bob] = await world.accounts('ann', 'bob');

const drafts = async (person: Person = ann, content: object = {}, headers: Record<string, string> = {}) =>
  (await person.must('POST', '/drafts', { body: { content }, headers })).body;
const saves = (draft: { id: string; version: number }, content: object, person = ann) =>
  person.act('PUT', `/drafts/${draft.id}`, { body: { content, version: draft.version } });
const photosOf = (...uploadIds: string[]) => uploadIds.map((uploadId) => ({ uploadId }));
const refusal = ({ status, body }: { status: number; body: { error: { code: string } } }) => [
  status,
  body.error.code,
];
/** Days until the upload expires; null: never, or it is gone. */
async function daysOf(uploadId: string): Promise<number | null> {
  const [row] = await world.rows<{ days: number | null }>(
    sql`select (extract(epoch from expires_at - now()) / 86400)::float8 as days from media where media_id = ${uploadId}`,
  );
  return row?.days ?? null;
}
const isAbout = (days: number | null, wanted: number) =>
  assert.ok(days !== null && Math.abs(days - wanted) < 0.01, `${days} days, not ${wanted}`);

test('a draft gives back what was put in, as it was typed', async () => {
  const uploadId = await ann.uploads(samplePhoto);
  const content = {
    caption: ` not yet done @bob ${'x'.repeat(3_000)} `,
    placeName: 'Porto',
    audience: 'followers',
    takesComments: false,
    hidesLikeCount: true,
    photos: [
      {
        uploadId,
        altText: 'a pier ',
        edits: {
          frame: { turns: 1, isMirrored: false, degrees: 0, crop: null },
          look: { filter: 'warm-vintage', strength: 50, adjustments: {} },
        },
        people: [{ accountId: bob.id, x: 0.5, y: 0.25 }],
        takenAt: '2024-05-31T18:20:07',
        place: { latitude: 41.1, longitude: -8.6 },
        showsPlace: true,
      },
    ],
  };
  const made = await drafts(ann, content);
  assert.deepEqual(made.content, content);
  assert.deepEqual([made.version, made.publishAt, made.failure], [1, null, null]);
  assert.deepEqual(await ann.get(`/drafts/${made.id}`), made);
  const empty = await drafts();
  assert.deepEqual(empty.content, {
    caption: '',
    placeName: null,
    audience: 'everyone',
    takesComments: true,
    hidesLikeCount: false,
    photos: [],
  });
  const saved = await saves(made, { caption: 'shorter', photos: photosOf(uploadId) });
  assert.deepEqual([saved.status, saved.body.version, saved.body.content.caption], [200, 2, 'shorter']);
  const { items } = await ann.get('/drafts');
  assert.deepEqual(
    items.map(({ id }: { id: string }) => id),
    [made.id, empty.id],
    'changed last first',
  );
});

test('nobody but its author learns that there is a draft', async () => {
  const uploadId = await ann.uploads(samplePhoto);
  const { id, version, photos } = await drafts(ann, { photos: photosOf(uploadId) });
  const publishAt = new Date(Date.now() + 3_600_000).toISOString();
  const calls: [string, string, object?][] = [
    ['GET', `/drafts/${id}`],
    ['PUT', `/drafts/${id}`, { content: {}, version }],
    ['PUT', `/drafts/${id}/schedule`, { publishAt }],
    ['DELETE', `/drafts/${id}/schedule`],
    ['GET', photos[0].url.replace('/api/v1', '')],
    ['DELETE', `/drafts/${id}`],
  ];
  const never = await ann.act('GET', `/drafts/${ann.id}`);
  for (const [method, at, body] of calls) {
    const reply = await bob.act(method, at, body ? { body } : {});
    assert.deepEqual(
      [reply.status, reply.body.error.message],
      [404, never.body.error.message],
      `${method} ${at}`,
    );
    assert.equal((await world.call(method, at, body ? { body } : {})).status, 401, `${method} ${at}`);
  }
  const own = await bob.uploads(samplePhoto);
  const stolen = await bob.act('POST', '/posts', { body: { photos: photosOf(own), draftId: id } });
  assert.equal(stolen.status, 404);
  assert.equal((await bob.get(`/uploads/${own}`)).state, 'uploaded', 'nothing of it was published');
  assert.deepEqual((await bob.get('/drafts')).items, []);
  assert.equal((await world.call('GET', '/drafts')).status, 401);
  assert.equal((await ann.get(`/drafts/${id}`)).version, 1);
});

test('what cannot be a draft is refused', async () => {
  const upload = await bob.uploads(samplePhoto);
  assert.deepEqual(
    refusal(await ann.act('POST', '/drafts', { body: { content: { photos: photosOf(upload) } } })),
    [422, 'upload_unknown'],
  );
  const made = await drafts();
  assert.deepEqual(refusal(await saves(made, { photos: photosOf(upload) })), [422, 'upload_unknown']);
  assert.deepEqual(refusal(await saves(made, { photos: photosOf(made.id) })), [422, 'upload_unknown']);
  const wrong: object[] = [
    { caption: 7 },
    { caption: 'half \ud800' },
    { caption: 'nul \u0000' },
    { captain: 'unknown field' },
    { audience: 'nobody' },
    { photos: [{ uploadId: 'x' }] },
    { photos: [{ uploadId: upload, edits: { look: { filter: 'none such' } } }] },
    { photos: [{ uploadId: upload, people: [{ accountId: bob.id, x: 2, y: 0 }] }] },
    { photos: Array.from({ length: 21 }, () => ({ uploadId: upload })) },
    { photos: Array.from({ length: 8 }, () => ({ uploadId: upload, altText: 'ä'.repeat(9_000) })) },
  ];
  for (const content of wrong)
    assert.deepEqual(
      refusal(await saves(made, content)),
      [400, 'invalid'],
      JSON.stringify(content).slice(0, 80),
    );
  assert.equal((await ann.act('PUT', `/drafts/${made.id}`, { body: { content: {} } })).status, 400);
  assert.equal((await ann.get(`/drafts/${made.id}`)).version, 1);
});

test('who saves an old version is told so, and one whose answer was lost may save again', async () => {
  const made = await drafts(ann, { caption: 'one' });
  const [first, second] = await Promise.all([
    saves(made, { caption: 'by the left tab' }),
    saves(made, { caption: 'by the right tab' }),
  ]);
  assert.deepEqual([first.status, second.status].sort(), [200, 409]);
  const [won, lost] = first.status === 200 ? [first, second] : [second, first];
  assert.equal(lost.body.error.code, 'draft_changed');
  const again = await saves(made, { caption: won.body.content.caption });
  assert.deepEqual([again.status, again.body], [200, won.body]);
  assert.equal((await saves(made, { caption: 'something else' })).status, 409);
});

test('the same key makes one draft', async () => {
  const headers = { 'idempotency-key': 'a-new-draft' };
  const made = await Promise.all([1, 2, 3].map(() => drafts(bob, { caption: 'once' }, headers)));
  assert.equal(new Set(made.map(({ id }) => id)).size, 1);
  assert.equal((await bob.get('/drafts')).items.length, 1);
  await bob.must('DELETE', `/drafts/${made[0].id}`);
});

test('an account has at most 50 drafts, also when they are made at once', async () => {
  const carol = await world.account('carol');
  for (let made = 0; made < 48; made += 8) await Promise.all(Array.from({ length: 8 }, () => drafts(carol)));
  const replies = await Promise.all(
    Array.from({ length: 5 }, () => carol.act('POST', '/drafts', { body: { content: {} } })),
  );
  assert.deepEqual(replies.map(({ status }) => status).sort(), [201, 201, 409, 409, 409]);
  assert.ok(replies.every(({ status, body }) => status === 201 || body.error.code === 'too_many_drafts'));
  const { items } = await carol.get('/drafts');
  assert.equal(items.length, 50);
  await carol.must('DELETE', `/drafts/${items[0].id}`);
  await drafts(carol);
});

test('uploads that a draft names do not expire for 30 days, and soon when none does any more', async () => {
  const dora = await world.account('dora');
  const [a, b] = [await dora.uploads(samplePhoto), await dora.uploads(samplePhoto)];
  const made = await drafts(dora, { photos: photosOf(a, b) });
  const other = await drafts(dora, { photos: photosOf(b) });
  isAbout(await daysOf(a), 30);
  await world.rows(sql`update media set expires_at = now() + interval '1 hour' where media_id = ${a}`);
  const saved = await saves(made, { photos: photosOf(b, a) }, dora);
  isAbout(await daysOf(a), 30);
  const publishAt = new Date(Date.now() + 100 * 86_400_000).toISOString();
  await dora.must('PUT', `/drafts/${made.id}/schedule`, { body: { publishAt } });
  isAbout(await daysOf(a), 130);
  await dora.must('DELETE', `/drafts/${made.id}/schedule`);
  isAbout(await daysOf(a), 30);
  await saves(saved.body, { photos: photosOf(b) }, dora);
  isAbout(await daysOf(a), 1);
  await dora.must('DELETE', `/drafts/${made.id}`);
  assert.equal((await dora.act('DELETE', `/drafts/${made.id}`)).status, 404);
  isAbout(await daysOf(b), 30);
  await dora.must('DELETE', `/drafts/${other.id}`);
  isAbout(await daysOf(b), 15 / 1440);
});

test('photos of drafts take no room from what is being uploaded', async () => {
  const eve = await world.account('eve');
  for (let at = 0; at < 4; at++) {
    const tickets = await Promise.all(Array.from({ length: 20 }, () => eve.must('POST', '/uploads')));
    await drafts(eve, { photos: photosOf(...tickets.map(({ body }) => body.uploadId)) });
  }
  const { items } = await eve.get('/drafts');
  assert.deepEqual(items[0].photos[0].isMissing, false, 'it is still to be sent');
  assert.deepEqual(items[0].photos[0].url, null);
  await world.rows(sql`update media set announced_bytes = 600000000 where account_id = ${eve.id}`);
  const one = await eve.must('POST', '/uploads');
  assert.deepEqual(
    refusal(await eve.act('POST', '/drafts', { body: { content: { photos: photosOf(one.body.uploadId) } } })),
    [409, 'drafts_full'],
  );
});

test('an upload that is gone is named, and the rest can be saved on', async () => {
  const [a, b] = [await ann.uploads(samplePhoto), await ann.uploads(samplePhoto)];
  const made = await drafts(ann, { photos: photosOf(a, b) });
  await world.rows(sql`update media set expires_at = now() - interval '1 hour' where media_id = ${a}`);
  const missing = async () =>
    (await ann.get(`/drafts/${made.id}`)).photos.map(({ isMissing }: { isMissing: boolean }) => isMissing);
  assert.deepEqual(await missing(), [true, false]);
  await sweepUploads(world.app);
  assert.deepEqual(await missing(), [true, false]);
  assert.equal((await saves(made, { caption: 'on', photos: photosOf(a, b) })).status, 200);
  assert.equal((await ann.act('GET', `/drafts/${made.id}/photos/${a}/thumbnail`)).status, 404);
});

test('thumbnails show the photo with its edits, are made once, and go with the upload', async () => {
  const uploadId = await ann.uploads(samplePhoto);
  const turned = { frame: { turns: 1 } };
  const made = await drafts(ann, { photos: [{ uploadId }] });
  const look = async (url: string) => {
    const reply = await fetch(world.base + url, { headers: { authorization: `Bearer ${ann.token}` } });
    assert.deepEqual([reply.status, reply.headers.get('content-type')], [200, 'image/jpeg']);
    assert.match(reply.headers.get('cache-control') ?? '', /^private/);
    const { width, height, exif } = await sharp(await reply.arrayBuffer()).metadata();
    return [width, height, exif];
  };
  const { url, thumbhash } = made.photos[0];
  assert.ok(thumbhash);
  assert.deepEqual(await look(url), [320, 213, undefined]);
  const { body } = await saves(made, { photos: [{ uploadId, edits: turned }] });
  assert.notEqual(body.photos[0].url, url, 'browsers may keep what has the old address');
  assert.deepEqual(await look(body.photos[0].url), [320, 480, undefined]);
  const { render } = world.app.images;
  world.app.images.render = () => Promise.reject(new Error('made again'));
  assert.deepEqual(await look(body.photos[0].url), [320, 480, undefined]);
  world.app.images.render = render;
  await ann.must('DELETE', `/uploads/${uploadId}`);
  assert.equal((await ann.act('GET', body.photos[0].url)).status, 404);
});

test('whoever goes on elsewhere gets the whole picture without edits, and whom the draft names as far as he sees them', async () => {
  const [otto, rosa, ines] = await world.accounts('otto', 'rosa', 'ines');
  const uploadId = await otto.uploads(samplePhoto);
  const crop = { left: 0, top: 0, width: 0.5, height: 0.5 };
  const people = [rosa, ines].map(({ id }, at) => ({ accountId: id, x: at / 2, y: 0.5 }));
  const photos = [{ uploadId, edits: { frame: { crop } }, people }];
  const made = await drafts(otto, { photos });
  const handles = (draft: { people: { handle: string }[] }) => draft.people.map(({ handle }) => handle);
  assert.deepEqual(handles(made), ['rosa', 'ines']);
  await ines.blocks(otto);
  assert.deepEqual(handles(await otto.get(`/drafts/${made.id}`)), ['rosa']);
  assert.deepEqual(handles((await otto.get('/drafts')).items[0]), ['rosa']);

  const at = `${world.base}/api/v1/drafts/${made.id}/photos/${uploadId}/proof`;
  const fetched = async (person: Person) =>
    fetch(at, { headers: { authorization: `Bearer ${person.token}` } });
  const reply = await fetched(otto);
  assert.equal(reply.headers.get('content-type'), 'image/jpeg');
  const proof = await sharp(Buffer.from(await reply.arrayBuffer())).metadata();
  assert.ok(Math.abs(proof.width / proof.height - 3 / 2) < 0.02, 'upright, and uncropped');
  assert.equal((await fetched(rosa)).status, 404);
});

test('many thumbnails asked for at once all come', async () => {
  const uploadIds = await Promise.all(Array.from({ length: 6 }, () => ann.uploads(samplePhoto)));
  const made = await drafts(ann, { photos: photosOf(...uploadIds) });
  const replies = await Promise.all(
    made.photos.map(({ url }: { url: string }) => ann.act('GET', url)) as Promise<{ status: number }>[],
  );
  assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([200]));
});

test('publishing ends the draft, once', async () => {
  const [a, b] = [await ann.uploads(samplePhoto), await ann.uploads(samplePhoto)];
  const made = await drafts(ann, { photos: photosOf(a, b) });
  const body = { caption: 'there', photos: photosOf(a), draftId: made.id };
  const headers = { 'idempotency-key': 'publish-a-draft' };
  const failing = await ann.act('POST', '/posts', { body: { ...body, photos: photosOf(bob.id) } });
  assert.equal(failing.status, 400);
  assert.equal((await ann.get(`/drafts/${made.id}`)).version, 1, 'what is refused leaves the draft');
  const replies = await Promise.all([1, 2, 3].map(() => ann.act('POST', '/posts', { body, headers })));
  assert.deepEqual(
    replies.map(({ status }) => status),
    [201, 201, 201],
  );
  assert.equal(new Set(replies.map(({ body: post }) => post.id)).size, 1);
  assert.equal((await ann.act('GET', `/drafts/${made.id}`)).status, 404);
  assert.equal((await ann.act('POST', '/posts', { body })).status, 404, 'without the key it is another post');
  isAbout(await daysOf(b), 15 / 1440);
  assert.equal(await daysOf(a), null);
  await until(
    async () => ((await ann.get(`/posts/${replies[0]?.body.id}`)).state === 'published' ? true : null),
    'it is published',
  );
});

test('an account that is deleted leaves no draft', async () => {
  const finn = await world.account('finn');
  await drafts(finn, { caption: 'never', photos: photosOf(await finn.uploads(samplePhoto)) });
  await finn.leaves();
  await world.settled();
  assert.deepEqual(await world.rows(sql`select from drafts where account_id = ${finn.id}`), []);
  assert.deepEqual(await world.rows(sql`select from media where account_id = ${finn.id}`), []);
});
