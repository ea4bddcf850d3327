/** Runs looks in a module Worker, as the darkroom does, and answers with checksums. */
import type { Look } from '../../core/edits.ts';
import { applyLook, openEngine, type Pixels } from '../../core/look/engine.ts';

export type LookRequest = { photos: string[]; looks: Look[] };
/** `sums`: for each photo the SHA-256 of the pixels after each look, in hexadecimal. */
export type LookReply = { kind: string; means: number[]; sums: string[][] };

self.addEventListener('message', async (event: MessageEvent<LookRequest>) => {
  const { photos, looks } = event.data;
  const engine = await openEngine(await (await fetch('/look/kernel.wasm')).arrayBuffer());
  const reply: LookReply = { kind: engine.kind, means: [], sums: [] };
  for (const address of photos) {
    const photo = await load(address);
    reply.means.push(engine.meanGrey(photo));
    reply.sums.push(await Promise.all(looks.map((look) => sumOf(photo, look))));
  }
  self.postMessage(reply);

  async function sumOf(photo: Pixels, look: Look): Promise<string> {
    const data = new Uint8ClampedArray(photo.data);
    applyLook(engine, { ...photo, data }, look);
    const sum = new Uint8Array(await crypto.subtle.digest('SHA-256', data));
    return Array.from(sum, (byte) => byte.toString(16).padStart(2, '0')).join('');
  }
});

/** A PNG, decoded by the browser. */
async function load(address: string): Promise<Pixels> {
  const bitmap = await createImageBitmap(await (await fetch(address)).blob());
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext('2d');
  if (!context) throw new Error('This browser cannot draw.');
  context.drawImage(bitmap, 0, 0);
  return { data: context.getImageData(0, 0, width, height).data, width, height, channels: 4 };
}
