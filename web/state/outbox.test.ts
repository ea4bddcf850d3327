import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOutbox, type Entry, type OutboxStorage, subjectOf, type Wish, type Words } from './outbox.ts';

class Refusal extends Error {}
class Away extends Error {}
class SignedOut extends Error {}

/** A browser with a database, in which tabs are opened, and a network that answers as the test says. */
function world({ hasRoom = true } = {}) {
  const kept = new Map<string, Entry>();
  const sent: string[] = [];
  const told: string[] = [];
  let answer: (entry: Entry) => Promise<unknown> = async () => 'ok';
  let network = Promise.withResolvers<void>();
  let last: Promise<unknown> = Promise.resolve();
  const openStorage = (accountId: string): OutboxStorage => {
    const orFail = async <Result>(work: () => Result) => {
      if (!hasRoom) throw new DOMException('full', 'QuotaExceededError');
      return work();
    };
    return {
      list: () =>
        orFail(() => [...kept].flatMap(([name, entry]) => (name.startsWith(`${accountId}/`) ? [entry] : []))),
      put: (name, entry) => orFail(() => void kept.set(`${accountId}/${name}`, entry)),
      remove: (name, order) =>
        orFail(() => {
          if (kept.get(`${accountId}/${name}`)?.order === order) kept.delete(`${accountId}/${name}`);
        }),
    };
  };
  const openTab = () =>
    createOutbox({
      openStorage,
      alone: (_accountId, _signal, work) => {
        const done = last.then(work, work);
        last = done.catch(() => undefined);
        return done;
      },
      send: async (entry) => {
        sent.push(nameOf(entry));
        return await answer(entry);
      },
      pauseMsOf: (error) => (error instanceof Away ? 1 : null),
      pause: () => network.promise,
      isSignedOut: (error) => error instanceof SignedOut,
      onPause: (_error, _tries, isAllKept) => told.push(isAllKept ? 'paused' : 'paused, not kept'),
      onSent: (entry) => told.push(`sent ${nameOf(entry)}`),
      onRefused: (entry, _error, isAwaited) => told.push(`refused ${nameOf(entry)} ${isAwaited}`),
      onSignedOut: () => told.push('signed out'),
    });
  return {
    kept,
    sent,
    told,
    openTab,
    answers: (next: typeof answer) => {
      answer = next;
    },
    cut: () => {
      network = Promise.withResolvers();
      answer = async () => Promise.reject(new Away());
    },
    mend: () => {
      answer = async () => 'ok';
      network.resolve();
    },
  };
}

const like = (postId: string, isWanted = true): Wish => ({ kind: 'like', postId, isWanted });
const say = (text: string): Words => ({ kind: 'comment', postId: 'p', parentId: null, text, key: text });
const likeComment = (commentId: string, isWanted = true): Wish => ({
  kind: 'comment-like',
  postId: 'p',
  commentId,
  isWanted,
});
const nameOf = (entry: Entry) =>
  entry.kind === 'comment' ? entry.text : `${entry.isWanted ? '' : 'un'}${entry.kind} ${subjectOf(entry)}`;

async function until(isSo: () => boolean): Promise<void> {
  for (let turn = 0; !isSo(); turn++) {
    assert.ok(turn < 1_000, 'it never becomes so');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('acts are sent in their order, and forgotten when they are sent', async () => {
  const { openTab, sent, kept } = world();
  const tab = openTab();
  tab.follow('ann');
  void tab.add(like('a'));
  void tab.add(say('first'));
  assert.equal(await tab.add(say('second')), 'ok');
  assert.deepEqual(sent, ['like a', 'first', 'second']);
  assert.equal(kept.size, 0);
  assert.deepEqual(tab.read(), []);
});

test('without a network they wait, and the last wish about a post counts; after a reload they are sent once', async () => {
  const { openTab, sent, kept, cut, mend, told } = world();
  cut();
  const before = openTab();
  before.follow('ann');
  void before.add(like('a'));
  await until(() => told.includes('paused'));
  void before.add(say('hello'));
  void before.add(like('a', false));
  void before.add(like('b'));
  await until(() => kept.size === 3);
  before.follow(null);
  mend();
  sent.length = 0;
  const tabs = [openTab(), openTab()];
  for (const tab of tabs) tab.follow('ann');
  await until(() => kept.size === 0);
  assert.deepEqual(sent, ['hello', 'unlike a', 'like b']);
});

test('likes of two comments on one post, and a like of the post, are wishes of their own', async () => {
  const { openTab, sent, cut, mend, told } = world();
  cut();
  const tab = openTab();
  tab.follow('ann');
  void tab.add(likeComment('c'));
  await until(() => told.includes('paused'));
  void tab.add(likeComment('d'));
  void tab.add(likeComment('c', false));
  const last = tab.add(like('p'));
  sent.length = 0;
  mend();
  await last;
  assert.deepEqual(sent, ['comment-like d', 'uncomment-like c', 'like p']);
});

test('a wish that changes while it is being sent is sent again', async () => {
  const { openTab, sent, kept, answers } = world();
  const tab = openTab();
  tab.follow('ann');
  const reply = Promise.withResolvers<string>();
  answers(() => reply.promise);
  void tab.add(like('a'));
  await until(() => sent.length === 1);
  const undone = tab.add(like('a', false));
  reply.resolve('late');
  await undone;
  assert.deepEqual(sent, ['like a', 'unlike a']);
  assert.equal(kept.size, 0);
});

test('what is refused is dropped and told, and the rest goes on; whoever waits for it is told as well', async () => {
  const { openTab, kept, answers, told } = world();
  answers(async (entry) => {
    if (entry.kind === 'comment') throw new Refusal();
  });
  const tab = openTab();
  tab.follow('ann');
  const refused = assert.rejects(tab.add(say('no')), Refusal);
  await tab.add(like('a'));
  await refused;
  assert.deepEqual(told, ['refused no true', 'sent like a']);
  assert.equal(kept.size, 0);
});

test('what waits can be taken back; what is just being sent is not tried again, and may have arrived', async () => {
  const { openTab, kept, sent, cut, mend, told, answers } = world();
  cut();
  const tab = openTab();
  tab.follow('ann');
  void tab.add(like('a'));
  const words = tab.add(say('no'));
  await until(() => told.includes('paused') && kept.size === 2);
  const entryOf = (name: string) => tab.read().find((entry) => nameOf(entry) === name) as Entry;
  assert.equal(await tab.takeBack(entryOf('no')), true);
  assert.equal(await words, undefined);
  assert.deepEqual([tab.read().map(nameOf), kept.size], [['like a'], 1]);
  sent.length = 0;
  mend();
  await until(() => kept.size === 0);
  assert.deepEqual(sent, ['like a']);

  for (const [text, isOut] of [
    ['lost on the way', true],
    ['there already', false],
  ] as const) {
    const reply = Promise.withResolvers<string>();
    answers(() => reply.promise);
    void tab.add(say(text));
    await until(() => sent.includes(text));
    const taken = tab.takeBack(entryOf(text));
    if (isOut) reply.reject(new Away());
    else reply.resolve('ok');
    assert.equal(await taken, isOut);
    assert.equal(told.includes(`sent ${text}`), !isOut);
    await until(() => kept.size === 0);
  }
  assert.deepEqual(sent, ['like a', 'lost on the way', 'there already']);
});

test('a session that has ended keeps them for their account: another one neither sees nor sends them', async () => {
  const { openTab, kept, sent, answers, told } = world();
  answers(async () => Promise.reject(new SignedOut()));
  const tab = openTab();
  tab.follow('ann');
  void tab.add(say('of ann'));
  await until(() => told.includes('signed out'));
  tab.follow(null);
  answers(async () => 'ok');
  tab.follow('bob');
  assert.deepEqual(tab.read(), []);
  await tab.add(like('a'));
  assert.deepEqual(sent, ['of ann', 'like a']);
  assert.equal(kept.size, 1);
  tab.follow('ann');
  await until(() => kept.size === 0);
  assert.deepEqual(sent, ['of ann', 'like a', 'of ann']);
});

test('where the browser keeps nothing, they are sent all the same', async () => {
  const { openTab, sent } = world({ hasRoom: false });
  const tab = openTab();
  tab.follow('ann');
  void tab.add(like('a'));
  await tab.add(say('hello'));
  assert.deepEqual(sent, ['like a', 'hello']);
  assert.deepEqual(tab.read(), []);
});

test('where the browser keeps nothing, what waits is told of; and it waits in the tab for its account', async () => {
  const { openTab, sent, cut, mend, told } = world({ hasRoom: false });
  cut();
  const tab = openTab();
  tab.follow('ann');
  void tab.add(say('of ann'));
  await until(() => told.includes('paused, not kept'));
  tab.follow(null);
  tab.follow('bob');
  assert.deepEqual(tab.read(), []);
  sent.length = 0;
  mend();
  tab.follow('ann');
  await until(() => told.includes('sent of ann'));
  assert.deepEqual(sent, ['of ann']);
  assert.deepEqual(tab.read(), []);
});
