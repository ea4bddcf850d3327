import type { Prepared } from './messages.ts';

const JPEG_QUALITY = 0.9;

/**
 * Upright, no larger than needed, and without the place and the serial numbers that cameras write into files. Decoding
 * at full size and scaling on a canvas is as fast as letting the decoder scale, and keeps more of the detail.
 */
export async function prepare(file: Blob, maxSide: number, isSquare: boolean): Promise<Prepared> {
  const bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' });
  const { width: sourceWidth, height: sourceHeight } = bitmap;
  const canvas = drawScaled(bitmap, maxSide, isSquare);
  bitmap.close();
  const photo = await canvas.convertToBlob({ type: 'image/jpeg', quality: JPEG_QUALITY });
  return { photo, width: canvas.width, height: canvas.height, sourceWidth, sourceHeight };
}

function drawScaled(bitmap: ImageBitmap, maxSide: number, isSquare: boolean): OffscreenCanvas {
  const shorter = Math.min(bitmap.width, bitmap.height);
  const width = isSquare ? shorter : bitmap.width;
  const height = isSquare ? shorter : bitmap.height;
  const scale = Math.min(1, maxSide / Math.max(width, height));
  const canvas = new OffscreenCanvas(
    Math.max(1, Math.round(width * scale)),
    Math.max(1, Math.round(height * scale)),
  );
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('This browser cannot draw.');
  // JPEG knows no transparency: what shines through is white.
  context.fillStyle = '#fff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = 'high';
  const left = (bitmap.width - width) / 2;
  const top = (bitmap.height - height) / 2;
  context.drawImage(bitmap, left, top, width, height, 0, 0, canvas.width, canvas.height);
  return canvas;
}
