/**
 * What can be done to a crop by hand. Every result lies inside the straightened picture and inside 0 to 1; a ratio that
 * is kept is width / height in pixels. The crops that are allowed form a convex set: on the way from one that is
 * allowed to one that is not, there is one place where it ends, and it is found by halving.
 */
import type { Crop, Frame } from '../../core/edits.ts';
import { centredCrop, drawInside, isInside, type Size, wholeCrop } from '../../core/frame.ts';

/** The picture after its quarter turns, and how far it is straightened. */
export type Ground = { readonly turned: Size; readonly degrees: number };
/** Which sides a handle moves: −1 left or top, 1 right or bottom, 0 neither. */
export type Handle = { readonly x: -1 | 0 | 1; readonly y: -1 | 0 | 1 };

/** The part of the picture's side below which no handle makes a crop: smaller ones could hardly be taken hold of. */
const SIDE_MIN = 0.1;
const HALVINGS = 30;
const ROUNDS = 12;
const SAME = 1e-4;

export function ratioOf({ turned }: Ground, crop: Crop): number {
  return (crop.width * turned.width) / (crop.height * turned.height);
}

export function isAllowed({ turned, degrees }: Ground, crop: Crop): boolean {
  const { left, top, width, height } = crop;
  const isOnPicture = left >= -SAME && top >= -SAME && left + width <= 1 + SAME && top + height <= 1 + SAME;
  return isOnPicture && isInside(turned, degrees, crop);
}

/** By parts of the picture's sides. Along an edge it slides. */
export function moveCrop(ground: Ground, crop: Crop, right: number, down: number): Crop {
  return fitInside(ground, { ...crop, left: crop.left + right, top: crop.top + down });
}

/** A handle moved by parts of the picture's sides. The opposite corner, or side, stays. */
export function resizeCrop(
  ground: Ground,
  crop: Crop,
  handle: Handle,
  move: { readonly right: number; readonly down: number },
  keepsRatio: boolean,
): Crop {
  if (keepsRatio) return resizeKeeping(ground, crop, handle, move);
  const width = Math.max(Math.min(SIDE_MIN, crop.width), crop.width + handle.x * move.right);
  const wider = handle.x < 0 ? { ...crop, left: crop.left + crop.width - width, width } : { ...crop, width };
  const first = asFarAs(ground, crop, handle.x === 0 ? crop : wider);
  const height = Math.max(Math.min(SIDE_MIN, crop.height), crop.height + handle.y * move.down);
  const higher =
    handle.y < 0 ? { ...first, top: crop.top + crop.height - height, height } : { ...first, height };
  return asFarAs(ground, first, handle.y === 0 ? first : higher);
}

function resizeKeeping(
  ground: Ground,
  crop: Crop,
  handle: Handle,
  move: { readonly right: number; readonly down: number },
): Crop {
  const { turned } = ground;
  const ratio = ratioOf(ground, crop);
  const outX = handle.x * move.right * turned.width;
  const outY = handle.y * move.down * turned.height;
  // A corner follows the pointer along the crop's diagonal.
  const isCorner = handle.x !== 0 && handle.y !== 0;
  const wider = isCorner ? (ratio * (outX * ratio + outY)) / (ratio * ratio + 1) : outX + outY * ratio;
  const scale = (crop.width * turned.width + wider) / (crop.width * turned.width);
  const sized = scaled(crop, Math.max(scale, leastScale(crop)));
  const left = anchored(handle.x, crop.left, crop.width, sized.width);
  const top = anchored(handle.y, crop.top, crop.height, sized.height);
  return asFarAs(ground, crop, { ...sized, left, top });
}

function anchored(side: -1 | 0 | 1, start: number, before: number, after: number): number {
  return start + ((1 - side) / 2) * (before - after);
}

/** Larger or smaller about its middle, and moved where an edge is in the way. */
export function scaleCrop(ground: Ground, crop: Crop, scale: number): Crop {
  return fitInside(ground, scaled(crop, Math.max(scale, leastScale(crop))));
}

function scaled(crop: Crop, scale: number): Crop {
  const [width, height] = [crop.width * scale, crop.height * scale];
  return {
    left: crop.left + (crop.width - width) / 2,
    top: crop.top + (crop.height - height) / 2,
    width,
    height,
  };
}

function leastScale(crop: Crop): number {
  return Math.min(1, SIDE_MIN / Math.min(crop.width, crop.height));
}

/** The largest of this ratio, as near to the crop's middle as it gets. */
export function cropToRatio(ground: Ground, crop: Crop, ratio: number): Crop {
  const { width, height } = centredCrop(ground.turned, ground.degrees, ratio);
  const left = crop.left + (crop.width - width) / 2;
  const top = crop.top + (crop.height - height) / 2;
  return fitInside(ground, { left, top, width, height });
}

/** The crop, moved inside and, where that does not do, made smaller; it keeps its ratio. */
export function fitInside(ground: Ground, crop: Crop): Crop {
  const { turned, degrees } = ground;
  let near = crop;
  for (let round = 0; round < ROUNDS && !isAllowed(ground, near); round++)
    near = onPicture(drawInside(turned, degrees, near));
  return asFarAs(ground, onPicture(centredCrop(turned, degrees, ratioOf(ground, crop))), near);
}

/** Inside 0 to 1, whatever lies in the picture's corners. */
function onPicture(crop: Crop): Crop {
  const { left, top, width, height } = scaled(crop, Math.min(1, 1 / crop.width, 1 / crop.height));
  return {
    left: Math.min(Math.max(0, left), 1 - width),
    top: Math.min(Math.max(0, top), 1 - height),
    width,
    height,
  };
}

function asFarAs(ground: Ground, allowed: Crop, wanted: Crop): Crop {
  if (isAllowed(ground, wanted)) return wanted;
  let [from, to] = [0, 1];
  for (let halving = 0; halving < HALVINGS; halving++) {
    const middle = (from + to) / 2;
    if (isAllowed(ground, between(allowed, wanted, middle))) from = middle;
    else to = middle;
  }
  return between(allowed, wanted, from);
}

function between(one: Crop, other: Crop, part: number): Crop {
  const mix = (a: number, b: number) => a + (b - a) * part;
  return {
    left: mix(one.left, other.left),
    top: mix(one.top, other.top),
    width: mix(one.width, other.width),
    height: mix(one.height, other.height),
  };
}

/** As it is stored: null when it shows all that can be shown. */
export function storedCrop({ turned, degrees }: Ground, crop: Crop): Crop | null {
  const whole = wholeCrop(turned, degrees);
  const sides = ['left', 'top', 'width', 'height'] as const;
  if (sides.every((side) => Math.abs(crop[side] - whole[side]) < SAME)) return null;
  const width = Math.min(1, crop.width);
  const height = Math.min(1, crop.height);
  return {
    left: Math.min(Math.max(0, crop.left), 1 - width),
    top: Math.min(Math.max(0, crop.top), 1 - height),
    width,
    height,
  };
}

/** A quarter turn clockwise of what is seen, crop and all. */
export function rotated(frame: Frame): Frame {
  const turns = ((frame.turns + (frame.isMirrored ? 3 : 1)) % 4) as Frame['turns'];
  const { crop } = frame;
  if (!crop) return { ...frame, turns };
  const { left, top, width, height } = crop;
  return { ...frame, turns, crop: { left: 1 - top - height, top: left, width: height, height: width } };
}

/** What is seen, mirrored left to right. */
export function flipped(frame: Frame): Frame {
  const { crop, degrees, isMirrored } = frame;
  return {
    ...frame,
    isMirrored: !isMirrored,
    degrees: degrees === 0 ? 0 : -degrees,
    crop: crop && { ...crop, left: 1 - crop.left - crop.width },
  };
}
