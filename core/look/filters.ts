/**
 * Filters are data: what is done to a picture's colours, then to its sharpness, edges and grain. bake.ts makes tables
 * of it, which the kernel runs.
 *
 * Changing a filter changes the pictures that members have chosen it for: add a new one instead.
 */

/**
 * One step; channels are numbers from 0 to 1 and are held there after every step.
 * - contrast: how much farther from `about` a value lies; `mean` is the mean grey of the picture as it came.
 * - saturation: how much farther from its grey a colour lies; 0 is black and white.
 * - curve: through the points (from, to), smooth and without waves between them, level beyond them.
 * - mix: the part (0 to 1) of each colour that is replaced by this one.
 */
export type Op =
  | { readonly op: 'contrast'; readonly amount: number; readonly about: 'mean' | number }
  | { readonly op: 'gain'; readonly red: number; readonly green: number; readonly blue: number }
  | { readonly op: 'saturation'; readonly amount: number }
  | { readonly op: 'curve'; readonly channel: 'all' | 'red' | 'green' | 'blue'; readonly points: Points }
  | {
      readonly op: 'mix';
      readonly red: number;
      readonly green: number;
      readonly blue: number;
      readonly amount: number;
    };

/** At least two, from left to right. */
export type Points = readonly (readonly [from: number, to: number])[];

/** Darkens by `amount` (0 to 1), smoothly from `start` to `end`, where 0 is the middle and 1 a corner. */
export type Vignette = { readonly amount: number; readonly start: number; readonly end: number };

/**
 * - blur: the standard deviation in pixels, 0 to 1.4.
 * - grain: the standard deviation in levels of 255, in the middle greys; it is weaker in the darks and the brights.
 * - quant 'pillow8': each step of colour cuts off fractions of a level, as Pillow does.
 */
export type Filter = {
  readonly color: readonly Op[];
  readonly blur?: number;
  readonly vignette?: Vignette;
  readonly grain?: number;
  readonly quant?: 'pillow8';
};

/** What each one is for stands above it; `warm-vintage` is the one that is held against a reference. */
export const filters = {
  none: { color: [] },
  'warm-vintage': {
    color: [
      { op: 'contrast', amount: 1.15, about: 'mean' },
      { op: 'gain', red: 1.08, green: 1, blue: 0.92 },
      { op: 'saturation', amount: 0.85 },
    ],
    blur: 0.5,
    quant: 'pillow8',
  },

  // Every day: brighter, a little warmer, as at a window.
  daylight: {
    color: [
      curve('all', [0, 0], [0.2, 0.23], [0.5, 0.6], [0.8, 0.88], [1, 1]),
      curve('blue', [0, 0.01], [0.5, 0.485], [1, 0.98]),
      { op: 'saturation', amount: 1.12 },
    ],
  },
  // Soft and a little pale, with warm whites; kind to skin.
  linen: {
    color: [
      { op: 'saturation', amount: 0.76 },
      curve('red', [0, 0.07], [0.25, 0.335], [0.5, 0.63], [0.8, 0.885], [1, 0.985]),
      curve('green', [0, 0.06], [0.25, 0.32], [0.5, 0.605], [0.8, 0.865], [1, 0.965]),
      curve('blue', [0, 0.065], [0.25, 0.315], [0.5, 0.585], [0.8, 0.835], [1, 0.935]),
    ],
    blur: 0.5,
  },
  // Golden and peachy, the hour before evening.
  apricot: {
    color: [
      curve('red', [0, 0.03], [0.5, 0.62], [0.8, 0.9], [1, 1]),
      curve('green', [0, 0.01], [0.5, 0.53], [0.8, 0.79], [1, 0.94]),
      curve('blue', [0, 0.03], [0.5, 0.44], [0.8, 0.66], [1, 0.79]),
      { op: 'saturation', amount: 1.1 },
    ],
  },
  // A red evening sky over violet shadows.
  ember: {
    color: [
      curve('red', [0, 0.04], [0.25, 0.25], [0.5, 0.54], [0.8, 0.88], [1, 1]),
      curve('green', [0, 0.03], [0.3, 0.26], [0.6, 0.53], [1, 0.89]),
      curve('blue', [0, 0.09], [0.25, 0.21], [0.6, 0.45], [1, 0.68]),
      { op: 'saturation', amount: 1.05 },
    ],
    vignette: { amount: 0.2, start: 0.4, end: 1.1 },
  },

  // Cool, clear and crisp.
  glacier: {
    color: [
      curve('red', [0, 0.01], [0.5, 0.435], [1, 0.95]),
      curve('green', [0, 0.02], [0.5, 0.52], [1, 1]),
      curve('blue', [0, 0.03], [0.5, 0.575], [1, 1]),
      curve('all', [0, 0], [0.25, 0.23], [0.7, 0.77], [1, 1]),
      { op: 'saturation', amount: 0.87 },
    ],
  },
  // The seaside at noon: turquoise shadows, creamy light.
  lagoon: {
    color: [
      curve('red', [0, 0.02], [0.3, 0.3], [0.6, 0.64], [1, 1]),
      curve('green', [0, 0.06], [0.5, 0.58], [1, 0.98]),
      curve('blue', [0, 0.11], [0.2, 0.26], [0.5, 0.58], [1, 0.92]),
      { op: 'saturation', amount: 1.15 },
    ],
  },
  // Dusk: deep blue, with a breath of pink where it is light.
  'blue-hour': {
    color: [
      curve('red', [0, 0.02], [0.25, 0.2], [0.5, 0.4], [1, 0.94]),
      curve('green', [0, 0.04], [0.5, 0.465], [1, 0.93]),
      curve('blue', [0, 0.11], [0.5, 0.555], [1, 0.96]),
      { op: 'saturation', amount: 0.95 },
    ],
    vignette: { amount: 0.18, start: 0.4, end: 1.1 },
  },
  // A rainy day: flat, muted, grey with a little blue.
  drizzle: {
    color: [
      { op: 'saturation', amount: 0.6 },
      curve('red', [0, 0.1], [0.3, 0.305], [0.7, 0.65], [1, 0.91]),
      curve('green', [0, 0.09], [0.3, 0.315], [0.7, 0.67], [1, 0.92]),
      curve('blue', [0, 0.09], [0.3, 0.335], [0.7, 0.7], [1, 0.94]),
    ],
  },

  // Film that lay in the sun: brown where it was black, cream where it was white.
  paperback: {
    color: [
      { op: 'saturation', amount: 0.82 },
      curve('red', [0, 0.17], [0.25, 0.31], [0.5, 0.54], [0.75, 0.78], [1, 0.95]),
      curve('green', [0, 0.13], [0.25, 0.27], [0.5, 0.5], [0.75, 0.73], [1, 0.91]),
      curve('blue', [0, 0.12], [0.25, 0.25], [0.5, 0.45], [0.75, 0.64], [1, 0.8]),
    ],
    grain: 4,
  },
  // An instant picture: milky, green-blue blacks and creamy whites.
  postcard: {
    color: [
      curve('red', [0, 0.07], [0.3, 0.32], [0.7, 0.81], [1, 0.98]),
      curve('green', [0, 0.11], [0.3, 0.34], [0.7, 0.77], [1, 0.96]),
      curve('blue', [0, 0.13], [0.4, 0.43], [0.7, 0.7], [1, 0.87]),
      { op: 'saturation', amount: 0.95 },
    ],
    blur: 0.6,
    vignette: { amount: 0.25, start: 0.4, end: 1.1 },
    grain: 3,
  },
  // Pastel: everything a shade of ice cream.
  sorbet: {
    color: [
      curve('all', [0, 0.12], [0.25, 0.38], [0.5, 0.63], [0.75, 0.83], [1, 0.99]),
      { op: 'mix', red: 1, green: 0.77, blue: 0.93, amount: 0.14 },
      { op: 'saturation', amount: 1.25 },
    ],
  },
  // High key: nearly white, without being burnt.
  chalk: {
    color: [
      { op: 'saturation', amount: 0.72 },
      curve('all', [0, 0.04], [0.2, 0.28], [0.5, 0.68], [0.75, 0.9], [1, 0.99]),
      curve('blue', [0, 0.01], [0.5, 0.51], [1, 1]),
    ],
  },

  // Slide film: deep, glossy colours.
  lacquer: {
    color: [
      curve('all', [0, 0], [0.2, 0.13], [0.5, 0.49], [0.8, 0.86], [1, 1]),
      { op: 'saturation', amount: 1.24 },
    ],
  },
  // Developed in the wrong bath: blue-green shadows, yellow light.
  verdigris: {
    color: [
      curve('red', [0, 0.01], [0.25, 0.2], [0.5, 0.52], [0.75, 0.84], [1, 0.99]),
      curve('green', [0, 0.08], [0.25, 0.26], [0.5, 0.53], [0.75, 0.8], [1, 0.95]),
      curve('blue', [0, 0.12], [0.25, 0.23], [0.5, 0.43], [1, 0.76]),
      { op: 'saturation', amount: 1.05 },
    ],
  },
  // Cinema: teal where it is dark, orange where there is light.
  harbour: {
    color: [
      { op: 'saturation', amount: 0.92 },
      curve('red', [0, 0.01], [0.25, 0.18], [0.5, 0.48], [0.75, 0.79], [1, 0.98]),
      curve('green', [0, 0.05], [0.3, 0.27], [0.6, 0.56], [1, 0.94]),
      curve('blue', [0, 0.07], [0.15, 0.16], [0.3, 0.305], [0.6, 0.54], [1, 0.86]),
      { op: 'saturation', amount: 1.2 },
    ],
    vignette: { amount: 0.25, start: 0.4, end: 1.1 },
  },
  // Under trees: dark, muted greens, warm bark.
  pinewood: {
    color: [
      curve('red', [0, 0.01], [0.35, 0.26], [0.7, 0.62], [1, 0.94]),
      curve('green', [0, 0.04], [0.35, 0.31], [0.7, 0.63], [1, 0.915]),
      curve('blue', [0, 0.05], [0.35, 0.25], [0.7, 0.51], [1, 0.78]),
      { op: 'saturation', amount: 0.85 },
    ],
    vignette: { amount: 0.15, start: 0.4, end: 1.1 },
  },
  // Low key: the light falls on what matters, the rest is shade.
  umbra: {
    color: [
      curve('all', [0, 0], [0.3, 0.2], [0.6, 0.47], [0.85, 0.79], [1, 0.96]),
      curve('blue', [0, 0.02], [0.5, 0.5], [1, 0.95]),
      { op: 'saturation', amount: 0.88 },
    ],
    vignette: { amount: 0.35, start: 0.3, end: 1.1 },
  },

  // Black and white, as it is.
  silver: {
    color: [
      { op: 'gain', red: 1.06, green: 1, blue: 0.86 },
      { op: 'saturation', amount: 0 },
      curve('all', [0, 0], [0.25, 0.22], [0.7, 0.75], [1, 1]),
    ],
    vignette: { amount: 0.15, start: 0.4, end: 1.05 },
    grain: 2,
  },
  // Black and white through a red glass: dark skies, hard and grainy.
  graphite: {
    color: [
      { op: 'gain', red: 1, green: 0.4, blue: 0.15 },
      { op: 'saturation', amount: 0 },
      curve('all', [0, 0], [0.11, 0.08], [0.26, 0.36], [0.41, 0.76], [0.551, 1]),
    ],
    grain: 7,
  },
  // Black and white on warm paper, soft.
  ivory: {
    color: [
      { op: 'saturation', amount: 0 },
      curve('red', [0, 0.11], [0.25, 0.32], [0.5, 0.59], [1, 0.99]),
      curve('green', [0, 0.1], [0.25, 0.3], [0.5, 0.57], [1, 0.97]),
      curve('blue', [0, 0.09], [0.25, 0.28], [0.5, 0.54], [1, 0.925]),
    ],
    blur: 0.5,
  },
  // Black and white in a selenium bath: cool, dense shadows.
  slate: {
    color: [
      { op: 'saturation', amount: 0 },
      curve('red', [0, 0], [0.3, 0.2], [0.7, 0.65], [1, 0.96]),
      curve('green', [0, 0.02], [0.3, 0.24], [0.7, 0.69], [1, 0.98]),
      curve('blue', [0, 0.05], [0.3, 0.3], [0.7, 0.745], [1, 1]),
    ],
    grain: 3,
  },
  // Black and white after a crime: black corners, hard lamps.
  nocturne: {
    color: [
      { op: 'saturation', amount: 0 },
      curve('all', [0, 0], [0.3, 0.13], [0.55, 0.46], [0.8, 0.87], [1, 1]),
    ],
    vignette: { amount: 0.6, start: 0.2, end: 1.1 },
    grain: 6,
  },
  // Brown and white, from an album.
  walnut: {
    color: [
      { op: 'saturation', amount: 0 },
      curve('red', [0, 0.1], [0.25, 0.3], [0.5, 0.57], [1, 0.97]),
      curve('green', [0, 0.05], [0.25, 0.21], [0.5, 0.44], [1, 0.89]),
      curve('blue', [0, 0.03], [0.25, 0.13], [0.5, 0.32], [1, 0.74]),
    ],
    vignette: { amount: 0.2, start: 0.4, end: 1.1 },
    grain: 4,
  },
} as const satisfies Record<string, Filter>;

export type FilterName = keyof typeof filters;

/** In the order in which they are shown. */
export const FILTER_NAMES = Object.keys(filters) as readonly FilterName[];

export const FILTER_LABELS: Record<FilterName, string> = {
  none: 'Original',
  'warm-vintage': 'Warm vintage',
  daylight: 'Daylight',
  linen: 'Linen',
  apricot: 'Apricot',
  ember: 'Ember',
  glacier: 'Glacier',
  lagoon: 'Lagoon',
  'blue-hour': 'Blue hour',
  drizzle: 'Drizzle',
  paperback: 'Paperback',
  postcard: 'Postcard',
  sorbet: 'Sorbet',
  chalk: 'Chalk',
  lacquer: 'Lacquer',
  verdigris: 'Verdigris',
  harbour: 'Harbour',
  pinewood: 'Pinewood',
  umbra: 'Umbra',
  silver: 'Silver',
  graphite: 'Graphite',
  ivory: 'Ivory',
  slate: 'Slate',
  nocturne: 'Nocturne',
  walnut: 'Walnut',
};

function curve(channel: 'all' | 'red' | 'green' | 'blue', ...points: Points): Op {
  return { op: 'curve', channel, points };
}
