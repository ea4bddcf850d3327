import assert from 'node:assert/strict';
import { createSecretKey } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { Invalid } from '../errors.ts';
import type { App } from '../infra/app.ts';
import { nextCursor, readCursor } from './cursors.ts';

const app = { signingKey: createSecretKey(Buffer.alloc(32, 7)) } as unknown as App;
const ids = fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }).map(String);
const lists = fc.array(fc.option(fc.string()), { minLength: 1, maxLength: 4 });

const cursorOf = (list: (string | null)[], id: string) => nextCursor(app, list, 1, 1, id) ?? '';
const isRefused = (list: (string | null)[], cursor: string, by = app) =>
  assert.throws(
    () => readCursor(by, list, cursor),
    (error) => error instanceof Invalid && error.code === 'bad_cursor',
    cursor,
  );

test('a cursor leads back to where its list was left', () => {
  fc.assert(
    fc.property(lists, ids, (list, id) => {
      const cursor = cursorOf(list, id);
      assert.match(cursor, /^[\w-]+$/);
      assert.ok(cursor.length <= 200);
      assert.equal(readCursor(app, list, cursor), id);
    }),
  );
});

test('a cursor with any edit is refused', () => {
  const letters = fc.constantFrom(...'ABCabc019-_=+/ é');
  fc.assert(
    fc.property(
      lists,
      ids,
      fc.nat(40),
      letters,
      fc.constantFrom(0, 1),
      (list, id, place, letter, removed) => {
        const cursor = cursorOf(list, id);
        const at = place % (cursor.length + 1);
        const edited = cursor.slice(0, at) + letter + cursor.slice(at + removed);
        if (edited !== cursor) isRefused(list, edited);
        isRefused(list, cursor.slice(0, at % cursor.length));
      },
    ),
    { numRuns: 1_000 },
  );
});

test('a cursor of another list, another viewer or another key is refused', () => {
  fc.assert(
    fc.property(lists, lists, ids, (list, other, id) => {
      if (JSON.stringify(list) !== JSON.stringify(other)) isRefused(other, cursorOf(list, id));
      isRefused(list, cursorOf(list, id), {
        signingKey: createSecretKey(Buffer.alloc(32, 8)),
      } as unknown as App);
      isRefused([...list, 'more'], cursorOf(list, id));
    }),
  );
  isRefused(['a', null], cursorOf(['a', 'null'], '1'));
  isRefused(['a,b'], cursorOf(['a', 'b'], '1'));
});

test('any text that we did not make is refused', () => {
  fc.assert(fc.property(lists, fc.string({ maxLength: 300 }), (list, text) => isRefused(list, text)));
});

test('a list that was read to its end has no cursor', () => {
  assert.equal(nextCursor(app, ['list'], 19, 20, '1'), null);
  assert.equal(nextCursor(app, ['list'], 0, 20, undefined), null);
  assert.notEqual(nextCursor(app, ['list'], 20, 20, '1'), null);
});
