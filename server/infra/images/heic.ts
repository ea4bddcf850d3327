/**
 * HEIC, which libvips as sharp brings it cannot decode: libheif and libde265 compiled to WebAssembly, loaded with the
 * first such photo only. It takes ten times the CPU of a JPEG and much memory, so the pool has one in work at a time.
 */
import { createRequire } from 'node:module';
import type { Size } from '../../../core/frame.ts';

type Pixels = Size & { data: Uint8ClampedArray };
type HeicImage = Size & { decode(): Promise<Pixels> };
type DecodeHeic = { all(input: { buffer: Uint8Array }): Promise<HeicImage[] & { dispose(): void }> };

/** Four channels, upright already, in the colours of the file's profile. `size` tells which of its pictures is meant. */
export async function decodeHeic(bytes: Buffer, { width, height }: Size): Promise<Uint8ClampedArray> {
  const heic: DecodeHeic = createRequire(import.meta.url)('heic-decode');
  const images = await heic.all({ buffer: bytes });
  try {
    const image = images.find((each) => each.width === width && each.height === height);
    if (!image) throw new Error('no picture in it has the size that its header says');
    return (await image.decode()).data;
  } finally {
    images.dispose();
  }
}
