/** JPEGs of a finished picture, and what a screen shows until they are there. */
import type { Sharp } from 'sharp';
import { rgbaToThumbHash } from 'thumbhash';
import type { Size } from '../../../core/frame.ts';
import { fit } from './framing.ts';
import { type Picture, sharpOf } from './master.ts';

export type Rendition = { name: string; width: number; height: number; bytes: Buffer };

/** `thumbhash`: a blur of some 25 bytes, in base64. `averageColour`: as `#rrggbb`. */
export type Placeholder = { thumbhash: string; averageColour: string };

const QUALITY = 77;
const PROOF_QUALITY = 90;
const PLACEHOLDER_SIDE = 32;
const SAMPLES = 8;
const LADDERS = {
  photo: { widths: [1080, 640, 320], squares: [150] },
  avatar: { widths: [], squares: [512, 150, 64] },
  draft: { widths: [320], squares: [] },
};

/** The picture itself is the widest; all are made of it at the same time, which costs less than each of the one before. */
export function encodeLadder(picture: Picture, kind: keyof typeof LADDERS): Promise<Rendition[]> {
  const { widths, squares } = LADDERS[kind];
  return Promise.all([
    ...widths.map((width) => encode(`w${width}`, narrowed(picture, width))),
    ...squares.map((side) => encode(`s${side}`, squared(picture, side))),
  ]);
}

export function encodeWhole(picture: Picture, name: string): Promise<Rendition> {
  return encode(name, sharpOf(picture));
}

/** Of higher quality, because it is edited and encoded again. */
export async function encodeProof(picture: Picture): Promise<Buffer> {
  return (await encode('proof', sharpOf(picture), PROOF_QUALITY)).bytes;
}

export function makePlaceholder(picture: Picture): Placeholder {
  const { data, width, height } = shrink(picture, PLACEHOLDER_SIDE);
  const sums = [0, 0, 0];
  for (let at = 0; at < data.length; at += 4) {
    for (let channel = 0; channel < 3; channel++)
      sums[channel] = (sums[channel] ?? 0) + (data[at + channel] ?? 0);
  }
  const hex = sums.map((sum) =>
    Math.round((sum * 4) / data.length)
      .toString(16)
      .padStart(2, '0'),
  );
  const thumbhash = Buffer.from(rgbaToThumbHash(width, height, data)).toString('base64');
  return { thumbhash, averageColour: `#${hex.join('')}` };
}

/** With alpha. Each pixel is the mean of 64 to 256 of its area: enough for a blur, and five times cheaper than all. */
function shrink(picture: Picture, maxSide: number): Size & { data: Uint8Array } {
  const { width, height } = fit(picture, { width: maxSide, height: maxSide });
  const data = new Uint8Array(width * height * 4).fill(255);
  const [columns, rows] = [picture.width / width, picture.height / height];
  const right = Math.max(1, Math.floor(columns / SAMPLES));
  const down = Math.max(1, Math.floor(rows / SAMPLES));
  for (let at = 0; at < width * height; at++) {
    const [left, top] = [(at % width) * columns, Math.floor(at / width) * rows];
    const [end, bottom] = [Math.min(picture.width, left + columns), Math.min(picture.height, top + rows)];
    let [red, green, blue, count] = [0, 0, 0, 0];
    for (let y = Math.floor(top + (down - 1) / 2); y < bottom; y += down) {
      for (let x = Math.floor(left + (right - 1) / 2); x < end; x += right) {
        const place = (y * picture.width + x) * 3;
        red += picture.data[place] as number;
        green += picture.data[place + 1] as number;
        blue += picture.data[place + 2] as number;
        count++;
      }
    }
    data.set([Math.round(red / count), Math.round(green / count), Math.round(blue / count)], at * 4);
  }
  return { width, height, data };
}

function narrowed(picture: Picture, maxWidth: number): Sharp {
  const image = sharpOf(picture);
  return picture.width <= maxWidth ? image : image.resize({ width: maxWidth });
}

function squared(picture: Picture, maxSide: number): Sharp {
  const side = Math.min(maxSide, picture.width, picture.height);
  return sharpOf(picture).resize({ width: side, height: side, fit: 'cover' });
}

async function encode(name: string, image: Sharp, quality = QUALITY): Promise<Rendition> {
  const { data, info } = await image
    .jpeg({ quality, chromaSubsampling: '4:2:0', optimiseCoding: true, progressive: false })
    .toBuffer({ resolveWithObject: true });
  return { name, width: info.width, height: info.height, bytes: data };
}
