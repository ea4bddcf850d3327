/**
 * What kernel.as does, written plainly: the oracle of its tests, and the engine where there is no WebAssembly. Every
 * number is a whole one of at most 32 bits; a change here is a change there.
 */
import { type BlurTables, type ColourTables, vignetteShares } from './bake.ts';
import type { Engine, Pixels } from './engine.ts';

/** One type of array in the loops below, whatever the caller has: the compiler makes them twice as fast. */
type Bytes = Pixels & { data: Uint8Array };

export const twin: Engine = {
  kind: 'typescript',
  meanGrey,
  run: (pixels, { colour, blurs, vignette, grain }) => {
    const { buffer, byteOffset, length } = pixels.data;
    const bytes = { ...pixels, data: new Uint8Array(buffer, byteOffset, length) };
    if (colour) recolour(bytes, colour);
    for (const each of blurs) blur(bytes, each);
    if (vignette || grain > 0) finish(bytes, vignette, grain);
  },
};

/** Each grey rounded to a whole level, then their mean: as Pillow's ImageEnhance.Contrast has it. */
function meanGrey({ data, channels }: Pixels): number {
  let sum = 0;
  for (let at = 0; at < data.length; at += channels) {
    const red = data[at] as number;
    const green = data[at + 1] as number;
    const blue = data[at + 2] as number;
    sum += (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
  }
  return Math.floor(sum / (data.length / channels) + 0.5);
}

/**
 * Walks from the pixel's node to the opposite corner of its cell, first along the channel with the largest fraction,
 * last along the one with the smallest; the differences of the fractions are the weights of the four nodes passed.
 */
function recolour({ data, channels }: Bytes, { shapers, nodes }: ColourTables): void {
  for (let at = 0; at < data.length; at += channels) {
    const red = (data[at] as number) * 2;
    const green = (data[at + 1] as number) * 2 + 512;
    const blue = (data[at + 2] as number) * 2 + 1024;
    const r = shapers[red] as number;
    const g = shapers[green] as number;
    const b = shapers[blue] as number;
    const least = Math.min(r, g, b);
    const most = Math.max(r, g, b);
    const middle = r + g + b - least - most;
    const n0 =
      ((shapers[red + 1] as number) + (shapers[green + 1] as number) + (shapers[blue + 1] as number)) >> 1;
    const n1 = n0 + ((most & 0xffff) >> 1);
    const n2 = n1 + ((middle & 0xffff) >> 1);
    const n3 = n2 + ((least & 0xffff) >> 1);
    const w0 = 256 - (most >> 16);
    const w1 = (most >> 16) - (middle >> 16);
    const w2 = (middle >> 16) - (least >> 16);
    const w3 = least >> 16;
    for (let channel = 0; channel < 3; channel++) {
      const sum =
        (nodes[n0 + channel] as number) * w0 +
        (nodes[n1 + channel] as number) * w1 +
        (nodes[n2 + channel] as number) * w2 +
        (nodes[n3 + channel] as number) * w3;
      data[at + channel] = (sum + 16_384) >> 15;
    }
  }
}

/** Three boxes along the rows, then three across them. */
function blur({ data, width, height, channels }: Bytes, { side, bits, kept }: BlurTables): void {
  const bytes = width * channels;
  const one = new Int16Array(data.length);
  const other = new Int16Array(data.length);
  for (let at = 0; at < data.length; at++) one[at] = (data[at] as number) << bits;
  for (let row = 0; row < data.length; row += bytes) {
    box(one, other, row, width, channels, side);
    box(other, one, row, width, channels, side);
    box(one, other, row, width, channels, side);
  }
  box(other, one, 0, height, bytes, side);
  box(one, other, 0, height, bytes, side);
  box(other, one, 0, height, bytes, side);
  for (let at = 0; at < data.length; at++) {
    if (channels === 4 && (at & 3) === 3) continue;
    const blurred = one[at] as number;
    const lost = ((data[at] as number) << bits) - blurred;
    data[at] = byteOf(((blurred << 8) + lost * kept + (128 << bits)) >> (8 + bits));
  }
}

/** Passes a box over `count` groups of `size` numbers, pixels or rows. What lies beyond the ends is like them. */
function box(
  from: Int16Array,
  to: Int16Array,
  start: number,
  count: number,
  size: number,
  side: number,
): void {
  const end = start + count * size;
  for (let at = start; at < end; at++) {
    const here = from[at] as number;
    const before = from[at - size < start ? at : at - size] as number;
    const after = from[at + size < end ? at + size : at] as number;
    to[at] = here + part(before + after - 2 * here, side);
  }
}

function finish({ data, width, height, channels }: Bytes, vignette: Int16Array | null, grain: number): void {
  const columns = vignetteShares(width);
  const rows = vignetteShares(height);
  let above = noiseOf(0, width);
  let at = 0;
  for (let y = 0; y < height; y++) {
    const below = noiseOf(y + 1, width);
    for (let x = 0; x < width; x++) {
      const light = vignette ? (vignette[(columns[x] as number) + (rows[y] as number)] as number) : 32_767;
      const noise = ((above[x] as number) + (below[x] as number) - 510) << 6;
      for (let byte = at; byte < at + 3; byte++) {
        const value = part((data[byte] as number) << 7, light);
        data[byte] = byteOf((value + part(part(noise, presence(value >> 7)), grain) + 64) >> 7);
      }
      at += channels;
    }
    above = below;
  }
}

/** Grain is strongest in the middle greys, and a quarter of that in black and white: in 1/32768. */
function presence(level: number): number {
  const middle = level * (255 - level);
  return 8_192 + middle + (middle >> 1);
}

/** Each pixel's share of a row of noise: its own random byte and that of its right neighbour. */
function noiseOf(y: number, width: number): Uint16Array {
  const noise = new Uint16Array(width);
  let here = randomByte(0, y);
  for (let x = 0; x < width; x++) {
    const next = randomByte(x + 1, y);
    noise[x] = here + next;
    here = next;
  }
  return noise;
}

/** Four pixels of a row share a random number of 32 bits. */
function randomByte(x: number, y: number): number {
  return (scramble((x >> 2) + (y << 16)) >>> ((x & 3) * 8)) & 0xff;
}

/** Chris Wellons' lowbias32: of 32-bit mixers this short, the one that hides its input best (nullprogram.com, 2018). */
function scramble(value: number): number {
  let mixed = value ^ (value >>> 16);
  mixed = Math.imul(mixed, 0x7feb352d);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0x846ca68b);
  return mixed ^ (mixed >>> 16);
}

/** `value × factor / 32768`, rounded: what WebAssembly calls q15mulr. */
function part(value: number, factor: number): number {
  return (value * factor + 16_384) >> 15;
}

function byteOf(value: number): number {
  return Math.max(0, Math.min(255, value));
}
