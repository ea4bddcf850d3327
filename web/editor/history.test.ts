import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Edits, PLAIN_EDITS } from '../../core/edits.ts';
import { areSame, NO_HISTORY, record, redo, undo } from './history.ts';

const strengths = (values: number[]): Edits[] =>
  values.map((strength) => ({ ...PLAIN_EDITS, look: { ...PLAIN_EDITS.look, strength } }));
const [first, second, third] = strengths([10, 20, 30]) as [Edits, Edits, Edits];

test('undo goes back change by change, redo forth again', () => {
  const history = record(record(NO_HISTORY, first, 'strength', 0), second, 'filter', 1);
  const one = undo(history, third);
  assert.equal(one?.edits, second);
  const two = one && undo(one.history, one.edits);
  assert.equal(two?.edits, first);
  assert.equal(two && undo(two.history, two.edits), null);
  const again = two && redo(two.history, two.edits);
  assert.equal(again?.edits, second);
  assert.equal(again && redo(again.history, again.edits)?.edits, third);
});

test('quick changes by one control are one step; by another, or later, they are a step of their own', () => {
  const quick = record(record(NO_HISTORY, first, 'strength', 0), second, 'strength', 900);
  assert.deepEqual(quick.past, [first]);
  assert.deepEqual(record(quick, third, 'strength', 1_800).past, [first]);
  assert.deepEqual(record(quick, third, 'strength', 2_000).past, [first, third]);
  assert.deepEqual(record(record(NO_HISTORY, first, null, 0), second, null, 1).past, [first, second]);
  assert.deepEqual(record(quick, third, 'grain', 1_000).past, [first, third]);
});

test('a new change ends what could be done again, and never joins the step that was undone', () => {
  const history = record(record(NO_HISTORY, first, 'strength', 0), second, 'filter', 10);
  const undone = undo(history, third);
  assert.ok(undone);
  const next = record(undone.history, undone.edits, 'filter', 20);
  assert.deepEqual(next.past, [first, second]);
  assert.equal(redo(next, third), null);
});

test('edits are the same when they make the same picture, whatever zeros are written out', () => {
  const written: Edits = { ...PLAIN_EDITS, look: { ...PLAIN_EDITS.look, adjustments: { grain: 0 } } };
  assert.ok(areSame(PLAIN_EDITS, written));
  assert.ok(!areSame(first, second));
  const crop = { left: 0.1, top: 0, width: 0.5, height: 1 };
  const cropped: Edits = { ...first, frame: { ...first.frame, crop } };
  assert.ok(!areSame(first, cropped));
  assert.ok(areSame(cropped, { ...first, frame: { ...first.frame, crop: { ...crop } } }));
});
