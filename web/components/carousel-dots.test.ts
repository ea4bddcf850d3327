import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dotsStart } from './carousel-dots.ts';

test('up to five photos have all their dots', () => {
  for (const count of [1, 2, 5])
    for (let index = 0; index < count; index++) assert.equal(dotsStart(0, index, count), 0);
});

test('of twenty photos five dots are shown, which move on when an edge is reached, there and back', () => {
  const seen: number[] = [];
  let start = 0;
  const there = Array.from({ length: 20 }, (_, at) => at);
  for (const index of [...there, ...there.toReversed()]) {
    start = dotsStart(start, index, 20);
    seen.push(start);
    assert.ok(index >= start && index < start + 5, 'the dot of the photo is among them');
  }
  assert.deepEqual(seen.slice(0, 6), [0, 0, 0, 0, 1, 2]);
  assert.equal(seen[19], 15);
  assert.deepEqual(
    seen.slice(20, 26),
    [15, 15, 15, 15, 14, 13],
    'it goes back only when the other edge is reached',
  );
});
