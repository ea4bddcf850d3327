import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Crop, DEGREES_MAX, type Frame, PLAIN_FRAME } from './edits.ts';
import {
  centredCrop,
  cropOf,
  drawInside,
  isInside,
  type Size,
  shownSize,
  turnedSize,
  unstraighten,
  wholeCrop,
} from './frame.ts';

const sides = fc.integer({ min: 1, max: 16_384 });
const sizes: fc.Arbitrary<Size> = fc.record({ width: sides, height: sides });
const degrees = fc.oneof(
  fc.constantFrom(0, -DEGREES_MAX, DEGREES_MAX),
  fc.double({ min: -DEGREES_MAX, max: DEGREES_MAX, noNaN: true }),
);
const places = fc.double({ min: -0.5, max: 1, noNaN: true });
const parts = fc.double({ min: 0.02, max: 1.5, noNaN: true });
const crops: fc.Arbitrary<Crop> = fc.record({ left: places, top: places, width: parts, height: parts });
const frames: fc.Arbitrary<Frame> = fc.record({
  turns: fc.constantFrom(0, 1, 2, 3),
  isMirrored: fc.boolean(),
  degrees,
  crop: fc.option(crops),
});

/** The crop's corners on the turned picture before it was straightened, in pixels from its top left. */
function cornersOf(turned: Size, angle: number, crop: Crop) {
  return [0, 1].flatMap((right) =>
    [0, 1].map((down) => {
      const { x, y } = unstraighten(
        angle,
        (crop.left + right * crop.width - 0.5) * turned.width,
        (crop.top + down * crop.height - 0.5) * turned.height,
      );
      return { x: x + turned.width / 2, y: y + turned.height / 2 };
    }),
  );
}

function isNear(actual: number, expected: number, slack = 1e-6): boolean {
  return Math.abs(actual - expected) <= slack * Math.max(1, Math.abs(expected));
}

test('every corner of what is shown lies on the picture, whatever the frame', () => {
  fc.assert(
    fc.property(sizes, frames, (size, frame) => {
      const turned = turnedSize(size, frame);
      const crop = cropOf(size, frame);
      assert.ok(isInside(turned, frame.degrees, crop));
      assert.ok(crop.width > 0 && crop.height > 0);
      for (const { x, y } of cornersOf(turned, frame.degrees, crop)) {
        assert.ok(x >= -1e-5 * turned.width && x <= turned.width * (1 + 1e-5), `x ${x} of ${turned.width}`);
        assert.ok(
          y >= -1e-5 * turned.height && y <= turned.height * (1 + 1e-5),
          `y ${y} of ${turned.height}`,
        );
      }
    }),
    { numRuns: 2000 },
  );
});

test('a crop that lies on the picture is kept as it is; another keeps its shape and is never made larger', () => {
  fc.assert(
    fc.property(sizes, degrees, crops, (size, angle, crop) => {
      const drawn = drawInside(size, angle, crop);
      if (isInside(size, angle, crop)) assert.deepEqual(drawn, crop);
      assert.ok(isNear(drawn.width / drawn.height, crop.width / crop.height));
      assert.ok(drawn.width <= crop.width && drawn.height <= crop.height);
      const fits = centredCrop(size, angle, (crop.width * size.width) / (crop.height * size.height));
      // It is made smaller only if it would fit nowhere, and then only as far as it must.
      assert.ok(isNear(drawn.width, Math.min(crop.width, fits.width)));
    }),
    { numRuns: 2000 },
  );
});

test('a crop over an edge is moved back until it touches the edge', () => {
  const drawn = drawInside({ width: 400, height: 300 }, 0, { left: 0.8, top: -0.2, width: 0.5, height: 0.5 });
  assert.deepEqual(drawn, { left: 0.5, top: 0, width: 0.5, height: 0.5 });
});

test('straightened without a crop, the largest part of the same shape is shown', () => {
  fc.assert(
    fc.property(sizes, degrees, (size, angle) => {
      const crop = wholeCrop(size, angle);
      assert.ok(isNear(crop.width, crop.height), 'the picture has its own shape');
      assert.ok(isNear(crop.left + crop.width / 2, 0.5) && isNear(crop.top + crop.height / 2, 0.5));
      const grown = 1.001;
      const larger = {
        left: 0.5 - (crop.width * grown) / 2,
        top: 0.5 - (crop.height * grown) / 2,
        width: crop.width * grown,
        height: crop.height * grown,
      };
      assert.ok(isInside(size, angle, crop) && !isInside(size, angle, larger));
    }),
  );
});

test('a plain frame shows all, and a quarter turn changes the sides over', () => {
  const size = { width: 4032, height: 3024 };
  assert.deepEqual(cropOf(size, PLAIN_FRAME), { left: 0, top: 0, width: 1, height: 1 });
  assert.deepEqual(shownSize(size, PLAIN_FRAME), size);
  assert.deepEqual(shownSize(size, { ...PLAIN_FRAME, turns: 1 }), { width: 3024, height: 4032 });
  assert.deepEqual(shownSize(size, { ...PLAIN_FRAME, turns: 2 }), size);
  const crop = { left: 0.25, top: 0, width: 0.5, height: 0.25 };
  assert.deepEqual(shownSize(size, { ...PLAIN_FRAME, turns: 3, isMirrored: true, crop }), {
    width: 1512,
    height: 1008,
  });
});

test('degrees are clockwise: what is shown at the right lay above it before', () => {
  const { x, y } = unstraighten(10, 100, 0);
  assert.ok(x > 98 && x < 99 && y < -17 && y > -18, `${x}, ${y}`);
});
