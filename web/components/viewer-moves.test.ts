import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fitted, moved, swiped, WHOLE, zoomed } from './viewer-moves.ts';

const stage = { width: 400, height: 800 };
const photo = fitted(1.5, stage);

test('a photo is as large as fits', () => {
  assert.deepEqual(fitted(2, stage), { width: 400, height: 200 });
  assert.deepEqual(fitted(0.25, stage), { width: 200, height: 800 });
});

test('what is under the finger stays there when a photo is enlarged', () => {
  const point = { x: 100, y: 0 };
  const sight = zoomed(WHOLE, 2, point, photo, stage);
  assert.equal(sight.scale, 2);
  const before = (point.x - WHOLE.x) / WHOLE.scale;
  assert.equal((point.x - sight.x) / sight.scale, before);
});

test('it is never smaller than whole, never larger than five times, and back in the middle when whole', () => {
  const near = zoomed(WHOLE, 100, { x: 150, y: 90 }, photo, stage);
  assert.equal(near.scale, 5);
  assert.deepEqual(zoomed(near, 0.001, { x: 7, y: 3 }, photo, stage), WHOLE);
});

test('no edge of the photo is moved into the stage', () => {
  const sight = zoomed(WHOLE, 2, { x: 0, y: 0 }, photo, stage);
  assert.equal(moved(sight, { x: 10_000, y: 0 }, photo, stage).x, 200);
  assert.equal(moved(sight, { x: -10_000, y: 0 }, photo, stage).x, -200);
  assert.equal(moved(sight, { x: 0, y: 50 }, photo, stage).y, 0, 'it is not yet taller than the stage');
});

test('a swipe is far or fast, and not one that was taken back', () => {
  assert.equal(swiped(-200, 0, 400), 1);
  assert.equal(swiped(200, 0, 400), -1);
  assert.equal(swiped(-30, -1, 400), 1);
  assert.equal(swiped(-30, -0.1, 400), 0);
  assert.equal(swiped(-200, 1, 400), 0);
});
