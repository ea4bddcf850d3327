import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { limits } from '../../core/limits.ts';
import { createDraftStore, isEmptyDraft, moved } from './draft.ts';
import type { UploadWork } from './upload-queue.ts';

type Call = {
  bytes: Blob;
  signal: AbortSignal;
  onProgress: (percent: number) => void;
  settle: PromiseWithResolvers<{ uploadId: string; thumbhash: string }>;
};

/** A server in the hands of the test: uploads stay open until they are settled. */
function world(change: Partial<UploadWork> = {}) {
  const calls: Call[] = [];
  const forgotten: string[] = [];
  const store = createDraftStore({
    prepare: async (file) => new Blob([`prepared ${file.name}`]),
    send: (bytes, { signal, onProgress }) => {
      const settle = Promise.withResolvers<{ uploadId: string; thumbhash: string }>();
      signal.addEventListener('abort', () => settle.reject(new Error('aborted')));
      calls.push({ bytes, signal, onProgress, settle });
      return settle.promise;
    },
    forget: async (uploadId) => void forgotten.push(uploadId),
    explain: (error) => (error instanceof Error ? error.message : 'unknown'),
    ...change,
  });
  const states = () => store.read().photos.map((photo) => photo.sending.kind);
  return { store, calls, forgotten, states };
}

const file = (name: string) => new File([name], name);
const files = (count: number) => Array.from({ length: count }, (_, at) => file(`${at}.jpg`));
const turn = () => new Promise((resolve) => setImmediate(resolve));

test('photos are sent two at a time, in their order', async () => {
  const { store, calls, states } = world();
  store.add(files(4));
  await turn();
  assert.deepEqual(states(), ['sending', 'sending', 'waiting', 'waiting']);
  calls[0]?.settle.resolve({ uploadId: '1', thumbhash: '' });
  await turn();
  assert.deepEqual(states(), ['received', 'sending', 'sending', 'waiting']);
});

test('what is sent is the prepared photo, and the original if the browser cannot read it', async () => {
  const { store, calls } = world({
    prepare: async (one) => {
      if (one.name === 'a.heic') throw new Error('cannot decode');
      return new Blob(['prepared']);
    },
  });
  const original = file('a.heic');
  store.add([original, file('b.jpg')]);
  await turn();
  assert.equal(calls.find((call) => call.bytes === original)?.bytes, original);
  assert.equal(await calls.find((call) => call.bytes !== original)?.bytes.text(), 'prepared');
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

test('a removed photo stops its upload, and one that was received is taken back', async () => {
  const { store, calls, forgotten } = world();
  store.add(files(3));
  await turn();
  calls[0]?.settle.resolve({ uploadId: '1', thumbhash: '' });
  await turn();
  const [first, second, third] = store.read().photos;
  store.remove(first?.key ?? '');
  store.remove(second?.key ?? '');
  await turn();
  assert.deepEqual(forgotten, ['1']);
  assert.equal(calls[1]?.signal.aborted, true);
  assert.deepEqual(
    store.read().photos.map((photo) => photo.key),
    [third?.key],
  );
  assert.equal(store.read().selectedKey, third?.key);
});

test('no more photos are taken than a post may hold', () => {
  const { store } = world();
  assert.equal(store.add(files(limits.photosPerPost + 3)), 3);
  assert.equal(store.add(files(1)), 1);
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
