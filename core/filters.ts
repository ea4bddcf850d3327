/**
 * Filters are data, and one routine of whole numbers applies them, so that the browser's preview, the server's
 * renditions and Pillow 9.4 agree to the last bit. Colour operations on single channels are folded into three
 * tables of 256 entries and cost one look-up; the picture is passed over once per operation that mixes channels.
 * It does not touch alpha, and knows nothing of colour profiles: pixels are sRGB, 8 bits a channel.
 *
 * Changing a filter changes the pictures that members have chosen it for: add a new one instead.
 */

type ColourStep =
  | { readonly kind: 'contrast'; readonly factor: number }
  | { readonly kind: 'gain'; readonly red: number; readonly green: number; readonly blue: number }
  | { readonly kind: 'saturation'; readonly factor: number };

/** `colour` is applied in order, then the blur. `blurRadius` is Pillow's: the standard deviation in pixels, 0 to 1.2. */
export type Filter = { readonly colour: readonly ColourStep[]; readonly blurRadius: number };

export const filters = {
  none: { colour: [], blurRadius: 0 },
  'warm-vintage': {
    colour: [
      { kind: 'contrast', factor: 1.15 },
      { kind: 'gain', red: 1.08, green: 1, blue: 0.92 },
      { kind: 'saturation', factor: 0.85 },
    ],
    blurRadius: 0.5,
  },
} as const satisfies Record<string, Filter>;

export type FilterName = keyof typeof filters;

export const FILTER_NAMES = Object.keys(filters) as readonly FilterName[];

/** Rows from the top, channels interleaved, without padding: `width × height × channels` bytes. */
export type Pixels = {
  data: Uint8Array | Uint8ClampedArray;
  width: number;
  height: number;
  channels: 3 | 4;
};

type Tables = { red: Uint8Array; green: Uint8Array; blue: Uint8Array };

/** Applies the filter in place. Throws a RangeError if `data` has not the size that width, height and channels say. */
export function applyFilter(pixels: Pixels, filter: Filter): void {
  const { width, height, channels } = pixels;
  if (pixels.data.length !== width * height * channels) {
    throw new RangeError(`${width}×${height}×${channels} pixels need other than ${pixels.data.length} bytes`);
  }
  if (pixels.data.length === 0) return;
  // One type of array in the loops below, whatever the caller has: the compiler makes them twice as fast.
  const data = new Uint8Array(pixels.data.buffer, pixels.data.byteOffset, pixels.data.length);
  applyColour(data, channels, filter.colour);
  if (filter.blurRadius > 0) blur(data, width, height, channels, filter.blurRadius);
}

function applyColour(data: Uint8Array, channels: number, steps: readonly ColourStep[]): void {
  let tables: Tables | null = null;
  for (const step of steps) {
    switch (step.kind) {
      case 'contrast': {
        const grey = meanGrey(data, channels, tables ?? identityTables());
        const table = tableOf((value) => blend(grey, value, step.factor));
        tables = then(tables, { red: table, green: table, blue: table });
        break;
      }
      case 'gain':
        tables = then(tables, {
          red: tableOf((value) => value * step.red),
          green: tableOf((value) => value * step.green),
          blue: tableOf((value) => value * step.blue),
        });
        break;
      case 'saturation':
        saturate(data, channels, tables ?? identityTables(), step.factor);
        tables = null;
    }
  }
  if (tables) lookUp(data, channels, tables);
}

/** A table of what `change` makes of each level; fractions are cut off and the rest is held within 0 to 255. */
function tableOf(change: (value: number) => number): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, value) =>
    Math.max(0, Math.min(255, Math.trunc(change(value)))),
  );
}

function identityTables(): Tables {
  const table = tableOf((value) => value);
  return { red: table, green: table, blue: table };
}

function then(first: Tables | null, second: Tables): Tables {
  if (!first) return second;
  return {
    red: first.red.map((value) => second.red[value] ?? 0),
    green: first.green.map((value) => second.green[value] ?? 0),
    blue: first.blue.map((value) => second.blue[value] ?? 0),
  };
}

/** Pillow's Image.blend: 32-bit floats, which is why each step is rounded to one. */
function blend(from: number, to: number, factor: number): number {
  return Math.fround(from + Math.fround(Math.fround(factor) * (to - from)));
}

function lookUp(data: Uint8Array, channels: number, { red, green, blue }: Tables): void {
  for (let at = 0; at < data.length; at += channels) {
    data[at] = red[data[at] as number] as number;
    data[at + 1] = green[data[at + 1] as number] as number;
    data[at + 2] = blue[data[at + 2] as number] as number;
  }
}

/** Luma by ITU-R 601-2, in 16-bit fixed point: Pillow's convert('L'). */
function luma(red: number, green: number, blue: number): number {
  return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
}

function meanGrey(data: Uint8Array, channels: number, { red, green, blue }: Tables): number {
  let sum = 0;
  for (let at = 0; at < data.length; at += channels) {
    sum += luma(
      red[data[at] as number] as number,
      green[data[at + 1] as number] as number,
      blue[data[at + 2] as number] as number,
    );
  }
  return Math.trunc(sum / (data.length / channels) + 0.5);
}

function saturate(data: Uint8Array, channels: number, tables: Tables, factor: number): void {
  const { red, green, blue } = tables;
  const blended = new Uint8Array(256 * 256);
  for (let grey = 0; grey < 256; grey++) {
    blended.set(
      tableOf((value) => blend(grey, value, factor)),
      grey << 8,
    );
  }
  for (let at = 0; at < data.length; at += channels) {
    const r = red[data[at] as number] as number;
    const g = green[data[at + 1] as number] as number;
    const b = blue[data[at + 2] as number] as number;
    const row = luma(r, g, b) << 8;
    data[at] = blended[row | r] as number;
    data[at + 1] = blended[row | g] as number;
    data[at + 2] = blended[row | b] as number;
  }
}

/**
 * Pillow's GaussianBlur: three "extended" box blurs along the rows, then three along the columns, each rounded to
 * 8 bits. (Gwosdek et al., "Theoretical Foundations of Gaussian Convolution by Extended Box Filtering", 2011.)
 */
function blur(data: Uint8Array, width: number, height: number, channels: number, radius: number): void {
  const side = sideWeight(radius);
  const rowBytes = width * channels;
  for (let channel = 0; channel < 3; channel++) {
    for (let row = 0; row < height; row++) blurLine(data, row * rowBytes + channel, width, channels, side);
  }
  for (let column = 0; column < rowBytes; column++) {
    if (column % channels < 3) blurLine(data, column, height, rowBytes, side);
  }
}

/**
 * What each neighbour weighs, in 1/2^24, in a box that reaches less than one pixel to each side. The pixel itself
 * weighs the rest; where Pillow's own rounding would lose 1/2^24 on the way, the radius is refused.
 */
function sideWeight(radius: number): number {
  const variance = Math.fround((radius * radius) / 3);
  const boxRadius = Math.fround((-3 * variance) / (6 * (variance - 1)));
  const own = Math.trunc(Math.fround(2 ** 24 / Math.fround(boxRadius * 2 + 1)));
  if (!(radius <= 1.2) || own % 2 !== 0) throw new RangeError(`a blur radius of ${radius} is not supported`);
  return (2 ** 24 - own) / 2;
}

/** Pillow's `(here × own + (left + right) × side + 2^23) >> 24`, put so that it fits in 32 bits with a sign. */
function box(left: number, here: number, right: number, side: number): number {
  return here + ((Math.imul(left + right - here - here, side) + (1 << 23)) >> 24);
}

/**
 * Blurs one channel of one row or column, `step` bytes from pixel to pixel, with the three passes in flight at once:
 * a is the picture, b what the first pass makes of it, c the second; each holds its last two pixels (l, h), and what
 * lies beyond the ends is, for every pass, its own last pixel. Three separate passes take 1.7 times as long.
 */
function blurLine(data: Uint8Array, start: number, count: number, step: number, side: number): void {
  if (count < 3) {
    blurShortLine(data, start, start + (count - 1) * step, side);
    return;
  }
  const first = data[start] as number;
  let al = data[start + step] as number;
  let ah = data[start + 2 * step] as number;
  let bl = box(first, first, al, side);
  let bh = box(first, al, ah, side);
  let cl = box(bl, bl, bh, side);
  let ch = cl;
  let at = start;
  for (const stop = start + (count - 3) * step; at < stop; at += step) {
    const a = data[at + 3 * step] as number;
    const b = box(al, ah, a, side);
    const c = box(bl, bh, b, side);
    data[at] = box(cl, ch, c, side);
    al = ah;
    ah = a;
    bl = bh;
    bh = b;
    cl = ch;
    ch = c;
  }
  const b = box(al, ah, ah, side);
  const c = box(bl, bh, b, side);
  const last = box(bh, b, b, side);
  data[at] = box(cl, ch, c, side);
  data[at + step] = box(ch, c, last, side);
  data[at + 2 * step] = box(c, last, last, side);
}

function blurShortLine(data: Uint8Array, start: number, end: number, side: number): void {
  for (let pass = 0; pass < 3; pass++) {
    const one = data[start] as number;
    const other = data[end] as number;
    data[start] = box(one, one, other, side);
    data[end] = box(one, other, other, side);
  }
}
