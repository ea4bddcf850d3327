/** What filters and sliders do to a picture, held against their definitions. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import fc from 'fast-check';
import { ADJUSTMENTS, type AdjustmentName, type Look, PLAIN_LOOK } from '../edits.ts';
import { bake, type Tables } from './bake.ts';
import { applyLook, openEngine, type Pixels } from './engine.ts';
import { FILTER_NAMES, type Filter, type FilterName, filters, type Op, type Points } from './filters.ts';
import { smoothCurve } from './planes.ts';

type Colour = [number, number, number];

const engine = await openEngine(new Uint8Array(await readFile(new URL('kernel.wasm', import.meta.url))));
const RAMP = Array.from({ length: 256 }, (_, level): Colour => [level, level, level]);
/** Colours from all over, among them all greys of 17 levels. */
const COLOURS = Array.from({ length: 17 * 17 * 17 }, (_, at): Colour => {
  const level = (digit: number) => Math.min(255, (digit % 17) * 16);
  return [level(Math.floor(at / 289)), level(Math.floor(at / 17)), level(at)];
});

/** A row of pixels, far enough from each other that a blur does not mix them. */
function run(colours: Colour[], look: Partial<Look>, meanGrey = 128): Colour[] {
  const apart = 7;
  const data = Uint8Array.from(
    colours.flatMap((colour) => Array.from({ length: apart }, () => colour).flat()),
  );
  const tables = bake({ ...PLAIN_LOOK, ...look }, meanGrey);
  engine.run(
    { data, width: data.length / 3, height: 1, channels: 3 },
    { ...tables, vignette: null, grain: 0 },
  );
  return colours.map(
    (_, at) => Array.from(data.subarray((at * apart + 3) * 3, (at * apart + 4) * 3)) as Colour,
  );
}

function adjusted(colours: Colour[], name: AdjustmentName, value: number): Colour[] {
  return run(colours, { adjustments: { [name]: value } });
}

function greyAt(ramp: Colour[], level: number): number {
  return ramp[level]?.[1] ?? Number.NaN;
}

const hold = (value: number) => Math.max(0, Math.min(1, value));

/** A step as filters.ts describes it, on one colour. */
function ideal(step: Op, colour: Colour, mean: number): Colour {
  const [red, green, blue] = colour;
  const each = (to: (value: number, channel: 'red' | 'green' | 'blue') => number): Colour => [
    hold(to(red, 'red')),
    hold(to(green, 'green')),
    hold(to(blue, 'blue')),
  ];
  switch (step.op) {
    case 'contrast': {
      const about = step.about === 'mean' ? mean : step.about;
      return each((value) => about + step.amount * (value - about));
    }
    case 'gain':
      return each((value, channel) => value * step[channel]);
    case 'saturation': {
      const grey = 0.299 * red + 0.587 * green + 0.114 * blue;
      return each((value) => grey + step.amount * (value - grey));
    }
    case 'curve': {
      const curve = smoothCurve(step.points);
      return each((value, channel) => (['all', channel].includes(step.channel) ? curve(value) : value));
    }
    case 'mix':
      return each((value, channel) => value + step.amount * (step[channel] - value));
  }
}

test('a filter baked to tables is near its steps done one by one, at any strength', () => {
  for (const filter of FILTER_NAMES) {
    const { color, quant }: Filter = filters[filter];
    if (quant) continue;
    for (const strength of [100, 60]) {
      const made = run(COLOURS, { filter, strength }, 110);
      const distances = COLOURS.flatMap((colour, at) => {
        const from = colour.map((level) => level / 255) as Colour;
        const to = color.reduce((value: Colour, step) => ideal(step, value, 110 / 255), from);
        return to.map((value, channel) => {
          const expected = 255 * ((from[channel] ?? 0) + (strength / 100) * (value - (from[channel] ?? 0)));
          return Math.abs((made[at]?.[channel] ?? 0) - expected);
        });
      });
      const mean = distances.reduce((sum, distance) => sum + distance, 0) / distances.length;
      assert.ok(mean < 0.6, `${filter} at ${strength}: ${mean} levels on average`);
      const off = distances.filter((distance) => distance > 4).length / distances.length;
      assert.ok(off < 0.005, `${filter} at ${strength}: ${off * 100} % are off by more than 4 levels`);
    }
  }
});

test('the stronger, the farther from the picture', () => {
  for (const filter of FILTER_NAMES.filter((name) => name !== 'none')) {
    const changes = [20, 40, 60, 80, 100].map((strength) =>
      run(COLOURS, { filter, strength })
        .flatMap((colour, at) =>
          colour.map((value, channel) => Math.abs(value - (COLOURS[at]?.[channel] ?? 0))),
        )
        .reduce((sum, change) => sum + change, 0),
    );
    assert.deepEqual(
      changes,
      changes.toSorted((a, b) => a - b),
      filter,
    );
  }
});

test('sliders that only change tones keep their order, and leave greys grey', () => {
  for (const name of ['brightness', 'contrast', 'highlights', 'shadows', 'fade', 'saturation'] as const) {
    for (const value of [ADJUSTMENTS[name].min, -50, 30, 100].filter(
      (each) => each >= ADJUSTMENTS[name].min,
    )) {
      const ramp = adjusted(RAMP, name, value);
      ramp.forEach(([red, green, blue], level) => {
        assert.ok(
          red === green && green === blue,
          `${name} ${value}: ${level} became ${red} ${green} ${blue}`,
        );
        assert.ok(green >= greyAt(ramp, Math.max(0, level - 1)), `${name} ${value} turns back at ${level}`);
      });
    }
  }
});

test('a slider at 0 changes no colour', () => {
  for (const name of Object.keys(ADJUSTMENTS) as AdjustmentName[])
    assert.equal(String(adjusted(COLOURS, name, 0)), String(COLOURS), name);
});

test('brightness moves the middle and holds black and white; contrast moves darks and brights apart', () => {
  const [dark, bright] = [adjusted(RAMP, 'brightness', -100), adjusted(RAMP, 'brightness', 100)];
  for (const ramp of [dark, bright]) assert.deepEqual([greyAt(ramp, 0), greyAt(ramp, 255)], [0, 255]);
  assert.ok(greyAt(dark, 128) < 90 && greyAt(bright, 128) > 165);
  const [soft, hard] = [adjusted(RAMP, 'contrast', -100), adjusted(RAMP, 'contrast', 100)];
  assert.ok(greyAt(hard, 64) < 50 && greyAt(hard, 192) > 205);
  assert.ok(greyAt(soft, 64) > 78 && greyAt(soft, 192) < 178);
});

test('shadows move the darks and highlights the brights, each without the other, black or white', () => {
  for (const [name, value, moved, still] of [
    ['shadows', 100, 50, 230],
    ['shadows', -100, 50, 230],
    ['highlights', 100, 205, 25],
    ['highlights', -100, 205, 25],
  ] as const) {
    const ramp = adjusted(RAMP, name, value);
    assert.deepEqual([greyAt(ramp, 0), greyAt(ramp, 255)], [0, 255]);
    assert.ok(
      (greyAt(ramp, moved) - moved) * Math.sign(value) > 15,
      `${name} ${value}: ${greyAt(ramp, moved)}`,
    );
    assert.ok(Math.abs(greyAt(ramp, still) - still) <= 2, `${name} ${value}: ${greyAt(ramp, still)}`);
  }
});

test('lifted shadows keep their colour instead of turning grey', () => {
  const [dark]: Colour[] = [[60, 30, 15]];
  const [[red, green, blue] = [0, 0, 0]] = adjusted([dark ?? [0, 0, 0]], 'shadows', 100);
  assert.ok(red > 85, `${red}`);
  assert.ok(Math.abs(red / green - 2) < 0.1 && Math.abs(red / blue - 4) < 0.2, `${red} ${green} ${blue}`);
});

test('warmth goes to amber and to blue, and hardly changes how light a grey is', () => {
  const grey: Colour[] = [[128, 128, 128]];
  const [[warmRed, , warmBlue] = [0, 0, 0]] = adjusted(grey, 'warmth', 100);
  const [[coolRed, , coolBlue] = [0, 0, 0]] = adjusted(grey, 'warmth', -100);
  assert.ok(warmRed > 138 && warmBlue < 105 && coolRed < 112 && coolBlue > 136);
  for (const value of [100, -100]) {
    const [[red, green, blue] = [0, 0, 0]] = adjusted(grey, 'warmth', value);
    assert.ok(Math.abs(0.299 * red + 0.587 * green + 0.114 * blue - 128) < 10);
  }
});

test('saturation goes down to greys of the same luma, and up without changing hue', () => {
  adjusted(COLOURS, 'saturation', -100).forEach(([red, green, blue], at) => {
    const [r, g, b] = COLOURS[at] ?? [0, 0, 0];
    const grey = 0.299 * r + 0.587 * g + 0.114 * b;
    for (const value of [red, green, blue]) assert.ok(Math.abs(value - grey) <= 1, `${red} ${green} ${blue}`);
  });
  const [[red, green, blue] = [0, 0, 0]] = adjusted([[140, 120, 100]], 'saturation', 100);
  assert.ok(red > 150 && Math.abs(green - 120) < 4 && blue < 90, `${red} ${green} ${blue}`);
});

test('fade lifts black most, and white not at all', () => {
  const ramp = adjusted(RAMP, 'fade', 100);
  assert.ok(greyAt(ramp, 0) > 40 && greyAt(ramp, 0) < 70);
  assert.equal(greyAt(ramp, 255), 255);
});

function flat(level: number, width: number, height: number): Pixels & { data: Uint8Array } {
  return { data: new Uint8Array(width * height * 3).fill(level), width, height, channels: 3 };
}

test('a vignette darkens the corners alike and leaves the middle, whatever the shape', () => {
  for (const [width, height] of [
    [301, 201],
    [120, 240],
  ] as const) {
    const picture = flat(200, width, height);
    applyLook(engine, picture, { ...PLAIN_LOOK, adjustments: { vignette: 100 } });
    const at = (x: number, y: number) => picture.data[(y * width + x) * 3] ?? 0;
    const corners = [at(0, 0), at(width - 1, 0), at(0, height - 1), at(width - 1, height - 1)];
    assert.deepEqual(new Set(corners).size, 1);
    assert.ok((corners[0] ?? 0) < 100, `${corners}`);
    assert.equal(at(Math.floor(width / 2), Math.floor(height / 2)), 200);
    assert.ok(at(0, Math.floor(height / 2)) > (corners[0] ?? 0));
  }
});

test('grain is as strong as said in the middle greys, weaker in black and white, and shifts no tone', () => {
  const deviations = [0, 128, 255].map((level) => {
    const picture = flat(level, 500, 400);
    applyLook(engine, picture, { ...PLAIN_LOOK, adjustments: { grain: 100 } });
    const greys = picture.data.filter((_, at) => at % 3 === 0);
    const mean = greys.reduce((sum, value) => sum + value, 0) / greys.length;
    if (level === 128) assert.ok(Math.abs(mean - 128) < 0.5, `${mean}`);
    return Math.sqrt(greys.reduce((sum, value) => sum + (value - mean) ** 2, 0) / greys.length);
  });
  const [black = 0, middle = 0, white = 0] = deviations;
  assert.ok(Math.abs(middle - 14) < 1, `${middle}`);
  assert.ok(black < 4 && white < 4, `${deviations}`);
});

test('grain falls on a pixel the same way each time, and nowhere in rows or columns', () => {
  const [one, other] = [flat(128, 256, 256), flat(128, 256, 256)];
  for (const picture of [one, other])
    applyLook(engine, picture, { ...PLAIN_LOOK, adjustments: { grain: 100 } });
  assert.equal(Buffer.compare(one.data, other.data), 0);
  const noise = Array.from({ length: 256 * 256 }, (_, at) => (one.data[at * 3] ?? 0) - 128);
  const alike = (apart: number) =>
    noise.reduce((sum, value, at) => sum + value * (noise[at + apart] ?? 0), 0) /
    noise.reduce((sum, value) => sum + value * value, 0);
  for (const apart of [2, 4, 8, 16, 128, 256 * 2, 256 * 16, 256 * 128])
    assert.ok(Math.abs(alike(apart)) < 0.03, `${apart} apart: ${alike(apart)}`);
});

test('half a filter has half its blur, vignette and grain', () => {
  const blurred = bake({ filter: 'warm-vintage', strength: 50, adjustments: {} }, 100);
  assert.deepEqual(
    blurred.blurs.map(({ kept }) => kept),
    [128],
  );
  const whole = bake({ filter: 'silver', strength: 100, adjustments: {} }, 100);
  const half = bake({ filter: 'silver', strength: 50, adjustments: {} }, 100);
  assert.ok(Math.abs(half.grain * 2 - whole.grain) <= 1 && whole.grain > 0);
  const corner = ({ vignette }: Tables) => 1 - (vignette?.at(-1) ?? 32_767) / 32_767;
  assert.ok(Math.abs(corner(half) * 2 - corner(whole)) < 0.001 && corner(whole) > 0.1);
});

test('a blur softens an edge and changes no colour where all is alike', () => {
  const width = 40;
  const picture = flat(60, width, 20);
  for (let at = 0; at < picture.data.length; at++)
    if (Math.floor(at / 3) % width >= 20) picture.data[at] = 180;
  const tables = bake({ ...PLAIN_LOOK, filter: 'warm-vintage' }, 100);
  engine.run(picture, { ...tables, colour: null });
  const row = Array.from({ length: width }, (_, x) => picture.data[(10 * width + x) * 3] ?? 0);
  assert.deepEqual([row[0], row[16], row[23], row[39]], [60, 60, 180, 180]);
  assert.ok((row[19] ?? 0) > 66 && (row[20] ?? 0) < 174, `${row}`);
  assert.equal((row[19] ?? 0) + (row[20] ?? 0), 240, 'as much to one side as to the other');
});

test('sharpening steepens an edge and leaves what is flat', () => {
  const width = 40;
  const picture = flat(60, width, 20);
  for (let at = 0; at < picture.data.length; at++)
    if (Math.floor(at / 3) % width >= 20) picture.data[at] = 180;
  applyLook(engine, picture, { ...PLAIN_LOOK, adjustments: { sharpen: 100 } });
  const row = Array.from({ length: width }, (_, x) => picture.data[(10 * width + x) * 3] ?? 0);
  assert.ok((row[19] ?? 0) < 40 && (row[20] ?? 0) > 200, `${row}`);
  assert.deepEqual([row[0], row[15], row[24], row[39]], [60, 60, 180, 180]);
});

test('the same look and mean are baked once, whatever the order of its adjustments', () => {
  const one = bake({ filter: 'warm-vintage', strength: 70, adjustments: { fade: 5, warmth: 9 } }, 90);
  assert.equal(bake({ filter: 'warm-vintage', strength: 70, adjustments: { warmth: 9, fade: 5 } }, 90), one);
  assert.notEqual(
    bake({ filter: 'warm-vintage', strength: 70, adjustments: { fade: 5, warmth: 9 } }, 91),
    one,
  );
  const adjustments = { fade: 5 };
  assert.equal(
    bake({ ...PLAIN_LOOK, adjustments }, 10),
    bake({ ...PLAIN_LOOK, adjustments }, 200),
    'without a filter that looks at the mean, it does not matter',
  );
});

test('tables stay within what the kernel can hold', () => {
  const someNames = fc.constantFrom<FilterName>(...FILTER_NAMES);
  fc.assert(
    fc.property(
      someNames,
      fc.integer({ min: 0, max: 100 }),
      fc.integer({ min: 0, max: 255 }),
      (filter, strength, mean) => {
        const adjustments = { shadows: 100, warmth: 100, sharpen: 100, grain: 100, vignette: 100 };
        const { colour, blurs, grain } = bake({ filter, strength, adjustments }, mean);
        assert.ok(colour?.nodes.every((node) => node >= 0 && node <= 255 * 128));
        assert.ok(blurs.every(({ side, bits, kept }) => side <= 32_768 / 3 && bits <= 5 && kept <= 256 * 4));
        assert.ok(grain <= 32_767);
      },
    ),
    { numRuns: 40 },
  );
});

test('a curve goes through its points, and between two of them never beyond', () => {
  const level = fc.integer({ min: 0, max: 100 }).map((part) => part / 100);
  const somePoints = fc
    .uniqueArray(level, { minLength: 2, maxLength: 6 })
    .chain((xs) =>
      fc
        .array(level, { minLength: xs.length, maxLength: xs.length })
        .map((ys): Points => xs.toSorted((a, b) => a - b).map((x, at) => [x, ys[at] ?? 0] as const)),
    );
  fc.assert(
    fc.property(somePoints, (points) => {
      const curve = smoothCurve(points);
      points.forEach(([x, y], at) => {
        assert.ok(Math.abs(curve(x) - y) < 1e-9);
        const [nextX, nextY] = points[at + 1] ?? [1, y];
        for (let step = 1; step < 10; step++) {
          const value = curve(x + ((nextX - x) * step) / 10);
          assert.ok(value >= Math.min(y, nextY) - 1e-9 && value <= Math.max(y, nextY) + 1e-9);
        }
      });
    }),
  );
});
