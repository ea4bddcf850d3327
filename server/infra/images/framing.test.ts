import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import sharp from 'sharp';
import { type Frame, PLAIN_FRAME } from '../../../core/edits.ts';
import { cropOf, type Size, shownSize, unstraighten } from '../../../core/frame.ts';
import { openEngine } from '../../../core/look/engine.ts';
import { framed, shapesOf, startImageWorld } from '../../../test/image-world.ts';
import { carryOut, fitFrame, planFrame } from './framing.ts';
import { decodeSource, type Lab, openSource } from './source.ts';

const lab: Lab = { engine: await openEngine(null), stages: {} };
const BOX = { width: 1080, height: 1920 };

/** Red grows to the right, green downwards, and blue is full everywhere, so that what is empty shows. */
function ramps({ width, height }: Size): Buffer {
  const data = Buffer.alloc(width * height * 3, 255);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      data[(y * width + x) * 3] = Math.round(((x + 0.5) / width) * 255);
      data[(y * width + x) * 3 + 1] = Math.round(((y + 0.5) / height) * 255);
    }
  }
  return data;
}

/** Follows a plan as the pipeline does. */
async function show(path: string, size: Size, frame: Frame) {
  await writeFile(
    path,
    await sharp(ramps(size), { raw: { ...size, channels: 3 } })
      .png()
      .toBuffer(),
  );
  const plan = planFrame(size, frame, BOX);
  const source = await openSource(lab, path);
  return carryOut(plan, await decodeSource(lab, source, plan.whole, plan.window));
}

/** Where on the picture (fractions) a point of what is shown (fractions) lies, by the definition of a frame. */
function origin(size: Size, frame: Frame, x: number, y: number) {
  const crop = cropOf(size, frame);
  const [width, height] = frame.turns % 2 ? [size.height, size.width] : [size.width, size.height];
  const flat = unstraighten(
    frame.degrees,
    (crop.left + x * crop.width - 0.5) * width,
    (crop.top + y * crop.height - 0.5) * height,
  );
  let [u, v] = [flat.x / width + 0.5, flat.y / height + 0.5];
  if (frame.isMirrored) u = 1 - u;
  for (let turn = 0; turn < frame.turns; turn++) [u, v] = [v, 1 - u];
  return [u, v] as const;
}

const frames: fc.Arbitrary<Frame> = fc.record({
  turns: fc.constantFrom(0, 1, 2, 3),
  isMirrored: fc.boolean(),
  degrees: fc.oneof(fc.constant(0), fc.double({ min: -25, max: 25, noNaN: true })),
  crop: fc.option(
    fc.record({
      left: fc.double({ min: 0, max: 0.9, noNaN: true }),
      top: fc.double({ min: 0, max: 0.9, noNaN: true }),
      width: fc.double({ min: 0.05, max: 1, noNaN: true }),
      height: fc.double({ min: 0.05, max: 1, noNaN: true }),
    }),
  ),
});
const sizes = fc.record({
  width: fc.integer({ min: 60, max: 300 }),
  height: fc.integer({ min: 60, max: 300 }),
});

test('every pixel of what a frame shows comes from where the frame says, and none is empty', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'pinhole-frames-'));
  t.after(() => rm(folder, { recursive: true }));
  await fc.assert(
    fc.asyncProperty(sizes, frames, async (size, frame) => {
      const { data, width, height } = await show(join(folder, 'source'), size, frame);
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const at = (y * width + x) * 3;
          const where = `at ${x}, ${y} of ${width} × ${height}`;
          assert.ok((data[at + 2] ?? 0) >= 254, `empty ${where}: ${data[at + 2]}`);
          const [u, v] = origin(size, frame, (x + 0.5) / width, (y + 0.5) / height);
          const away = Math.max(
            (Math.abs(u * 255 - (data[at] ?? 0)) * size.width) / 255,
            (Math.abs(v * 255 - (data[at + 1] ?? 0)) * size.height) / 255,
          );
          // The result has whole pixels, and colours whole levels.
          assert.ok(away < 1.6, `${away} pixels off ${where}`);
        }
      }
    }),
    { numRuns: 150 },
  );
});

test('what is shown fits the box, keeps its shape, and is never enlarged or nothing', () => {
  const sides = fc.integer({ min: 1, max: 16_384 });
  fc.assert(
    fc.property(fc.record({ width: sides, height: sides }), frames, (size, frame) => {
      const { width, height } = fitFrame(size, frame, BOX);
      const shown = shownSize(size, frame);
      assert.ok(width >= 1 && height >= 1 && width <= BOX.width && height <= BOX.height);
      assert.ok(width <= shown.width + 1 && height <= shown.height + 1);
      const { whole, window, part } = planFrame(size, frame, BOX);
      assert.ok(whole.width <= size.width && whole.height <= size.height);
      assert.ok(window.left >= 0 && window.left + window.width <= whole.width, JSON.stringify(window));
      assert.ok(window.top >= 0 && window.top + window.height <= whole.height, JSON.stringify(window));
      assert.deepEqual([part.width, part.height].sort(), [width, height].sort());
    }),
    { numRuns: 2000 },
  );
});

/** Four colours, clockwise from the top left: red, green, blue, yellow. */
const QUARTERS = ['#c83c32', '#46b450', '#3250be', '#e1d75a'];

function quarters(width: number, height: number) {
  const [half, low] = [width / 2, height / 2];
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
    <rect width="${half}" height="${low}" fill="${QUARTERS[0]}"/>
    <rect x="${half}" width="${half}" height="${low}" fill="${QUARTERS[1]}"/>
    <rect x="${half}" y="${low}" width="${half}" height="${low}" fill="${QUARTERS[2]}"/>
    <rect y="${low}" width="${half}" height="${low}" fill="${QUARTERS[3]}"/></svg>`;
  return sharp(Buffer.from(svg)).jpeg({ quality: 95 }).toBuffer();
}

/** Which of the colours the picture has at its corners, clockwise from the top left. */
async function cornersOf(bytes: Buffer): Promise<number[]> {
  const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
  const inset = 3;
  const [right, bottom] = [info.width - 1 - inset, info.height - 1 - inset];
  return [
    [inset, inset],
    [right, inset],
    [right, bottom],
    [inset, bottom],
  ].map(([x = 0, y = 0]) => {
    const at = (y * info.width + x) * 3;
    const distances = QUARTERS.map((colour) =>
      [0, 1, 2].reduce(
        (sum, channel) =>
          sum +
          Math.abs(
            Number.parseInt(colour.slice(1 + channel * 2, 3 + channel * 2), 16) - (data[at + channel] ?? 0),
          ),
        0,
      ),
    );
    const least = Math.min(...distances);
    return least < 40 ? distances.indexOf(least) : -1;
  });
}

test('a photo is turned, mirrored, straightened and cropped in every rendition', async (t) => {
  const { send, render } = await startImageWorld(t);
  await send(await quarters(1600, 1200));
  const cases: [string, Partial<Frame>, number[], Size][] = [
    ['plain', {}, [0, 1, 2, 3], { width: 1080, height: 810 }],
    ['a quarter turn clockwise', { turns: 1 }, [3, 0, 1, 2], { width: 1080, height: 1440 }],
    ['upside down', { turns: 2 }, [2, 3, 0, 1], { width: 1080, height: 810 }],
    ['a quarter turn back', { turns: 3 }, [1, 2, 3, 0], { width: 1080, height: 1440 }],
    ['mirrored', { isMirrored: true }, [1, 0, 3, 2], { width: 1080, height: 810 }],
    ['turned, then mirrored', { turns: 1, isMirrored: true }, [0, 3, 2, 1], { width: 1080, height: 1440 }],
    ['straightened', { degrees: 20 }, [0, 1, 2, 3], { width: 1080, height: 810 }],
    ['straightened the other way', { degrees: -25 }, [0, 1, 2, 3], { width: 1080, height: 810 }],
    [
      'the right half',
      { crop: { left: 0.5, top: 0, width: 0.5, height: 1 } },
      [1, 1, 2, 2],
      { width: 800, height: 1200 },
    ],
    [
      'the right half after a turn',
      { turns: 1, crop: { left: 0.5, top: 0, width: 0.5, height: 1 } },
      [0, 0, 1, 1],
      { width: 600, height: 1600 },
    ],
    [
      'the left half after a turn and mirrored',
      { turns: 1, isMirrored: true, crop: { left: 0, top: 0, width: 0.5, height: 1 } },
      [0, 0, 1, 1],
      { width: 600, height: 1600 },
    ],
  ];
  for (const [name, frame, corners, { width, height }] of cases) {
    const rendered = await render('photo', framed(frame));
    assert.deepEqual([rendered.width, rendered.height], [width, height], name);
    assert.deepEqual(shapesOf(rendered)[0], ['w1080', width, height], name);
    for (const { name: rendition, bytes } of rendered.renditions)
      assert.deepEqual(await cornersOf(bytes), corners, `${name}, ${rendition}`);
  }
});

test('an avatar is the middle of what the frame shows', async (t) => {
  const { send, render } = await startImageWorld(t);
  await send(await quarters(1600, 1200));
  const { renditions } = await render(
    'avatar',
    framed({ crop: { left: 0.5, top: 0, width: 0.5, height: 0.5 } }),
  );
  for (const { bytes } of renditions) assert.deepEqual(await cornersOf(bytes), [1, 1, 1, 1]);
});

test('the same edits make the same bytes, and a sliver of a picture is bounded', async (t) => {
  const { send, render } = await startImageWorld(t);
  await send(await quarters(1600, 1200));
  const frame = framed({ degrees: 7.5, turns: 3, crop: { left: 0.1, top: 0.2, width: 0.5, height: 0.4 } });
  const [one, other] = [await render('photo', frame), await render('photo', frame)];
  assert.ok(one.renditions.every(({ bytes }, at) => other.renditions[at]?.bytes.equals(bytes)));
  const sliver = framed({ crop: { left: 0.4, top: 0, width: 0.0001, height: 1 } });
  assert.deepEqual(shapesOf(await render('photo', sliver)), [
    ['w1080', 1, 1200],
    ['w640', 1, 1200],
    ['w320', 1, 1200],
    ['s150', 1, 1],
  ]);
});

test('a plain frame is the default', () => {
  const size = { width: 4032, height: 3024 };
  const { whole, window } = planFrame(size, PLAIN_FRAME, BOX);
  assert.deepEqual(window, { left: 0, top: 0, ...whole, padding: 0 });
});
