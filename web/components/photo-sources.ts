import type { Photo } from '../../core/shapes.ts';

const SQUARE = 's150';
/** For large windows and photos shown whole. */
const LARGEST = 'w2048';

/** Shapes, as width / height, within which a frame stays. */
const TALLEST = 4 / 5;
const FLATTEST = 1.91;

/** `src` and `srcset` of a photo shown whole: the browser takes the rendition that fits the slot and the screen. */
export function wholeSources(photo: Photo): { src?: string; srcSet?: string } {
  const whole = photo.renditions.filter((rendition) => rendition.name !== SQUARE);
  return {
    src: whole.find((rendition) => rendition.name === 'w640')?.url ?? whole[0]?.url,
    srcSet: whole.map((rendition) => `${rendition.url} ${rendition.width}w`).join(', ') || undefined,
  };
}

/** How wide a slot is, each with the media query under which it is so, the last without: as in the attribute `sizes`. */
export type Slot = readonly (readonly [query: string | null, width: string])[];

/**
 * `sizes` of a photo in a frame of the given shape that is no taller than `tallest`, a CSS length: an upright photo takes
 * only part of the slot, and must not fetch a rendition for all of it.
 */
export function sizesOf(slot: Slot, tallest: string, frame: number, photo: Photo): string {
  const part = Math.min(1, photo.width / Math.max(1, photo.height) / frame) || 1;
  return slot
    .map(([query, width]) => {
      const framed = `min(${width}, ${tallest} * ${frame.toFixed(3)})`;
      const shown = part < 1 ? `calc(${framed} * ${part.toFixed(3)})` : framed;
      return query ? `${query} ${shown}` : shown;
    })
    .join(', ');
}

/** For a square that a photo fills: what counts then is its shorter side. */
export function squareSources(photo: Photo): { src?: string; srcSet?: string } {
  const renditions = photo.renditions.filter((rendition) => rendition.name !== LARGEST);
  return {
    src: (renditions.find((rendition) => rendition.name === 'w320') ?? renditions[0])?.url,
    srcSet:
      renditions.map(({ url, width, height }) => `${url} ${Math.min(width, height)}w`).join(', ') ||
      undefined,
  };
}

/**
 * The shape of the frame, width / height: of the photo, within limits, so that none takes more than a screen. Of several the
 * first decides, but where some stand upright the frame is at least a square, so that those are not small. Where a photo
 * has a page of its own, `isWhole`, one photo has its own shape.
 */
export function frameRatio(photos: readonly Photo[], isWhole = false): number {
  const ratios = photos
    .map((photo) => photo.width / photo.height)
    .filter((ratio) => ratio > 0 && ratio < 100);
  const [first] = ratios;
  if (first === undefined) return 1;
  if (photos.length === 1 && isWhole) return first;
  const flattest = photos.length > 1 && Math.min(...ratios) < 1 ? 1 : FLATTEST;
  return Math.min(flattest, Math.max(TALLEST, first));
}
