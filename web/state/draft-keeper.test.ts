import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDraftStore, type Draft } from './draft.ts';
import type { Claim } from './draft-claim.ts';
import { createDraftKeeper } from './draft-keeper.ts';

type Tab = { onLost: () => void; onFree: () => void };

/** A browser whose database holds drafts by account, and which is full when `hasRoom` is false. */
function world({ hasRoom = true } = {}) {
  const others = { haveIt: false };
  const kept = new Map<string, Draft>();
  const tabs: Tab[] = [];
  const store = createDraftStore({
    readExif: async () => ({ takenAt: null, place: null }),
    prepare: () => new Promise(() => undefined),
    send: () => new Promise(() => undefined),
    forget: async () => undefined,
    isPassing: () => false,
    explain: String,
  });
  const orFail = async <Result>(work: () => Result) => {
    if (!hasRoom) throw new DOMException('full', 'QuotaExceededError');
    return work();
  };
  const keeper = createDraftKeeper({
    store,
    openStorage: (accountId) => ({
      read: () => orFail(() => kept.get(accountId) ?? null),
      write: (draft) => orFail(() => void kept.set(accountId, draft)),
      remove: () => orFail(() => void kept.delete(accountId)),
    }),
    claim: async (_accountId, { manner, ...tab }): Promise<Claim> => {
      tabs.push(tab);
      return { isMine: manner === 'take' || !others.haveIt, end: () => undefined };
    },
  });
  return { store, keeper, kept, tabs, others };
}

test('what is written is kept for its account, and comes back to it alone', async () => {
  const { store, keeper, kept } = world();
  await keeper.open('ann');
  store.write('of ann');
  keeper.writeNow();
  await keeper.open('bob');
  assert.equal(store.read().caption, '');
  store.write('of bob');
  await keeper.open('ann');
  assert.equal(store.read().caption, 'of ann');
  assert.equal(keeper.read().wasKept, true);
  assert.deepEqual([...kept].map(([account, draft]) => [account, draft.caption]).sort(), [
    ['ann', 'of ann'],
    ['bob', 'of bob'],
  ]);
});

test('whoever comes back to the page, without its being loaded anew, is told that there is something', async () => {
  const { store, keeper } = world();
  await keeper.open('ann');
  await keeper.open('ann');
  assert.equal(keeper.read().wasKept, false, 'there was nothing');
  store.write('begun');
  assert.equal(keeper.read().wasKept, false, 'it is being written');
  await keeper.open('ann');
  assert.equal(keeper.read().wasKept, true);
  assert.equal(store.read().caption, 'begun');
});

test('a draft that was shared or discarded is not kept', async () => {
  const { store, keeper, kept } = world();
  await keeper.open('ann');
  store.write('gone soon');
  keeper.writeNow();
  store.clear({ wasPublished: true });
  keeper.writeNow();
  assert.equal(kept.size, 0);
});

test('where the browser keeps nothing the page knows it, and signing in again loses nothing; another account sees nothing', async () => {
  const { store, keeper } = world({ hasRoom: false });
  await keeper.open('ann');
  assert.equal(keeper.read().isKept, false);
  store.write('only in this tab');
  keeper.follow(null);
  await keeper.open('ann');
  assert.equal(store.read().caption, 'only in this tab');
  keeper.follow('bob');
  assert.equal(store.read().caption, '');
});

test('a tab that lost the draft writes nothing more of it', async () => {
  const { store, keeper, kept, tabs, others } = world();
  await keeper.open('ann');
  store.write('first');
  keeper.writeNow();
  others.haveIt = true;
  tabs[0]?.onLost();
  assert.equal(store.read().caption, '');
  store.write('typed too late');
  keeper.writeNow();
  assert.equal(kept.get('ann')?.caption, 'first');
});

test('a draft that another tab has is not shown until it is taken; an empty one keeps nobody waiting', async () => {
  const { store, keeper, kept, others } = world();
  others.haveIt = true;
  await keeper.open('ann');
  assert.equal(keeper.read().state, 'open');
  const draft = { ...store.read(), caption: 'elsewhere' };
  kept.set('bob', draft);
  await keeper.open('bob');
  assert.equal(keeper.read().state, 'elsewhere');
  assert.equal(store.read().caption, '');
  await keeper.takeOver();
  assert.equal(store.read().caption, 'elsewhere');
});
