import type { AccountCard, Photo } from '../../core/shapes.ts';

const SQUARE = 's150';

/** Tallest shape a frame of several photos takes, and the flattest, as width / height. */
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

/** For a square that a photo fills: what counts then is its shorter side. */
export function squareSources(photo: Photo): { src?: string; srcSet?: string } {
  const { renditions } = photo;
  return {
    src: (renditions.find((rendition) => rendition.name === 'w320') ?? renditions[0])?.url,
    srcSet:
      renditions.map(({ url, width, height }) => `${url} ${Math.min(width, height)}w`).join(', ') ||
      undefined,
  };
}

/** The shape of the frame, width / height: one photo has its own; of several the tallest decides, within limits. */
export function frameRatio(photos: readonly Photo[]): number {
  const ratios = photos.map((photo) => photo.width / Math.max(1, photo.height)).filter((ratio) => ratio > 0);
  const tallest = Math.min(...ratios, FLATTEST * 2);
  if (ratios.length === 0) return 1;
  return photos.length === 1 ? tallest : Math.min(FLATTEST, Math.max(TALLEST, tallest));
}

export function altOf(photo: Photo, account: AccountCard, position: number, total: number): string {
  if (photo.altText) return photo.altText;
  const which = total > 1 ? `Photo ${position} of ${total}` : 'Photo';
  return `${which} by ${account.name || account.handle}`;
}
