import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import type { Events } from './events.ts';
import { hearHints, hint } from './hints.ts';

type Message = { kind: string; ids: string[] };

function openWire() {
  const [sent, hearers]: [Message[], ((message: unknown) => void)[]] = [[], []];
  const events = {
    publish: (_channel: string, message: object) => void sent.push(message as Message),
    subscribe: (_channel: string, hear: (message: unknown) => void) => {
      hearers.push(hear);
      return () => undefined;
    },
  } as unknown as Events;
  return { events, sent, hearers };
}

test('the first hint goes at once, what follows within half a second goes together, each ID once', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const { events, sent } = openWire();
  hint({ events }, 'post', ['1']);
  for (let at = 0; at < 1_000; at++) hint({ events }, 'post', ['1', '2']);
  hint({ events }, 'activity', ['3']);
  assert.deepEqual(sent, [
    { kind: 'post', ids: ['1'] },
    { kind: 'activity', ids: ['3'] },
  ]);
  mock.timers.tick(500);
  assert.deepEqual(sent.slice(2), [{ kind: 'post', ids: ['1', '2'] }]);
  mock.timers.tick(500);
  mock.timers.tick(500);
  hint({ events }, 'post', ['4']);
  assert.deepEqual(sent.slice(3), [{ kind: 'post', ids: ['4'] }]);
  mock.timers.reset();
});

test('many go in several messages, each small enough for an event', () => {
  const { events, sent } = openWire();
  const pairs = Array.from(
    { length: 1_000 },
    (_, at) => `4477338066280775680 ${4477338066280775680n + BigInt(at)}`,
  );
  hint({ events }, 'comment-gone', pairs);
  assert.deepEqual(
    sent.flatMap(({ ids }) => ids),
    pairs,
  );
  for (const message of sent) assert.ok(JSON.stringify(message).length < 7_500);
});

test('what is no hint of ours is passed over', () => {
  const { events, hearers } = openWire();
  const heard: unknown[] = [];
  hearHints({ events }, (each) => heard.push(each));
  for (const message of [
    null,
    {},
    { kind: 'story', ids: ['1'] },
    { kind: 'post', ids: [1] },
    { kind: 'post', ids: ['1'] },
  ])
    for (const hear of hearers) hear(message);
  assert.deepEqual(heard, [{ kind: 'post', ids: ['1'] }]);
});
