import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PLAIN_EDITS, PLAIN_FRAME } from '../../core/edits.ts';
import { limits } from '../../core/limits.ts';
import { createDraftStore, isEmptyDraft, largerSide, moved } from './draft.ts';
import type { UploadWork } from './upload-queue.ts';

type Sent = { uploadId: string; thumbhash: string };
type SendOptions = Parameters<UploadWork['send']>[1];
type Call = SendOptions & { bytes: Blob; settle: PromiseWithResolvers<Sent> };

/** A photo as a camera made it: 4000 × 3000, sent as 2048 × 1536. */
const preparedAs = (text: string, width = 2048) => ({
  photo: new Blob([text]),
  width,
  height: (width * 3) / 4,
  sourceWidth: 4000,
  sourceHeight: 3000,
});

/** A server in the hands of the test: uploads stay open until they are settled. */
function world(change: Partial<UploadWork> = {}) {
  const calls: Call[] = [];
  const forgotten: string[] = [];
  const pauses: PromiseWithResolvers<void>[] = [];
  const store = createDraftStore({
    readExif: async () => ({ takenAt: '2024-05-31T18:20:07', place: null }),
    prepare: async (file) => preparedAs(`prepared ${await file.text()}`),
    send: (bytes, options) => {
      const settle = Promise.withResolvers<Sent>();
      options.signal.addEventListener('abort', () => settle.reject(new Error('aborted')));
      calls.push({ bytes, ...options, settle });
      return settle.promise;
    },
    forget: async (uploadId) => void forgotten.push(uploadId),
    isPassing: (error) => error instanceof Error && error.message === 'cut',
    explain: (error) => (error instanceof Error ? error.message : 'unknown'),
    pause: () => {
      const pause = Promise.withResolvers<void>();
      pauses.push(pause);
      return pause.promise;
    },
    ...change,
  });
  const states = () => store.read().photos.map((photo) => photo.sending.kind);
  return { store, calls, forgotten, pauses, states };
}

const file = (name: string) => new File([name], name);
const files = (count: number) => Array.from({ length: count }, (_, at) => file(`${at}.jpg`));
async function turn() {
  for (let at = 0; at < 8; at++) await new Promise((resolve) => setImmediate(resolve));
}

test('photos are sent two at a time, in their order', async () => {
  const { store, calls, states } = world();
  store.add(files(4));
  await turn();
  assert.deepEqual(states(), ['sending', 'sending', 'waiting', 'waiting']);
  calls[0]?.settle.resolve({ uploadId: '1', thumbhash: '' });
  await turn();
  assert.deepEqual(states(), ['received', 'sending', 'sending', 'waiting']);
});

test('all photos are prepared, however long the first ones are being sent, so that they can be edited', async () => {
  const { store } = world();
  store.add(files(5));
  await turn();
  assert.ok(store.read().photos.every((photo) => photo.prepared !== null));
});

test('what is sent is the prepared photo, and the file itself if the browser cannot read it', async () => {
  const { store, calls } = world({
    prepare: async (one) => {
      if ((await one.text()) === 'a.heic') throw new Error('cannot decode');
      return preparedAs('prepared');
    },
  });
  const original = file('a.heic');
  store.add([original, file('b.jpg')]);
  await turn();
  assert.equal(calls.find((call) => call.bytes === original)?.bytes, original);
  assert.equal(await calls.find((call) => call.bytes !== original)?.bytes.text(), 'prepared');
  assert.deepEqual(
    store.read().photos.map((photo) => photo.isUnreadable),
    [true, false],
  );
});

test('progress shows, and never says 100 before the server has it', async () => {
  const { store, calls } = world();
  store.add(files(1));
  await turn();
  calls[0]?.onProgress(42);
  assert.deepEqual(store.read().photos[0]?.sending, { kind: 'sending', percent: 42 });
  calls[0]?.onProgress(100);
  assert.deepEqual(store.read().photos[0]?.sending, { kind: 'sending', percent: 99 });
});

test('a cut connection pauses, and the photo goes on under the same ticket', async () => {
  const { store, calls, pauses } = world();
  store.add(files(1));
  await turn();
  assert.equal(calls[0]?.uploadId, null);
  calls[0]?.onTicket({ uploadId: '7', knownPostId: null });
  calls[0]?.onProgress(60);
  calls[0]?.settle.reject(new Error('cut'));
  await turn();
  assert.deepEqual(store.read().photos[0]?.sending, { kind: 'paused', percent: 60, reason: 'cut' });
  pauses[0]?.resolve();
  await turn();
  assert.equal(calls[1]?.uploadId, '7');
  assert.equal(calls[1]?.bytes, calls[0]?.bytes);
  assert.deepEqual(store.read().photos[0]?.sending, { kind: 'sending', percent: 60 });
});

test('a refusal keeps the photo with the reason, and can be tried again', async () => {
  const { store, calls, states } = world();
  store.add(files(1));
  store.write('a caption');
  await turn();
  calls[0]?.settle.reject(new Error('This file is not a photo.'));
  await turn();
  const [photo] = store.read().photos;
  assert.deepEqual(photo?.sending, { kind: 'failed', reason: 'This file is not a photo.' });
  assert.equal(store.read().caption, 'a caption');
  store.retry(photo?.key ?? '');
  await turn();
  assert.deepEqual(states(), ['sending']);
  calls[1]?.settle.resolve({ uploadId: '7', thumbhash: '' });
  await turn();
  assert.deepEqual(states(), ['received']);
});

test('a removed photo stops its upload, and what was begun is taken back', async () => {
  const { store, calls, forgotten } = world();
  store.add(files(3));
  await turn();
  calls[0]?.settle.resolve({ uploadId: '1', thumbhash: '' });
  calls[1]?.onTicket({ uploadId: '2', knownPostId: null });
  await turn();
  const [first, second, third] = store.read().photos;
  store.select(first?.key ?? '');
  store.remove(first?.key ?? '');
  store.remove(second?.key ?? '');
  await turn();
  assert.deepEqual(forgotten, ['1', '2']);
  assert.equal(calls[1]?.signal.aborted, true);
  assert.deepEqual(
    store.read().photos.map((photo) => photo.key),
    [third?.key],
  );
  assert.equal(store.read().selectedKey, third?.key);
});

test('no more photos are taken than a post may hold', () => {
  const { store } = world();
  assert.equal(store.add(files(limits.photosPerPost + 3)).leftOut, 3);
  assert.equal(store.add(files(1)).leftOut, 1);
  assert.equal(store.read().photos.length, limits.photosPerPost);
});

test('the idempotency key stays until the draft is done with, then a new one is made', async () => {
  const { store, forgotten } = world();
  const { idempotencyKey } = store.read();
  assert.match(idempotencyKey, /^[\x21-\x7e]{1,255}$/);
  store.add(files(1));
  store.write('changed');
  assert.equal(store.read().idempotencyKey, idempotencyKey);
  store.clear({ wasPublished: true });
  assert.notEqual(store.read().idempotencyKey, idempotencyKey);
  assert.ok(isEmptyDraft(store.read()));
  assert.deepEqual(forgotten, []);
});

test('a discarded draft gives up what was sent for it', async () => {
  const { store, calls, forgotten } = world();
  store.add(files(2));
  await turn();
  calls[0]?.settle.resolve({ uploadId: '1', thumbhash: '' });
  await turn();
  store.clear({ wasPublished: false });
  await turn();
  assert.deepEqual(forgotten, ['1']);
  assert.equal(calls[1]?.signal.aborted, true);
  assert.equal(store.read().photos.length, 0);
});

test('a draft that was put down goes on elsewhere under its tickets: nothing is taken back, nothing prepared again', async () => {
  const first = world();
  first.store.add(files(2));
  first.store.write('half a caption');
  await turn();
  first.calls[0]?.onTicket({ uploadId: '1', knownPostId: null });
  first.calls[1]?.settle.reject(new Error('no photo'));
  await turn();
  const kept = first.store.read();
  first.store.restore(null);
  assert.equal(first.calls[0]?.signal.aborted, true);
  assert.deepEqual(first.forgotten, []);
  const prepared: Blob[] = [];
  const second = world({
    prepare: async (one) => {
      prepared.push(one);
      return preparedAs('again');
    },
  });
  second.store.restore(kept);
  await turn();
  assert.deepEqual(second.states(), ['sending', 'failed']);
  assert.deepEqual(prepared, []);
  assert.equal(second.calls[0]?.uploadId, '1');
  assert.equal(second.calls[0]?.bytes, first.calls[0]?.bytes);
  assert.equal(second.store.read().idempotencyKey, kept.idempotencyKey);
});

test('a tight crop is sent with its own pixels, and the smaller upload is dropped', async () => {
  const { store, calls, forgotten } = world();
  store.add(files(2));
  await turn();
  for (const [at, call] of calls.entries()) call.settle.resolve({ uploadId: `${at}`, thumbhash: '' });
  await turn();
  const crop = { left: 0.2, top: 0.2, width: 0.4, height: 0.4 };
  const [tight] = store.read().photos;
  store.edit(tight?.key ?? '', { edits: { ...PLAIN_EDITS, frame: { ...PLAIN_FRAME, crop } } });
  const sides: number[] = [];
  await store.enlarge(async (_file, maxSide) => {
    sides.push(maxSide);
    return preparedAs('larger', maxSide);
  });
  await turn();
  assert.deepEqual(sides, [2_700]);
  assert.deepEqual(forgotten, ['0']);
  assert.equal(await calls[2]?.bytes.text(), 'larger');
  assert.equal(calls[2]?.uploadId, null);
  assert.equal(calls.length, 3);
  store.wish(true);
  const received = store.whenReceived();
  calls[2]?.settle.resolve({ uploadId: '9', thumbhash: '' });
  assert.equal(await received, true);
});

test('a photo is made no larger than its file, than what may be sent, or than is needed', () => {
  const size = { width: 2048, height: 1536, sourceWidth: 8000, sourceHeight: 6000 };
  const cropped = (width: number) => ({
    size,
    edits: { ...PLAIN_EDITS, frame: { ...PLAIN_FRAME, crop: { left: 0, top: 0, width, height: width } } },
  });
  assert.equal(largerSide({ size, edits: PLAIN_EDITS }), null);
  assert.equal(largerSide(cropped(0.6)), null);
  assert.equal(largerSide(cropped(0.5)), 2_160);
  assert.equal(largerSide(cropped(0.1)), 4_096);
  const small = { ...size, sourceWidth: 2048, sourceHeight: 1536 };
  assert.equal(largerSide({ ...cropped(0.1), size: small }), null);
  const upright = { ...PLAIN_EDITS, frame: { ...PLAIN_FRAME, turns: 1 as const } };
  assert.equal(largerSide({ size: { ...size, height: 1000, sourceHeight: 3906 }, edits: upright }), 2_212);
});

test('waiting for all photos ends when one of them fails', async () => {
  const { store, calls } = world();
  store.add(files(2));
  await turn();
  store.wish(true);
  const received = store.whenReceived();
  calls[0]?.settle.resolve({ uploadId: '1', thumbhash: '' });
  calls[1]?.settle.reject(new Error('no photo'));
  assert.equal(await received, false);
});

test('moving loses and doubles nothing', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer(), { minLength: 1 }), fc.nat(), fc.nat(), (items, a, b) => {
      const [from, to] = [a % items.length, b % items.length];
      const result = moved(items, from, to);
      assert.equal(result[to], items[from]);
      assert.deepEqual(result.toSorted(), items.toSorted());
    }),
  );
});
