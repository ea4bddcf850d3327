/** The filters as a set: their names, how far they are from each other on photographs, and what they do to skin. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import { PLAIN_LOOK } from '../edits.ts';
import { bake } from './bake.ts';
import { applyLook, openEngine } from './engine.ts';
import { FILTER_LABELS, FILTER_NAMES, type FilterName } from './filters.ts';

type Colour = readonly [red: number, green: number, blue: number];

const NEUTRAL = ['silver', 'graphite', 'nocturne'] as const;
const WARM_TONED = ['ivory', 'walnut'] as const;
const COOL_TONED = ['slate'] as const;
const ONE_TONE: readonly FilterName[] = [...NEUTRAL, ...WARM_TONED, ...COOL_TONED];
/** Dusk is meant to fall on faces too. */
const SHIFTS_SKIN: readonly FilterName[] = ['blue-hour', ...ONE_TONE];

/** From the palest to the darkest, as on the scale of Fitzpatrick; the last two are the darkest in light and in shade. */
const SKIN: readonly Colour[] = [
  [244, 208, 177],
  [231, 180, 143],
  [210, 158, 124],
  [186, 119, 80],
  [165, 93, 43],
  [120, 72, 50],
  [90, 56, 37],
  [60, 32, 29],
];
const HUE_SHIFT_MAX = 20;

const engine = await openEngine(new Uint8Array(await readFile(new URL('kernel.wasm', import.meta.url))));
const fixtures = path.resolve(import.meta.dirname, '../../test/fixtures');
const photos = await Promise.all(
  ['pier-original.png', 'canyon-original.png', 'orientation/Landscape_1.jpg'].map((name) =>
    sharp(path.join(fixtures, name))
      .resize({ width: 270, height: 270, fit: 'cover' })
      .removeAlpha()
      .toColourspace('srgb')
      .raw()
      .toBuffer(),
  ),
);

function filtered(photo: Uint8Array, filter: FilterName, strength = 100): Uint8Array {
  const data = new Uint8Array(photo);
  applyLook(engine, { data, width: 270, height: 270, channels: 3 }, { ...PLAIN_LOOK, filter, strength });
  return data;
}

/** In levels, per channel, on average. */
function distance(one: Uint8Array, other: Uint8Array): number {
  return one.reduce((sum, level, at) => sum + Math.abs(level - (other[at] ?? 0)), 0) / one.length;
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Without vignette and grain; each colour far enough from the next that a blur does not mix them. */
function recolour(colours: readonly Colour[], filter: FilterName): Colour[] {
  const apart = 7;
  const data = Uint8Array.from(
    colours.flatMap((colour) => Array.from({ length: apart }, () => colour).flat()),
  );
  const tables = bake({ ...PLAIN_LOOK, filter }, 120);
  engine.run(
    { data, width: data.length / 3, height: 1, channels: 3 },
    { ...tables, vignette: null, grain: 0 },
  );
  return colours.map((_, at) => {
    const [red = 0, green = 0, blue = 0] = data.subarray((at * apart + 3) * 3);
    return [red, green, blue];
  });
}

/** Degrees on the wheel of colours: red is 0, yellow 60, magenta −60. */
function hueOf([red, green, blue]: Colour): number {
  return (Math.atan2(Math.sqrt(3) * (green - blue), 2 * red - green - blue) * 180) / Math.PI;
}

test('there are 24 filters and the original, which comes first', () => {
  assert.equal(FILTER_NAMES.length, 25);
  assert.equal(FILTER_NAMES[0], 'none');
});

test('names are lower-case words, and labels the same words, all different', () => {
  for (const name of FILTER_NAMES) {
    assert.match(name, /^[a-z]+(-[a-z]+)*$/);
    const label = FILTER_LABELS[name];
    assert.match(label, /^[A-Z][a-z]+( [a-z]+)*$/);
    assert.ok(label.length <= 12, `${label} is too long for its tile`);
    if (name !== 'none') assert.equal(label.toLowerCase().replaceAll(' ', '-'), name);
  }
  assert.deepEqual(Object.keys(FILTER_LABELS), FILTER_NAMES);
  assert.equal(new Set(Object.values(FILTER_LABELS)).size, FILTER_NAMES.length);
});

test('every two filters are clearly different, on average and on the photograph where they are nearest', () => {
  const made = FILTER_NAMES.map((name) => photos.map((photo) => filtered(photo, name)));
  FILTER_NAMES.forEach((name, at) => {
    FILTER_NAMES.slice(0, at).forEach((other, before) => {
      const apart = photos.map((_, photo) =>
        distance(made[at]?.[photo] ?? new Uint8Array(), made[before]?.[photo] ?? new Uint8Array()),
      );
      const said = `${name} and ${other}: ${apart.map((each) => each.toFixed(1))} levels apart`;
      assert.ok(mean(apart) > 7, said);
      assert.ok(Math.min(...apart) > 3.5, said);
    });
  });
});

test('at strength 0 nothing changes, and at 50 it is half way', () => {
  for (const name of FILTER_NAMES.filter((each) => each !== 'none')) {
    for (const photo of photos) {
      assert.equal(distance(filtered(photo, name, 0), photo), 0, name);
      const [half, whole] = [filtered(photo, name, 50), filtered(photo, name)];
      const middle = whole.map((level, at) => Math.round((level + (photo[at] ?? 0)) / 2));
      const off = distance(half, middle);
      // A vignette on half the colours is not quite half of one on all of them.
      assert.ok(off < 2.5, `${name}: ${off} levels from the middle`);
    }
  }
});

test('black and white is grey, or one tone from dark to bright, whatever the colours were', () => {
  for (const name of NEUTRAL)
    for (const photo of photos) {
      const made = filtered(photo, name);
      for (let at = 0; at < made.length; at += 3)
        assert.ok(made[at] === made[at + 1] && made[at] === made[at + 2], `${name} at ${at / 3}`);
    }
  const colours = photos.flatMap((photo) =>
    Array.from({ length: 2000 }, (_, at): Colour => {
      const [red = 0, green = 0, blue = 0] = photo.subarray(at * 36 * 3);
      return [red, green, blue];
    }),
  );
  for (const name of [...WARM_TONED, ...COOL_TONED]) {
    const made = recolour(colours, name).toSorted(([, one], [, other]) => one - other);
    const isWarm = WARM_TONED.some((each) => each === name);
    made.forEach(([red, green, blue], at) => {
      const said = `${name} makes ${red} ${green} ${blue}`;
      assert.ok(isWarm ? red >= green && green >= blue : red <= green && green <= blue, said);
      const [redBefore, , blueBefore] = made[at - 1] ?? [red, green, blue];
      assert.ok(red >= redBefore - 3 && blue >= blueBefore - 3, said);
    });
  }
});

test('what is not black and white keeps red from green and blue', () => {
  for (const name of FILTER_NAMES.filter((each) => !ONE_TONE.includes(each))) {
    const made = recolour(
      [
        [200, 60, 50],
        [60, 160, 70],
        [60, 90, 190],
      ],
      name,
    );
    made.forEach((colour, at) => {
      const others = colour.filter((_, channel) => channel !== at);
      assert.ok((colour[at] ?? 0) > Math.max(...others) + 20, `${name} makes ${colour}`);
    });
  }
});

test('skin of every shade stays skin: no green or magenta faces, and darker ones stay darker', () => {
  for (const name of FILTER_NAMES) {
    const made = recolour(SKIN, name);
    made.forEach((colour, at) => {
      const said = `${name} makes ${colour} of ${SKIN[at]}`;
      const [, lighter = 255] = made[at - 1] ?? [];
      assert.ok(colour[1] < lighter - 3, said);
      assert.ok(Math.max(...colour) < 255 && Math.min(...colour) > 0, said);
      if (SHIFTS_SKIN.includes(name)) return;
      const shift = hueOf(colour) - hueOf(SKIN[at] ?? colour);
      assert.ok(Math.abs(shift) <= HUE_SHIFT_MAX, `${said}: ${shift.toFixed(0)}°`);
    });
  }
});

test('no filter burns out or blackens more than a few pixels', () => {
  const shareClipped = (data: Uint8Array) =>
    data.filter((level) => level === 0 || level === 255).length / data.length;
  for (const name of FILTER_NAMES) {
    const added = mean(photos.map((photo) => shareClipped(filtered(photo, name)) - shareClipped(photo)));
    assert.ok(added < 0.04, `${name} clips ${(added * 100).toFixed(1)} % more`);
  }
});
