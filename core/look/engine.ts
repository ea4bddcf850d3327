/**
 * The look engine: a look (filter, strength, adjustments) becomes tables of whole numbers (bake.ts), and a kernel runs
 * them over the pixels. The kernel is the same WebAssembly in the media worker and in the browser; where there is no
 * WebAssembly with SIMD, the twin in TypeScript makes the same bytes, more slowly. So what a member saw in the preview
 * is what is published. It knows nothing of colour profiles: pixels are sRGB, 8 bits a channel.
 */
import { isPlainLook, type Look } from '../edits.ts';
import { bake, type Tables, usesMean } from './bake.ts';
import { openKernel } from './kernel.ts';
import { twin } from './twin.ts';

/** Rows from the top, channels interleaved, without padding: `width × height × channels` bytes. */
export type Pixels = {
  data: Uint8Array | Uint8ClampedArray;
  width: number;
  height: number;
  channels: 3 | 4;
};

/** Both throw a RangeError if `data` has not the size that width, height and channels say. */
export type Engine = {
  readonly kind: 'wasm' | 'typescript';
  /** The mean of the picture's greys, 0 to 255, as Pillow counts it. */
  meanGrey(pixels: Pixels): number;
  /** In place; alpha stays as it is. */
  run(pixels: Pixels, tables: Tables): void;
};

/** `wasm` is kernel.wasm; with null, or where it cannot run, the engine is the twin. */
export async function openEngine(wasm: BufferSource | null): Promise<Engine> {
  const engine = (wasm && (await openKernel(wasm))) || twin;
  return {
    kind: engine.kind,
    meanGrey: (pixels) => (isEmpty(pixels) ? 0 : engine.meanGrey(pixels)),
    run: (pixels, tables) => {
      if (!isEmpty(pixels)) engine.run(pixels, tables);
    },
  };
}

/** In place. `meanGrey` is that of the whole picture, where `pixels` are a part or a smaller copy of it. */
export function applyLook(engine: Engine, pixels: Pixels, look: Look, meanGrey?: number): void {
  if (isPlainLook(look)) return;
  const mean = meanGrey ?? (usesMean(look) ? engine.meanGrey(pixels) : 0);
  engine.run(pixels, bake(look, mean));
}

function isEmpty({ data, width, height, channels }: Pixels): boolean {
  if (data.length !== width * height * channels)
    throw new RangeError(`${width}×${height}×${channels} pixels need other than ${data.length} bytes`);
  return data.length === 0;
}
