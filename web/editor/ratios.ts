import type { Crop } from '../../core/edits.ts';
import { type Ground, ratioOf } from './crop-moves.ts';

export const RATIOS = {
  free: 'Free',
  original: 'Original',
  square: '1:1',
  portrait: '4:5',
  landscape: '1.91:1',
} as const;

export type RatioName = keyof typeof RATIOS;
export const RATIO_NAMES = Object.keys(RATIOS) as readonly RatioName[];

/** Pixels are whole: a crop has a ratio when it is this near to it. */
const NEAR = 0.005;

/** Width / height in pixels; null when any will do. */
export function ratioValue({ turned }: Ground, name: RatioName): number | null {
  const values = {
    free: null,
    original: turned.width / turned.height,
    square: 1,
    portrait: 4 / 5,
    landscape: 1.91,
  } satisfies Record<RatioName, number | null>;
  return values[name];
}

export function hasRatio(ground: Ground, crop: Crop, name: RatioName): boolean {
  const value = ratioValue(ground, name);
  return value === null || Math.abs(ratioOf(ground, crop) / value - 1) < NEAR;
}

/** The ratio that a stored crop was made with, as far as one can tell. */
export function ratioNameOf(ground: Ground, crop: Crop | null): RatioName {
  if (!crop) return 'free';
  return RATIO_NAMES.find((name) => name !== 'free' && hasRatio(ground, crop, name)) ?? 'free';
}
