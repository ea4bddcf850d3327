import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Crop, DEGREES_MAX, type Frame, PLAIN_FRAME } from '../../core/edits.ts';
import { cropOf, type Size, turnedSize, unstraighten } from '../../core/frame.ts';
import {
  cropToRatio,
  fitInside,
  flipped,
  type Ground,
  type Handle,
  isAllowed,
  moveCrop,
  ratioOf,
  resizeCrop,
  rotated,
  scaleCrop,
  storedCrop,
} from './crop-moves.ts';

const WHOLE: Crop = { left: 0, top: 0, width: 1, height: 1 };
const flat: Ground = { turned: { width: 2_000, height: 1_500 }, degrees: 0 };

const sides = fc.integer({ min: 320, max: 2_048 });
const degrees = fc.double({ min: -DEGREES_MAX, max: DEGREES_MAX, noNaN: true });
const grounds: fc.Arbitrary<Ground> = fc.record({
  turned: fc.record({ width: sides, height: sides }),
  degrees,
});
const part = fc.double({ min: -1.5, max: 1.5, noNaN: true });
const handles: fc.Arbitrary<Handle> = fc
  .record({ x: fc.constantFrom(-1, 0, 1), y: fc.constantFrom(-1, 0, 1) })
  .filter(({ x, y }) => x !== 0 || y !== 0) as fc.Arbitrary<Handle>;
const keptRatio = fc.boolean();
type Move = (ground: Ground, crop: Crop) => Crop;
const moves: fc.Arbitrary<Move> = fc.oneof(
  fc.tuple(part, part).map(
    ([right, down]): Move =>
      (ground, crop) =>
        moveCrop(ground, crop, right, down),
  ),
  fc.tuple(handles, part, part, keptRatio).map(
    ([handle, right, down, keepsRatio]): Move =>
      (ground, crop) =>
        resizeCrop(ground, crop, handle, { right, down }, keepsRatio),
  ),
  fc.double({ min: 0.2, max: 5, noNaN: true }).map(
    (scale): Move =>
      (ground, crop) =>
        scaleCrop(ground, crop, scale),
  ),
  fc.constantFrom(1, 0.8, 1.91).map(
    (ratio): Move =>
      (ground, crop) =>
        cropToRatio(ground, crop, ratio),
  ),
);

function near(one: Crop, other: Crop, slack = 1e-3): void {
  for (const side of ['left', 'top', 'width', 'height'] as const)
    assert.ok(
      Math.abs(one[side] - other[side]) < slack,
      `${side} ${one[side]} instead of ${other[side]} in ${JSON.stringify(one)}`,
    );
}

test('whatever is done by hand, no corner of the crop is empty, and no side vanishes', () => {
  fc.assert(
    fc.property(grounds, fc.array(moves, { minLength: 1, maxLength: 8 }), (ground, steps) => {
      let crop = fitInside(ground, WHOLE);
      for (const step of steps) {
        crop = step(ground, crop);
        assert.ok(isAllowed(ground, crop), JSON.stringify(crop));
        assert.ok(crop.width > 0.02 && crop.height > 0.02, JSON.stringify(crop));
      }
    }),
    { numRuns: 300 },
  );
});

test('a ratio that is kept stays, by every handle, moved or scaled', () => {
  fc.assert(
    fc.property(
      grounds,
      fc.constantFrom(1, 0.8, 1.91),
      handles,
      part,
      part,
      (ground, ratio, handle, right, down) => {
        const crop = cropToRatio(ground, fitInside(ground, WHOLE), ratio);
        const results = [
          crop,
          resizeCrop(ground, crop, handle, { right, down }, true),
          moveCrop(ground, crop, right, down),
          scaleCrop(ground, crop, 0.5),
        ];
        for (const result of results) assert.ok(Math.abs(ratioOf(ground, result) / ratio - 1) < 1e-6);
      },
    ),
  );
});

test('a handle moves its own sides and leaves the others', () => {
  const move = { right: -0.25, down: -0.5 };
  near(resizeCrop(flat, WHOLE, { x: 1, y: 1 }, move, false), { left: 0, top: 0, width: 0.75, height: 0.5 });
  near(resizeCrop(flat, WHOLE, { x: 1, y: 0 }, move, false), { left: 0, top: 0, width: 0.75, height: 1 });
  const inwards = { right: 0.25, down: 0.5 };
  near(resizeCrop(flat, WHOLE, { x: -1, y: -1 }, inwards, false), {
    left: 0.25,
    top: 0.5,
    width: 0.75,
    height: 0.5,
  });
  near(resizeCrop(flat, WHOLE, { x: -1, y: 0 }, inwards, true), {
    left: 0.25,
    top: 0.125,
    width: 0.75,
    height: 0.75,
  });
});

test('a crop that meets an edge slides along it', () => {
  const crop = { left: 0.2, top: 0.2, width: 0.5, height: 0.5 };
  near(moveCrop(flat, crop, 0.9, 0.1), { left: 0.5, top: 0.3, width: 0.5, height: 0.5 });
  near(moveCrop(flat, crop, -0.9, -0.9), { left: 0, top: 0, width: 0.5, height: 0.5 });
});

test('a shape is the largest of its ratio, near to where the crop was', () => {
  const corner = { left: 0, top: 0, width: 0.3, height: 0.3 };
  near(cropToRatio(flat, corner, 1), { left: 0, top: 0, width: 0.75, height: 1 });
  near(cropToRatio(flat, WHOLE, 1), { left: 0.125, top: 0, width: 0.75, height: 1 });
});

test('what shows everything is stored as null, also when straightened', () => {
  assert.equal(storedCrop(flat, WHOLE), null);
  const tilted = { ...flat, degrees: 7 };
  assert.equal(
    storedCrop(tilted, fitInside(tilted, cropOf(flat.turned, { ...PLAIN_FRAME, degrees: 7 }))),
    null,
  );
  assert.notEqual(storedCrop(flat, { ...WHOLE, width: 0.9 }), null);
});

const crops = fc.record({ left: part, top: part, width: fc.constant(0.3), height: fc.constant(0.2) });
const frames: fc.Arbitrary<{ size: Size; frame: Frame }> = fc
  .tuple(
    fc.record({ width: sides, height: sides }),
    fc.constantFrom(0, 1, 2, 3),
    fc.boolean(),
    degrees,
    crops,
  )
  .map(([size, turns, isMirrored, tilt, wish]) => {
    const frame: Frame = { turns: turns as Frame['turns'], isMirrored, degrees: tilt, crop: null };
    const crop = fitInside({ turned: turnedSize(size, frame), degrees: tilt }, wish);
    return { size, frame: { ...frame, crop } };
  });

/** Where a point of what is shown (0 to 1) lies on the picture, in px from its middle. */
function sourceOf(size: Size, frame: Frame, right: number, down: number) {
  const turned = turnedSize(size, frame);
  const crop = cropOf(size, frame);
  const straight = unstraighten(
    frame.degrees,
    (crop.left + crop.width * right - 0.5) * turned.width,
    (crop.top + crop.height * down - 0.5) * turned.height,
  );
  let [x, y] = [frame.isMirrored ? -straight.x : straight.x, straight.y];
  for (let turn = 0; turn < frame.turns; turn++) [x, y] = [y, -x];
  return { x, y };
}

test('rotating turns what is shown by a quarter, and flipping mirrors it: the same part of the picture is seen', () => {
  fc.assert(
    fc.property(
      frames,
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      ({ size, frame }, u, v) => {
        const before = sourceOf(size, frame, u, v);
        const turned = sourceOf(size, rotated(frame), 1 - v, u);
        const mirrored = sourceOf(size, flipped(frame), 1 - u, v);
        for (const after of [turned, mirrored])
          assert.ok(
            Math.hypot(after.x - before.x, after.y - before.y) < 0.01,
            JSON.stringify({ before, after }),
          );
      },
    ),
  );
});
