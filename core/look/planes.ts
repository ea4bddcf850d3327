/**
 * What steps of colour are evaluated on, when tables are baked: three channels in levels (0 to 255, with fractions), of
 * the 256 inputs of each channel or of the nodes of a cube of colours. Only + − × ÷ and square roots are used: those are
 * exact to the last bit in every JavaScript engine, so that all of them bake the same tables; powers are not.
 */
import type { Op, Points } from './filters.ts';

export type Planes = { red: Float64Array; green: Float64Array; blue: Float64Array };

/** A step that mixes channels needs a cube; the others can be done on each channel by itself. */
export type Step = { readonly mixes: boolean; run(planes: Planes): void };

export const CUBE_SIDE = 33;
const WHITE = 255;

/** Each channel's 256 levels. */
export function levels(): Planes {
  const ramp = Float64Array.from({ length: 256 }, (_, level) => level);
  return { red: ramp, green: ramp.slice(), blue: ramp.slice() };
}

/** The nodes of the cube: blue runs fastest, red slowest. */
export function cube(): Planes {
  const size = CUBE_SIDE * CUBE_SIDE * CUBE_SIDE;
  const planes = { red: new Float64Array(size), green: new Float64Array(size), blue: new Float64Array(size) };
  let node = 0;
  for (let red = 0; red < CUBE_SIDE; red++) {
    for (let green = 0; green < CUBE_SIDE; green++) {
      for (let blue = 0; blue < CUBE_SIDE; blue++) {
        planes.red[node] = levelOfNode(red);
        planes.green[node] = levelOfNode(green);
        planes.blue[node] = levelOfNode(blue);
        node++;
      }
    }
  }
  return planes;
}

function levelOfNode(at: number): number {
  return (at * WHITE) / (CUBE_SIDE - 1);
}

export function copyOf({ red, green, blue }: Planes): Planes {
  return { red: red.slice(), green: green.slice(), blue: blue.slice() };
}

/** Leaves `part` (0 to 1) of what was done since `before`. */
export function takeBack(planes: Planes, before: Planes, part: number): void {
  for (const name of ['red', 'green', 'blue'] as const) {
    const [channel, from] = [planes[name], before[name]];
    for (let at = 0; at < channel.length; at++)
      channel[at] = (from[at] as number) * (1 - part) + (channel[at] as number) * part;
  }
}

/** `cutsOff`: each change loses its fraction of a level, half a level on average where values have fractions. */
export function stepOf(op: Op, meanGrey: number, cutsOff: boolean): Step {
  switch (op.op) {
    case 'contrast':
      return contrast(op.amount, op.about === 'mean' ? meanGrey : op.about * WHITE, cutsOff);
    case 'gain':
      return gain(op.red, op.green, op.blue, cutsOff);
    case 'saturation':
      return saturation(op.amount, cutsOff);
    case 'curve':
      return curve(op.channel, op.points, cutsOff);
    case 'mix':
      return mix([op.red * WHITE, op.green * WHITE, op.blue * WHITE], op.amount, cutsOff);
  }
}

/** Rounded to 32 bits as Pillow does, which decides what is cut off; it does not show otherwise. */
function contrast(amount: number, about: number, cutsOff: boolean): Step {
  const factor = Math.fround(amount);
  return eachChannel(cutsOff, (value) => Math.fround(about + Math.fround(factor * (value - about))));
}

export function gain(red: number, green: number, blue: number, cutsOff: boolean): Step {
  const settle = settlerOf(cutsOff);
  return {
    mixes: false,
    run: (planes) => {
      for (const [channel, factor] of [
        [planes.red, red],
        [planes.green, green],
        [planes.blue, blue],
      ] as const) {
        if (factor !== 1) settle(channel, (value) => value * factor);
      }
    },
  };
}

export function saturation(amount: number, cutsOff: boolean): Step {
  const lost = cutsOff ? 0.48 : 0;
  return {
    mixes: true,
    run: ({ red, green, blue }) => {
      for (let at = 0; at < red.length; at++) {
        const r = red[at] as number;
        const g = green[at] as number;
        const b = blue[at] as number;
        const grey = greyOf(r, g, b);
        red[at] = held(grey + amount * (r - grey) - lost);
        green[at] = held(grey + amount * (g - grey) - lost);
        blue[at] = held(grey + amount * (b - grey) - lost);
      }
    },
  };
}

function curve(channel: 'all' | 'red' | 'green' | 'blue', points: Points, cutsOff: boolean): Step {
  const through = smoothCurve(points);
  const settle = settlerOf(cutsOff);
  return {
    mixes: false,
    run: (planes) => {
      for (const each of channel === 'all' ? (['red', 'green', 'blue'] as const) : [channel])
        settle(planes[each], (value) => through(value / WHITE) * WHITE);
    },
  };
}

function mix([red, green, blue]: [number, number, number], amount: number, cutsOff: boolean): Step {
  const settle = settlerOf(cutsOff);
  return {
    mixes: false,
    run: (planes) => {
      settle(planes.red, (value) => value + (red - value) * amount);
      settle(planes.green, (value) => value + (green - value) * amount);
      settle(planes.blue, (value) => value + (blue - value) * amount);
    },
  };
}

/** The same change, of levels, to all three channels. */
export function eachChannel(cutsOff: boolean, to: (level: number) => number): Step {
  const settle = settlerOf(cutsOff);
  return {
    mixes: false,
    run: ({ red, green, blue }) => {
      for (const channel of [red, green, blue]) settle(channel, to);
    },
  };
}

/** Luma by ITU-R 601-2, as in Pillow's greys. */
export function greyOf(red: number, green: number, blue: number): number {
  return 0.299 * red + 0.587 * green + 0.114 * blue;
}

export function held(level: number): number {
  return Math.max(0, Math.min(WHITE, level));
}

function settlerOf(cutsOff: boolean) {
  return (channel: Float64Array, to: (level: number) => number): void => {
    const isCube = channel.length > 256;
    if (isCube) changeByTable(channel, cutsOff ? (level) => to(level) - 0.5 : to);
    else channel.set(channel.map((level) => held(cutsOff ? Math.floor(to(level)) : to(level))));
  };
}

/** 36,000 nodes are changed faster through a table of quarter levels, with a straight line between two of them. */
function changeByTable(channel: Float64Array, to: (level: number) => number): void {
  const table = Float64Array.from({ length: WHITE * 4 + 2 }, (_, at) => held(to(Math.min(WHITE, at / 4))));
  for (let at = 0; at < channel.length; at++) {
    const place = (channel[at] as number) * 4;
    const whole = Math.floor(place);
    const from = table[whole] as number;
    channel[at] = from + (place - whole) * ((table[whole + 1] as number) - from);
  }
}

/**
 * Cubic between the points, with slopes that keep it from swinging past them. (Fritsch and Butland, "A method for
 * constructing local monotone piecewise cubic interpolants", 1984: the harmonic mean of the slopes to both sides.)
 */
export function smoothCurve(points: Points): (x: number) => number {
  const slopes = slopesAt(points);
  return (x) => {
    const right = points.findIndex(([at]) => at >= x);
    const [first, last] = [points[0], points.at(-1)];
    if (!first || !last) return x;
    if (right === 0) return first[1];
    if (right < 0) return last[1];
    const [x0, y0] = points[right - 1] ?? first;
    const [x1, y1] = points[right] ?? last;
    const width = x1 - x0;
    const t = (x - x0) / width;
    const [m0, m1] = [(slopes[right - 1] ?? 0) * width, (slopes[right] ?? 0) * width];
    const rest = 1 - t;
    return rest * rest * ((1 + 2 * t) * y0 + t * m0) + t * t * ((3 - 2 * t) * y1 - rest * m1);
  };
}

function slopesAt(points: Points): number[] {
  const secants = points.slice(1).map(([x, y], at) => {
    const [x0, y0] = points[at] ?? [0, 0];
    return (y - y0) / (x - x0);
  });
  return points.map((_, at) => {
    const [left, right] = [secants[at - 1], secants[at]];
    if (left === undefined) return right ?? 0;
    if (right === undefined) return left;
    return left * right <= 0 ? 0 : (2 * left * right) / (left + right);
  });
}
