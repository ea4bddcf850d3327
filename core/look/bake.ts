/**
 * A look as tables of whole numbers: all that the kernel and its twin know of it.
 *
 * Colour: as long as channels do not mix, steps only change the three "shapers", 256 entries each, which are exact. From
 * the first step that mixes them on, they change a cube of 33³ colours instead. The kernel looks a pixel up in the
 * shapers, which say where in the cube it lies, and weighs the four nodes of the tetrahedron around it.
 */
import { isPlainLook, type Look } from '../edits.ts';
import { adjustmentSteps } from './adjustments.ts';
import { type Filter, filters, type Vignette } from './filters.ts';
import { CUBE_SIDE, copyOf, cube, levels, type Planes, type Step, stepOf, takeBack } from './planes.ts';

/**
 * - shapers: for each level of red, then green, then blue, two numbers: `fraction << 16 | stride`, the fraction (0 to
 *   256) of the way from its node to the next one, and how many bytes of `nodes` lie between those two; and how many
 *   bytes lie before its node.
 * - nodes: red, green, blue and 0 of each node, in 1/128 of a level; blue runs fastest, red slowest.
 */
export type ColourTables = { readonly shapers: Uint32Array; readonly nodes: Int16Array };

/**
 * Three boxes over three pixels, along the rows, then across them. `side`, in 1/32768: what a box gives to each of the
 * two neighbours; each pass is rounded to 1/2^`bits` of a level. `kept`, in 1/256: how much of the difference between
 * picture and blur is given back; above 256 it sharpens.
 */
export type BlurTables = { readonly side: number; readonly bits: number; readonly kept: number };

/**
 * In this order: colours, blurs, then vignette and grain together; null or 0 is left out. `vignette`: factors in
 * 1/32768, by distance from the middle, squared (see `vignetteShares`). `grain`: in 1/446 of a level.
 */
export type Tables = {
  readonly colour: ColourTables | null;
  readonly blurs: readonly BlurTables[];
  readonly vignette: Int16Array | null;
  readonly grain: number;
};

export const VIGNETTE_LENGTH = 4096;
const NODE_BYTES = 8;
const STRIDES = [CUBE_SIDE * CUBE_SIDE * NODE_BYTES, CUBE_SIDE * NODE_BYTES, NODE_BYTES] as const;
/** With more, the difference of a pixel and its neighbours would not fit into 16 bits. */
const FRACTION_BITS = 5;
const CACHED_MAX = 32;
const GRAIN_PER_LEVEL = 446;
/** At 100, each of these sliders. */
const VIGNETTE: Vignette = { amount: 0.7, start: 0.2, end: 1.1 };
const GRAIN_LEVELS = 14;
const SHARPEN = { radius: 1, amount: 1.5 };

const cached = new Map<string, Tables>();

/** Whether its tables depend on the picture's mean grey. */
export function usesMean({ filter, strength }: Look): boolean {
  const { color }: Filter = filters[filter];
  return strength > 0 && color.some((step) => step.op === 'contrast' && step.about === 'mean');
}

/** The same look and mean again cost nothing: the last few tables are kept. `meanGrey` is 0 to 255. */
export function bake(look: Look, meanGrey: number): Tables {
  const mean = usesMean(look) ? meanGrey : 0;
  const key = JSON.stringify([look.filter, look.strength, mean, Object.entries(look.adjustments).sort()]);
  const tables = cached.get(key) ?? bakeAnew(look, mean);
  cached.delete(key);
  cached.set(key, tables);
  for (const oldest of cached.keys()) if (cached.size > CACHED_MAX) cached.delete(oldest);
  return tables;
}

function bakeAnew(look: Look, meanGrey: number): Tables {
  if (isPlainLook(look)) return { colour: null, blurs: [], vignette: null, grain: 0 };
  const filter: Filter = filters[look.filter];
  const part = look.strength / 100;
  const by = (name: 'vignette' | 'grain' | 'sharpen') => (look.adjustments[name] ?? 0) / 100;
  const grain = [(filter.grain ?? 0) * part, GRAIN_LEVELS * by('grain')] as const;
  return {
    colour: bakeSteps(filter, part, meanGrey, adjustmentSteps(look.adjustments)),
    blurs: [
      ...(filter.blur && part > 0 ? [blurOf(filter.blur, filter.quant ? 0 : FRACTION_BITS, 1 - part)] : []),
      ...(by('sharpen') > 0
        ? [blurOf(SHARPEN.radius, FRACTION_BITS, 1 + SHARPEN.amount * by('sharpen'))]
        : []),
    ],
    vignette: bakeVignettes([
      ...(filter.vignette ? [{ ...filter.vignette, amount: filter.vignette.amount * part }] : []),
      { ...VIGNETTE, amount: VIGNETTE.amount * by('vignette') },
    ]),
    // Two grains that know nothing of each other add up like the sides of a right angle.
    grain: Math.round(Math.sqrt(grain[0] * grain[0] + grain[1] * grain[1]) * GRAIN_PER_LEVEL),
  };
}

function bakeSteps(filter: Filter, part: number, meanGrey: number, adjustments: Step[]): ColourTables | null {
  const steps =
    part > 0 ? filter.color.map((step) => stepOf(step, meanGrey, filter.quant === 'pillow8')) : [];
  if (steps.length === 0 && adjustments.length === 0) return null;
  const shapers = levels();
  // What is only partly done must be taken back from the same planes that it was done to.
  let nodes = part < 1 && steps.some(({ mixes }) => mixes) ? cube() : null;
  const before = part < 1 && steps.length > 0 ? copyOf(nodes ?? shapers) : null;
  const run = (step: Step) => {
    if (step.mixes) nodes ??= cube();
    step.run(nodes ?? shapers);
  };
  steps.forEach(run);
  if (before) takeBack(nodes ?? shapers, before, part);
  adjustments.forEach(run);
  return { shapers: shapersOf(shapers), nodes: nodesOf(nodes ?? cube()) };
}

function shapersOf({ red, green, blue }: Planes): Uint32Array {
  const shapers = new Uint32Array(3 * 256 * 2);
  [red, green, blue].forEach((channel, at) => {
    const stride = STRIDES[at] ?? 0;
    channel.forEach((level, from) => {
      const place = (level * (CUBE_SIDE - 1)) / 255;
      const node = Math.min(CUBE_SIDE - 2, Math.floor(place));
      shapers.set([(Math.round((place - node) * 256) << 16) | stride, node * stride], (at * 256 + from) * 2);
    });
  });
  return shapers;
}

function nodesOf({ red, green, blue }: Planes): Int16Array {
  const nodes = new Int16Array(red.length * 4);
  for (let at = 0; at < red.length; at++) {
    nodes[at * 4] = Math.round((red[at] as number) * 128);
    nodes[at * 4 + 1] = Math.round((green[at] as number) * 128);
    nodes[at * 4 + 2] = Math.round((blue[at] as number) * 128);
  }
  return nodes;
}

/**
 * Like Pillow's, where each neighbour weighs a sixth of the variance; its 24 bits round a half up, hence so do we.
 * (Gwosdek et al., "Theoretical Foundations of Gaussian Convolution by Extended Box Filtering", 2011.)
 */
function blurOf(radius: number, bits: number, kept: number): BlurTables {
  return { side: Math.ceil((radius * radius * 32_768) / 6), bits, kept: Math.round(kept * 256) };
}

function bakeVignettes(vignettes: readonly Vignette[]): Int16Array | null {
  const dark = vignettes.filter(({ amount }) => amount > 0);
  if (dark.length === 0) return null;
  return Int16Array.from({ length: VIGNETTE_LENGTH }, (_, at) => {
    const distance = Math.sqrt(at / (VIGNETTE_LENGTH - 1));
    const factor = dark.reduce((light, { amount, start, end }) => {
      const t = Math.max(0, Math.min(1, (distance - start) / (end - start)));
      return light * (1 - amount * t * t * (3 - 2 * t));
    }, 1);
    return Math.round(factor * 32_767);
  });
}

/**
 * How much each column (or row) of pixels adds to the index into a vignette's table: the square of its distance from
 * the middle, as a share of the whole half-side.
 */
export function vignetteShares(count: number): Uint16Array {
  return Uint16Array.from({ length: count }, (_, at) => {
    const distance = 2 * at + 1 - count;
    return Math.floor((distance * distance * ((VIGNETTE_LENGTH - 2) / 2)) / (count * count));
  });
}
