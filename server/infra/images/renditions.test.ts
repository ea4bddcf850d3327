import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import sharp from 'sharp';
import { thumbHashToAverageRGBA } from 'thumbhash';
import { makePlaceholder } from './renditions.ts';

/** Left to right from one colour to another, with grain. */
function picture(width: number, height: number, from: number[], to: number[]) {
  const data = Buffer.alloc(width * height * 3);
  for (let at = 0; at < data.length; at++) {
    const place = (Math.floor(at / 3) % width) / width;
    const [start, end] = [from[at % 3] ?? 0, to[at % 3] ?? 0];
    data[at] = Math.max(
      0,
      Math.min(255, Math.round(start + (end - start) * place + ((at * 7919) % 21) - 10)),
    );
  }
  return { data, width, height, channels: 3 as const };
}

test('a placeholder has the colours of its picture, whatever the size', async () => {
  const sides = fc.integer({ min: 1, max: 400 });
  const colours = fc.array(fc.integer({ min: 10, max: 245 }), { minLength: 3, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(sides, sides, colours, colours, async (width, height, from, to) => {
      const made = picture(width, height, from, to);
      const { averageColour, thumbhash } = makePlaceholder(made);
      const { channels } = await sharp(made.data, { raw: { width, height, channels: 3 } }).stats();
      const thumb = thumbHashToAverageRGBA(Buffer.from(thumbhash, 'base64'));
      for (const [at, { mean }] of channels.entries()) {
        const found = Number.parseInt(averageColour.slice(1 + at * 2, 3 + at * 2), 16);
        assert.ok(Math.abs(found - mean) <= 9, `${averageColour}: ${found} instead of ${mean}`);
        const blurred = [thumb.r, thumb.g, thumb.b][at] ?? 0;
        assert.ok(Math.abs(blurred * 255 - mean) <= 24, `the blur has ${blurred * 255} instead of ${mean}`);
      }
    }),
    { numRuns: 300 },
  );
});
