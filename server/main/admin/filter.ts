/** ./pinhole filter NAME [--strength N] IN OUT.png: a filter on one photograph, by the engine that members' photos get. */
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { PLAIN_LOOK } from '../../../core/edits.ts';
import { applyLook } from '../../../core/look/engine.ts';
import { FILTER_NAMES, type FilterName } from '../../../core/look/filters.ts';
import { OperatorFault, say } from '../progress.ts';
import { openKernelEngine, readPhoto } from './photo-files.ts';

const USAGE = 'Usage: ./pinhole filter NAME [--strength 0 to 100] IN OUT.png';

export async function run(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { strength: { type: 'string', default: '100' } },
  });
  const [name, from, to, ...rest] = positionals;
  if (!name || !from || !to || rest.length > 0)
    throw new OperatorFault(`${USAGE}\nIN is a JPEG or PNG. The filters are: ${FILTER_NAMES.join(', ')}.`);
  const filter = FILTER_NAMES.find((each): each is FilterName => each === name);
  if (!filter)
    throw new OperatorFault(`There is no filter "${name}". The filters are: ${FILTER_NAMES.join(', ')}.`);
  const strength = readStrength(values.strength);
  if (!to.toLowerCase().endsWith('.png'))
    throw new OperatorFault(`"${to}" does not end in .png, which keeps every byte of the result.`);

  const engine = await openKernelEngine();
  const photo = await readPhoto(from);
  const startMs = performance.now();
  applyLook(engine, photo, { ...PLAIN_LOOK, filter, strength });
  const tookMs = performance.now() - startMs;
  const { data, width, height, channels } = photo;
  const file = await sharp(data, { raw: { width, height, channels } })
    .png()
    .toFile(to)
    .catch((error: Error) => {
      throw new OperatorFault(`${to} cannot be written: ${error.message.split('\n')[0]}`);
    });
  say(
    `${to}: ${width} × ${height} px, ${file.size} bytes, ${filter} at ${strength}; the filter took ${tookMs.toFixed(1)} ms (${engine.kind}).`,
  );
}

function readStrength(text: string): number {
  const strength = Number(text);
  if (!/^\d+$/.test(text) || strength > 100)
    throw new OperatorFault(`--strength ${text}: it is a whole number from 0 to 100.`);
  return strength;
}
