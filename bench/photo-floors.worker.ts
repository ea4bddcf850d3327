/**
 * What the pipeline cannot be cheaper than: decoding each photo to the size of its master, and encoding its four
 * renditions, without anything else; and what the filter costs. In one process, nothing at the same time.
 */
import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { applyLook, openEngine, type Pixels } from '../core/look/engine.ts';
import { hardenSharp } from '../server/infra/images/pipeline.ts';

/** `filtered` is the photo that is filtered: 12 megapixels of any content. */
export type FloorsPlan = { sets: Record<string, string[]>; filtered: string; rounds: number };
/** CPU ms a photo, by set. */
export type FloorsReply = {
  decodeOnly: Record<string, number>;
  encodeOnly: Record<string, number>;
  filterCpuMs: number;
};

const LOOK = { filter: 'warm-vintage', strength: 100, adjustments: {} } as const;
const KERNEL = new URL('../core/look/kernel.wasm', import.meta.url);
const SIZES = [
  { width: 1_080, height: 1_920, fit: 'inside' },
  { width: 640, height: 1_920, fit: 'inside' },
  { width: 320, height: 1_920, fit: 'inside' },
  { width: 150, height: 150, fit: 'cover' },
] as const;
const FILTER_SIZE = { width: 1_080, height: 1_350, fit: 'cover' } as const;
/** More than the tables that are kept. */
const MEANS = 40;

hardenSharp();
process.once('message', async (plan: FloorsPlan) => {
  process.send?.(await run(plan));
});
process.once('disconnect', () => process.exit());

async function run({ sets, filtered, rounds }: FloorsPlan): Promise<FloorsReply> {
  const reply: FloorsReply = { decodeOnly: {}, encodeOnly: {}, filterCpuMs: 0 };
  for (const [name, files] of Object.entries(sets)) {
    const photos = await Promise.all(files.map((file) => readFile(file)));
    reply.decodeOnly[name] = await cpuEach(photos, rounds, (bytes) => decode(bytes, SIZES[0]));
    const ladders = await Promise.all(
      photos.map((bytes) => Promise.all(SIZES.map((size) => decode(bytes, size)))),
    );
    reply.encodeOnly[name] = await cpuEach(ladders, rounds, (ladder) => Promise.all(ladder.map(encode)));
  }
  reply.filterCpuMs = await measureFilter(filtered, rounds);
  return reply;
}

async function decode(bytes: Buffer, size: object): Promise<Pixels> {
  const { data, info } = await sharp(bytes, { ignoreIcc: true })
    .autoOrient()
    .resize({ ...size, withoutEnlargement: true })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: 3 };
}

function encode({ data, width, height, channels }: Pixels): Promise<Buffer> {
  return sharp(data, { raw: { width, height, channels } })
    .jpeg({ quality: 77, chromaSubsampling: '4:2:0', optimiseCoding: true })
    .toBuffer();
}

/** Finding the mean and making the tables included: the same picture over and over, each a level brighter than the last. */
async function measureFilter(file: string, rounds: number): Promise<number> {
  const engine = await openEngine(new Uint8Array(await readFile(KERNEL)));
  if (engine.kind !== 'wasm') throw new Error('The kernel of the filters does not run here.');
  const picture = await decode(await readFile(file), FILTER_SIZE);
  const brighter = Array.from({ length: MEANS }, (_, by) =>
    picture.data.map((value) => Math.min(255, value + by)),
  );
  return cpuEach(brighter, rounds, async (data) => {
    picture.data.set(data);
    applyLook(engine, picture, LOOK);
  });
}

async function cpuEach<Item>(
  items: Item[],
  rounds: number,
  work: (item: Item) => Promise<unknown>,
): Promise<number> {
  for (const item of items) await work(item);
  const before = process.cpuUsage();
  for (let round = 0; round < rounds; round++) for (const item of items) await work(item);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000 / (items.length * rounds);
}
