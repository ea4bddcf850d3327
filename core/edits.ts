/**
 * What a member did to a photo, kept as data beside it, so that it can be changed years later. A frame says which part
 * of the picture is shown, and how it is turned; a look says what is done to its colours.
 *
 * Fractions and degrees, never pixels: the same edits fit the preview, every rendition, and the original.
 */
import type { FilterName } from './look/filters.ts';

/** Fractions (0 to 1) of the picture's width and height, after it was turned and mirrored. */
export type Crop = {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
};

/**
 * In this order: quarter turns clockwise, then mirrored left to right, then straightened by degrees clockwise about the
 * middle, then cropped. `crop` null: all of it, or, when straightened, the largest part of the same shape.
 */
export type Frame = {
  readonly turns: 0 | 1 | 2 | 3;
  readonly isMirrored: boolean;
  readonly degrees: number;
  readonly crop: Crop | null;
};

/** Each adjustment's range; 0 changes nothing, and is what an absent one counts as. */
export const ADJUSTMENTS = {
  brightness: { min: -100, max: 100 },
  contrast: { min: -100, max: 100 },
  warmth: { min: -100, max: 100 },
  saturation: { min: -100, max: 100 },
  highlights: { min: -100, max: 100 },
  shadows: { min: -100, max: 100 },
  fade: { min: 0, max: 100 },
  vignette: { min: 0, max: 100 },
  sharpen: { min: 0, max: 100 },
  grain: { min: 0, max: 100 },
} as const;

export type AdjustmentName = keyof typeof ADJUSTMENTS;
export const ADJUSTMENT_NAMES = Object.keys(ADJUSTMENTS) as readonly AdjustmentName[];

/** `strength` of the filter: 0 (none of it) to 100. Whole numbers throughout. */
export type Look = {
  readonly filter: FilterName;
  readonly strength: number;
  readonly adjustments: { readonly [Name in AdjustmentName]?: number };
};

export type Edits = { readonly frame: Frame; readonly look: Look };

export const DEGREES_MAX = 25;
export const PLAIN_FRAME: Frame = { turns: 0, isMirrored: false, degrees: 0, crop: null };
export const PLAIN_LOOK: Look = { filter: 'none', strength: 100, adjustments: {} };
export const PLAIN_EDITS: Edits = { frame: PLAIN_FRAME, look: PLAIN_LOOK };

export function isPlainFrame({ turns, isMirrored, degrees, crop }: Frame): boolean {
  return turns === 0 && !isMirrored && degrees === 0 && crop === null;
}

export function isPlainLook({ filter, strength, adjustments }: Look): boolean {
  return (filter === 'none' || strength === 0) && Object.values(adjustments).every((value) => value === 0);
}
