/**
 * The engine in WebAssembly: the memory's layout, and the loop over the rows. The memory grows with the largest picture
 * and is used again for the next; the tables stay in it until others are asked for.
 */
import { type BlurTables, type Tables, VIGNETTE_LENGTH, vignetteShares } from './bake.ts';
import type { Engine, Pixels } from './engine.ts';
import { CUBE_SIDE } from './planes.ts';

/** The exports of kernel.as; addresses are in bytes. */
type Kernel = {
  readonly memory: WebAssembly.Memory;
  grey(at: number, count: number, channels: number): number;
  colour(at: number, count: number, channels: number, shapers: number, nodes: number): void;
  setBlur(side: number, bits: number, kept: number): void;
  blurAlong(...[at, to, one, other, bytes, channels]: number[]): void;
  boxAcross(...[above, here, below, to, bytes]: number[]): void;
  blurOut(...[above, here, below, at, made, bytes, channels]: number[]): void;
  light(to: number, width: number, vignette: number, columns: number, row: number): void;
  noise(to: number, width: number, y: number, bytes: number): void;
  finish(...[at, width, channels, light, above, below, grain, made]: number[]): void;
};

type Layout = ReturnType<typeof layoutOf>;

const PAGE_BYTES = 65_536;
/** The kernel works on whole groups of pixels, and so reads and writes a little beyond the end. */
const SLACK_BYTES = 64;
/** The compiler's own data lie below. */
const SHAPERS = 1_024;
const NODES = SHAPERS + 3 * 256 * 8;
const VIGNETTE = NODES + CUBE_SIDE * CUBE_SIDE * CUBE_SIDE * 8;
const ROOM = VIGNETTE + VIGNETTE_LENGTH * 2;
/** A multiple of 4, so that only the picture's last run ends within a group of pixels. */
const RUN_PIXELS = 4_096;
/** A row of each pass of a blur, those above and below it, and the one that is being made. */
const ROWS_KEPT = 4;
const PASSES = 3;
/** Before a row, for what its first pixel's left neighbour is. */
const MARGIN_BYTES = 16;

/** Null where it cannot run: without SIMD, or forbidden by the page's content security policy. */
export async function openKernel(wasm: BufferSource): Promise<Engine | null> {
  if (typeof WebAssembly === 'undefined') return null;
  try {
    const { instance } = await WebAssembly.instantiate(wasm);
    return engineOf(instance.exports as Kernel);
  } catch (error) {
    if (error instanceof WebAssembly.CompileError) return null;
    throw error;
  }
}

function engineOf(kernel: Kernel): Engine {
  let loaded: Tables | null = null;
  return {
    kind: 'wasm',
    meanGrey: (pixels) => {
      const { picture } = load(kernel, pixels);
      const count = pixels.width * pixels.height;
      let sum = 0;
      for (let at = 0; at < count; at += RUN_PIXELS)
        sum += kernel.grey(picture + at * pixels.channels, Math.min(RUN_PIXELS, count - at), pixels.channels);
      return Math.floor(sum / count + 0.5);
    },
    run: (pixels, tables) => {
      const layout = load(kernel, pixels);
      if (loaded !== tables) loadTables(kernel, tables);
      loaded = tables;
      if (tables.colour) recolour(kernel, pixels, layout);
      for (const each of tables.blurs) blur(kernel, pixels, layout, each);
      if (tables.vignette || tables.grain > 0) finish(kernel, pixels, layout, tables);
      pixels.data.set(new Uint8Array(kernel.memory.buffer, layout.picture, pixels.data.length));
    },
  };
}

/** Places for one picture. A row has room for 16-bit numbers, and for the pixels beside it. */
function layoutOf({ data, width, channels }: Pixels) {
  const rowBytes = Math.ceil((width * channels * 2 + SLACK_BYTES) / 16) * 16;
  const place = (at: number) => ROOM + at * rowBytes;
  const after = PASSES * ROWS_KEPT;
  return {
    row: (pass: number, y: number) => place(pass * ROWS_KEPT + (y % ROWS_KEPT)),
    one: place(after) + MARGIN_BYTES,
    other: place(after + 1) + MARGIN_BYTES,
    made: place(after + 2),
    columns: place(after + 3),
    light: place(after + 4),
    picture: place(after + 5),
    end: place(after + 5) + data.length + SLACK_BYTES,
  };
}

function load({ memory }: Kernel, pixels: Pixels): Layout {
  const layout = layoutOf(pixels);
  const missing = layout.end - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
  new Uint8Array(memory.buffer).set(pixels.data, layout.picture);
  return layout;
}

function loadTables({ memory }: Kernel, { colour, vignette }: Tables): void {
  if (colour) {
    new Uint32Array(memory.buffer).set(colour.shapers, SHAPERS / 4);
    new Int16Array(memory.buffer).set(colour.nodes, NODES / 2);
  }
  if (vignette) new Int16Array(memory.buffer).set(vignette, VIGNETTE / 2);
}

function recolour(kernel: Kernel, { width, height, channels }: Pixels, { picture }: Layout): void {
  const count = width * height;
  for (let at = 0; at < count; at += RUN_PIXELS)
    kernel.colour(picture + at * channels, Math.min(RUN_PIXELS, count - at), channels, SHAPERS, NODES);
}

/** All six passes go down the picture together, each a row behind the one before: a row is read before it is written. */
function blur(kernel: Kernel, { width, height, channels }: Pixels, layout: Layout, tables: BlurTables): void {
  const { row, one, other, made, picture } = layout;
  const bytes = width * channels;
  const around = (pass: number, y: number): [number, number, number] => [
    row(pass, Math.max(0, y - 1)),
    row(pass, y),
    row(pass, Math.min(height - 1, y + 1)),
  ];
  kernel.setBlur(tables.side, tables.bits, tables.kept);
  for (let y = 0; y < height + PASSES; y++) {
    if (y < height) kernel.blurAlong(picture + y * bytes, row(0, y), one, other, bytes, channels);
    const [first, second, last] = [y - 1, y - 2, y - 3];
    if (first >= 0 && first < height) kernel.boxAcross(...around(0, first), row(1, first), bytes);
    if (second >= 0 && second < height) kernel.boxAcross(...around(1, second), row(2, second), bytes);
    if (last >= 0) kernel.blurOut(...around(2, last), picture + last * bytes, made, bytes, channels);
  }
}

function finish(kernel: Kernel, { width, height, channels }: Pixels, layout: Layout, tables: Tables): void {
  const { row, one, made, columns, light, picture } = layout;
  const { vignette, grain } = tables;
  const shares = vignetteShares(height);
  if (vignette) new Uint16Array(kernel.memory.buffer).set(vignetteShares(width), columns / 2);
  else new Int16Array(kernel.memory.buffer, light, width).fill(32_767);
  if (grain > 0) kernel.noise(row(0, 0), width, 0, one);
  for (let y = 0; y < height; y++) {
    const [above, below] = [row(0, y), row(0, y + 1)];
    if (vignette) kernel.light(light, width, VIGNETTE, columns, shares[y] ?? 0);
    if (grain > 0) kernel.noise(below, width, y + 1, one);
    kernel.finish(picture + y * width * channels, width, channels, light, above, below, grain, made);
  }
}
