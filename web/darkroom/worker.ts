/** Decodes, scales and filters photos beside the page, so that typing and scrolling never wait for a picture. */
import { applyFilter, type FilterName, filters } from '../../core/filters.ts';
import type { DarkroomReply, DarkroomRequest, Prepared } from './messages.ts';

const JPEG_QUALITY = 0.9;

type Decoded = { photoKey: string; maxSide: number; pixels: ImageData };

/** The photo on the screen is asked for once per filter that is tried: its pixels are kept until the next one. */
let lastDecoded: Decoded | null = null;

self.addEventListener('message', (event: MessageEvent<DarkroomRequest & { callId: number }>) => {
  const { callId, ...request } = event.data;
  answer(request).then(
    (result) => reply({ callId, result }, result instanceof ImageBitmap ? [result] : []),
    (error: unknown) => reply({ callId, failure: String(error) }, []),
  );
});

function reply(message: DarkroomReply, transfer: Transferable[]): void {
  self.postMessage(message, { transfer });
}

async function answer(request: DarkroomRequest): Promise<Prepared | ImageBitmap> {
  if (request.kind === 'prepare') return await prepare(request.file, request.maxSide, request.isSquare);
  return await preview(await pixelsOf(request.photoKey, request.photo, request.maxSide), request.filter);
}

/** Upright, no larger than needed, and without the place and the serial numbers that cameras write into files. */
async function prepare(file: Blob, maxSide: number, isSquare: boolean): Promise<Prepared> {
  const bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' });
  const canvas = drawScaled(bitmap, maxSide, isSquare);
  const photo = await canvas.convertToBlob({ type: 'image/jpeg', quality: JPEG_QUALITY });
  return { photo, width: canvas.width, height: canvas.height };
}

async function preview(pixels: ImageData, filter: FilterName): Promise<ImageBitmap> {
  const { width, height } = pixels;
  const data = new Uint8ClampedArray(pixels.data);
  applyFilter({ data, width, height, channels: 4 }, filters[filter]);
  return await createImageBitmap(new ImageData(data, width, height));
}

async function pixelsOf(photoKey: string, photo: Blob, maxSide: number): Promise<ImageData> {
  if (lastDecoded?.photoKey === photoKey && lastDecoded.maxSide === maxSide) return lastDecoded.pixels;
  const canvas = drawScaled(await createImageBitmap(photo), maxSide, false);
  const pixels = contextOf(canvas).getImageData(0, 0, canvas.width, canvas.height);
  lastDecoded = { photoKey, maxSide, pixels };
  return pixels;
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
  const context = contextOf(canvas);
  // JPEG knows no transparency: what shines through is white.
  context.fillStyle = '#fff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = 'high';
  const left = (bitmap.width - width) / 2;
  const top = (bitmap.height - height) / 2;
  context.drawImage(bitmap, left, top, width, height, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return canvas;
}

function contextOf(canvas: OffscreenCanvas): OffscreenCanvasRenderingContext2D {
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('This browser cannot draw.');
  return context;
}
