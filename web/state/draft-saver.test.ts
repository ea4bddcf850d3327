/** The server's copy of a draft: saved as it changes, once at a time, never over what another device wrote. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createDraftStore, type Draft, emptyDraft } from './draft.ts';
import { createDraftSaver } from './draft-saver.ts';

type Remote = { id: string; version: number; publishAt: string | null; text: string };
type Faults = ('changed' | 'gone' | 'cut' | 'lost')[];

/** A server that knows drafts by their words alone; `faults` are what happens to the next requests. */
function world(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const server = new Map<string, Remote>();
  const asked: string[] = [];
  const faults: Faults = [];
  const store = createDraftStore({
    readExif: async () => ({ takenAt: null, place: null }),
    prepare: () => new Promise(() => undefined),
    send: () => new Promise(() => undefined),
    forget: async () => undefined,
    isPassing: () => false,
    explain: String,
  });
  const of = (draftId: string): Remote => {
    const found = server.get(draftId);
    if (!found) throw 'gone';
    return found;
  };
  const answer = (what: string, work: () => Remote): Remote => {
    asked.push(what);
    const fault = faults.shift();
    if (fault === 'changed' || fault === 'gone' || fault === 'cut') throw fault;
    const reply = work();
    if (fault === 'lost') throw 'cut';
    return { ...reply };
  };
  const put = (draft: Remote) => {
    server.set(draft.id, draft);
    return draft;
  };
  const saver = createDraftSaver<Remote>(store, {
    isOpen: () => true,
    contentOf: ({ caption, saved }) => (caption || saved ? { text: caption, uploadIds: [] } : null),
    create: async (text, key) =>
      answer('create', () => server.get(key) ?? put({ id: key, version: 1, publishAt: null, text })),
    save: async (id, text, version) =>
      answer('save', () => {
        const before = of(id);
        if (before.version !== version) throw 'changed';
        return put({ ...before, version: version + 1, text });
      }),
    fetch: async (id) => answer('fetch', () => of(id)),
    remove: async (id) => void server.delete(id),
    schedule: async (id, publishAt) => answer('schedule', () => put({ ...of(id), publishAt })),
    load: async ({ text, ...remote }, here): Promise<Draft> => ({
      ...emptyDraft(),
      idempotencyKey: here.saved?.id === remote.id ? here.idempotencyKey : 'another',
      caption: text,
      saved: { ...remote, text, uploadIds: [] },
    }),
    faultOf: (error) => (error === 'changed' || error === 'gone' ? error : 'passing'),
    explain: String,
  });
  const passes = async (ms: number) => {
    t.mock.timers.tick(ms);
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  };
  const types = async (caption: string) => {
    store.write(caption);
    await passes(1_000);
  };
  const texts = () => [...server.values()].map(({ text }) => text);
  const elsewhere = (text: string) => {
    for (const draft of server.values()) put({ ...draft, version: draft.version + 1, text });
  };
  return { store, saver, server, asked, faults, passes, types, texts, elsewhere };
}

test('it is saved a moment after the last change, and not again while nothing changes', async (t) => {
  const { store, asked, passes, types, texts } = world(t);
  store.write('a');
  await passes(900);
  store.write('ab');
  await passes(900);
  assert.deepEqual(asked, []);
  await passes(200);
  assert.deepEqual([asked, texts()], [['create'], ['ab']]);
  store.select('none');
  await passes(5_000);
  assert.deepEqual(asked, ['create']);
  await types('abc');
  assert.deepEqual([asked, texts()], [['create', 'save'], ['abc']]);
});

test('a copy whose answer was lost is brought up to date, and is not made twice', async (t) => {
  const { saver, faults, passes, types, texts } = world(t);
  faults.push('lost');
  await types('first');
  assert.deepEqual([saver.read().kind, texts()], ['unsaved', ['first']]);
  await types('second');
  await passes(10_000);
  assert.deepEqual([saver.read().kind, texts()], ['idle', ['second']]);
});

test('without a network it is tried again by itself', async (t) => {
  const { saver, faults, passes, types, texts } = world(t);
  faults.push('cut', 'cut');
  await types('words');
  assert.deepEqual(saver.read(), { kind: 'unsaved', reason: 'cut' });
  await passes(10_000);
  await passes(10_000);
  assert.deepEqual([saver.read().kind, texts()], ['idle', ['words']]);
});

test('what another device wrote is not written over: the member takes it, or keeps his', async (t) => {
  const { store, saver, passes, types, texts, elsewhere } = world(t);
  await types('mine');
  elsewhere('theirs');
  await types('mine, longer');
  await types('mine, longer still');
  assert.deepEqual([saver.read().kind, texts()], ['changed', ['theirs']]);
  await saver.keepMine();
  assert.deepEqual([saver.read().kind, texts()], ['idle', ['mine, longer still']]);
  elsewhere('theirs again');
  await types('mine once more');
  await saver.takeNewer();
  await passes(5_000);
  assert.deepEqual([store.read().caption, texts()], ['theirs again', ['theirs again']]);
});

test('opened again it takes over what another device has changed, unless something was changed here, too', async (t) => {
  const { store, saver, faults, passes, types, elsewhere } = world(t);
  await types('before');
  elsewhere('after');
  await saver.check();
  assert.equal(store.read().caption, 'after');
  elsewhere('later');
  faults.push('cut');
  await types('here');
  await saver.check();
  assert.deepEqual([saver.read().kind, store.read().caption], ['changed', 'here']);
  await passes(20_000);
  assert.equal(store.read().caption, 'here');
});

test('what was shared or deleted elsewhere is not made again by itself; kept here, it is another draft', async (t) => {
  const { store, saver, server, passes, types, texts } = world(t);
  await types('words');
  const key = store.read().idempotencyKey;
  server.clear();
  await types('more words');
  await passes(20_000);
  assert.deepEqual([saver.read().kind, texts()], ['gone', []]);
  saver.keepHere();
  await passes(1_000);
  assert.notEqual(store.read().idempotencyKey, key);
  assert.deepEqual([saver.read().kind, texts()], ['idle', ['more words']]);
});

test('discarded while it is on its way, it does not stay on the server', async (t) => {
  const { store, saver, texts, passes } = world(t);
  store.write('unwanted');
  const saving = saver.saveNow();
  saver.discard();
  store.clear({ wasPublished: false });
  await saving;
  await passes(5_000);
  assert.deepEqual(texts(), []);
});

test('while it is published nothing is saved', async (t) => {
  const { store, saver, asked, passes, texts } = world(t);
  await saver.hold();
  store.write('held');
  await passes(10_000);
  assert.deepEqual(asked, []);
  saver.release();
  await passes(1_000);
  assert.deepEqual(texts(), ['held']);
});

test('it is scheduled with all of its words, or not at all', async (t) => {
  const { store, saver, server, faults } = world(t);
  store.write('later');
  faults.push('cut');
  await assert.rejects(saver.schedule('2030-01-01T00:00:00Z'), (error) => error === 'cut');
  await saver.schedule('2030-01-01T00:00:00Z');
  const [draft] = server.values();
  assert.deepEqual([draft?.text, draft?.publishAt], ['later', '2030-01-01T00:00:00Z']);
  assert.equal(store.read().saved?.publishAt, '2030-01-01T00:00:00Z');
  await saver.schedule(null);
  assert.equal(store.read().saved?.publishAt, null);
});
