/** How a photo is moved and enlarged in the viewer; lengths in CSS px, points from the middle of the stage. */
export type Size = { width: number; height: number };
export type Point = { x: number; y: number };
/** `x`, `y`: how far the middle of the photo is from that of the stage. */
export type Sight = { scale: number; x: number; y: number };

export const WHOLE: Sight = { scale: 1, x: 0, y: 0 };
/** Of a double tap. */
export const CLOSE_UP = 2.5;
const SCALE_MAX = 5;
/** A swipe: farther than this part of the stage, or faster than this. */
const FAR = 0.3;
const FAST_PX_PER_MS = 0.4;

/** The photo, whole and as large as fits. */
export function fitted(ratio: number, stage: Size): Size {
  const width = Math.min(stage.width, stage.height * ratio);
  return { width, height: width / ratio };
}

/** Enlarged so that what is under `point` stays there. */
export function zoomed(sight: Sight, factor: number, point: Point, photo: Size, stage: Size): Sight {
  const scale = Math.min(SCALE_MAX, Math.max(1, sight.scale * factor));
  const grown = scale / sight.scale;
  const x = point.x - (point.x - sight.x) * grown;
  const y = point.y - (point.y - sight.y) * grown;
  return within({ scale, x, y }, photo, stage);
}

export function moved(sight: Sight, by: Point, photo: Size, stage: Size): Sight {
  return within({ scale: sight.scale, x: sight.x + by.x, y: sight.y + by.y }, photo, stage);
}

/** -1: the photo on the left, 1: that on the right. */
export function swiped(distance: number, pxPerMs: number, width: number): -1 | 0 | 1 {
  const isMeant = Math.abs(distance) > width * FAR || Math.abs(pxPerMs) > FAST_PX_PER_MS;
  if (!isMeant || distance === 0 || pxPerMs * distance < 0) return 0;
  return distance < 0 ? 1 : -1;
}

/** No edge of the photo comes farther in than it must. */
function within({ scale, x, y }: Sight, photo: Size, stage: Size): Sight {
  const free = (full: number, room: number) => Math.max(0, (full * scale - room) / 2);
  const [right, down] = [free(photo.width, stage.width), free(photo.height, stage.height)];
  return { scale, x: clamp(x, right), y: clamp(y, down) };
}

function clamp(value: number, most: number): number {
  return Math.min(most, Math.max(-most, value)) + 0; // no -0
}

/** CSS: a slide beside the one that is seen by so many widths, while all are pulled. */
export function placeOf(side: number, pulled: Point): string {
  return `calc(${side * 100}% + ${pulled.x}px) ${pulled.y}px`;
}

export function transformOf({ x, y, scale }: Sight): string {
  return `translate(${x}px, ${y}px) scale(${scale})`;
}
