import type { Frame } from '../../core/edits.ts';
import { cropOf, type Size, shownSize, turnedSize } from '../../core/frame.ts';

/** What the frame shows of the picture, at most `maxSide` px on its long side and never enlarged. */
export function drawFramed(picture: ImageBitmap, frame: Frame, maxSide: number): ImageData {
  const shown = shownSize(picture, frame);
  const { width, height } = fit(shown, maxSide);
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('This browser cannot draw.');
  const turned = turnedSize(picture, frame);
  const crop = cropOf(picture, frame);
  context.imageSmoothingQuality = 'high';
  context.translate(width / 2, height / 2);
  context.scale(width / shown.width, height / shown.height);
  context.translate(
    (0.5 - crop.left - crop.width / 2) * turned.width,
    (0.5 - crop.top - crop.height / 2) * turned.height,
  );
  // The last said is done first: turned, mirrored, straightened.
  context.rotate((frame.degrees * Math.PI) / 180);
  context.scale(frame.isMirrored ? -1 : 1, 1);
  context.rotate((frame.turns * Math.PI) / 2);
  context.drawImage(picture, -picture.width / 2, -picture.height / 2);
  return context.getImageData(0, 0, width, height);
}

function fit({ width, height }: Size, maxSide: number): Size {
  const scale = Math.min(1, maxSide / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}
