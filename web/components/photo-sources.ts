import type { AccountCard, Photo } from '../../core/shapes.ts';

const SQUARE = 's150';
/** For large windows and photos shown whole. */
const LARGEST = 'w2048';

/** Shapes, as width / height, within which the frame of several photos stays. */
const TALLEST = 2 / 3;
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
 * The shape of the frame, width / height. One photo has its own. Of several the first decides, within limits, but
 * where some stand upright the frame is at least a square, so that those are not small.
 */
export function frameRatio(photos: readonly Photo[]): number {
  const ratios = photos
    .map((photo) => photo.width / photo.height)
    .filter((ratio) => ratio > 0 && ratio < 100);
  const [first] = ratios;
  if (first === undefined) return 1;
  if (photos.length === 1) return first;
  const flattest = Math.min(...ratios) < 1 ? 1 : FLATTEST;
  return Math.min(flattest, Math.max(TALLEST, first));
}

export function altOf(photo: Photo, account: AccountCard, position: number, total: number): string {
  if (photo.altText) return photo.altText;
  const which = total > 1 ? `Photo ${position} of ${total}` : 'Photo';
  return `${which} by ${account.name || account.handle}`;
}
