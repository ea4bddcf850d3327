/** Hostile and odd photos, built byte by byte: what costs a reader much costs the builder nothing. */
import { constants, crc32, deflateRawSync } from 'node:zlib';

export type Bytes = Uint8Array<ArrayBuffer>;

const MEBIBYTE = 1024 ** 2;

const uint16 = (value: number) => Buffer.from([value >> 8, value & 255]);
function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
export const bytesOf = (...parts: (string | Uint8Array)[]): Bytes => joined(parts);
function joined(parts: (string | Uint8Array)[]): Bytes {
  return Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)));
}

// PNG ---------------------------------------------------------------------------------------------------------

type PngHeader = {
  width: number;
  height: number;
  depth?: number;
  colourType?: number;
  isInterlaced?: boolean;
};
type Chunk = [type: string, body: Uint8Array];

/** A PNG whose header claims what it likes; the chunks stand between its header and its end. */
export function png(header: PngHeader, chunks: Chunk[]): Bytes {
  const { width, height, depth = 8, colourType = 2, isInterlaced = false } = header;
  const head = bytesOf(
    uint32(width),
    uint32(height),
    Buffer.from([depth, colourType, 0, 0, isInterlaced ? 1 : 0]),
  );
  const all = [['IHDR', head], ...chunks, ['IEND', Buffer.alloc(0)]];
  return joined(['\x89PNG\r\n\x1a\n', ...all.map(chunkOf)]);
}

export function chunkOf([type, body]: (string | Uint8Array)[]): Bytes {
  const typed = bytesOf(type ?? '', body ?? '');
  return bytesOf(uint32(typed.length - 4), typed, uint32(crc32(typed)));
}

const zerosBlock = deflateRawSync(Buffer.alloc(MEBIBYTE), { finishFlush: constants.Z_FULL_FLUSH });

/** A zlib stream of so many zero bytes: one compressed mebibyte, repeated. */
export function zeros(count: number): Bytes {
  const blocks = Array(Math.floor(count / MEBIBYTE)).fill(zerosBlock);
  // The two halves of Adler-32 are 1 and the count, where all is zero.
  const checksum = uint32(((count % 65_521) * 65_536 + 1) % 2 ** 32);
  return bytesOf(
    Buffer.from([0x78, 0x01]),
    ...blocks,
    deflateRawSync(Buffer.alloc(count % MEBIBYTE)),
    checksum,
  );
}

/** A whole black PNG of these sides. */
export function blackPng(header: PngHeader, more: Chunk[] = []): Bytes {
  return png(header, [...more, ['IDAT', zeros(pixelBytes(header))]]);
}

/** Where each of Adam7's passes begins, and its steps: x, y. */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

function pixelBytes({ width, height, depth = 8, colourType = 2, isInterlaced = false }: PngHeader): number {
  const bits = depth * (colourType === 6 ? 4 : colourType === 2 ? 3 : 1);
  const rows = (columns: number, lines: number) => lines * (1 + Math.ceil((columns * bits) / 8));
  if (!isInterlaced) return rows(width, height);
  return ADAM7.reduce((sum, [left, top, stepX, stepY]) => {
    const columns = Math.ceil((width - left) / stepX);
    return sum + (columns > 0 ? rows(columns, Math.ceil((height - top) / stepY)) : 0);
  }, 0);
}

/** An animation of so many black frames of 40 × 30. */
export function apng(frames: number): Bytes {
  const header = { width: 40, height: 30 };
  const pixels = zeros(pixelBytes(header));
  const control = (at: number) =>
    bytesOf(uint32(at), uint32(40), uint32(30), uint32(0), uint32(0), Buffer.from([0, 1, 0, 9, 0, 0]));
  const later = Array.from({ length: frames - 1 }, (_, at): Chunk[] => [
    ['fcTL', control(at * 2 + 1)],
    ['fdAT', bytesOf(uint32(at * 2 + 2), pixels)],
  ]);
  return png(header, [
    ['acTL', bytesOf(uint32(frames), uint32(0))],
    ['fcTL', control(0)],
    ['IDAT', pixels],
    ...later.flat(),
  ]);
}

// GIF ---------------------------------------------------------------------------------------------------------

function gifFrame(code: number, [width, height]: [number, number]): Buffer {
  const frame = Buffer.from([0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, code, 1, 0]);
  frame.writeUInt16LE(width, 5);
  frame.writeUInt16LE(height, 7);
  return frame;
}

/** A red picture, then green ones, each of one pixel whatever sides they claim. */
export function gif(frames: number, sides: [number, number] = [1, 1], comment = ''): Bytes {
  const head = Buffer.from('GIF89a\x01\0\x01\0\x80\0\0\xff\0\0\0\0\xff', 'latin1');
  head.writeUInt16LE(sides[0], 6);
  head.writeUInt16LE(sides[1], 8);
  const said = comment && bytesOf('\x21\xfe', Buffer.from([comment.length]), comment, '\0');
  const later = Array(frames - 1).fill(gifFrame(0x4c, sides));
  return joined([head, said, gifFrame(0x44, sides), ...later, ';']);
}

// JPEG --------------------------------------------------------------------------------------------------------

const marked = (marker: number, ...parts: (string | Uint8Array)[]) => {
  const body = bytesOf(...parts);
  return bytesOf(Buffer.from([0xff, marker]), uint16(body.length + 2), body);
};
export const app1 = (...parts: (string | Uint8Array)[]) => marked(0xe1, ...parts);
export const app13 = (...parts: (string | Uint8Array)[]) => marked(0xed, ...parts);
export const jpegComment = (text: string) => marked(0xfe, text);

/** Puts segments where a JPEG's own metadata stands. */
export function withSegments(jpeg: Uint8Array, ...segments: Uint8Array[]): Bytes {
  return bytesOf(jpeg.subarray(0, 2), ...segments, jpeg.subarray(2));
}

type JpegHeader = { width: number; height: number; components: 1 | 3; isProgressive: boolean };

function jpegHead({ width, height, components, isProgressive }: JpegHeader): Bytes {
  const planes = Array.from({ length: components }, (_, at) => Buffer.from([at + 1, 0x11, 0]));
  const tables = Buffer.concat([Buffer.from([0]), Buffer.alloc(64, 1)]);
  const frame = bytesOf(
    Buffer.from([8]),
    uint16(height),
    uint16(width),
    Buffer.from([components]),
    ...planes,
  );
  // One code, of one bit, in each table: no difference, and 2^14 to 2^15 - 1 empty blocks.
  const table = (id: number, symbol: number) => Buffer.from([id, 1, ...Array(15).fill(0), symbol]);
  return bytesOf(
    Buffer.from([0xff, 0xd8]),
    marked(0xdb, tables),
    marked(isProgressive ? 0xc2 : 0xc0, frame),
    marked(0xc4, table(0, 0), table(0x10, 0xe0)),
  );
}

function scanHead(planes: number[], from: number, to: number): Bytes {
  const named = planes.flatMap((plane) => [plane, 0]);
  return marked(0xda, Buffer.from([planes.length, ...named, from, to, 0]));
}

/** A JPEG that claims these sides and ends after a few bytes. */
export function jpegClaiming(width: number, height: number): Bytes {
  const head = jpegHead({ width, height, components: 3, isProgressive: false });
  return bytesOf(head, scanHead([1, 2, 3], 0, 63), Buffer.alloc(40), Buffer.from([0xff, 0xd9]));
}

/** A whole grey or coloured progressive JPEG in so many scans, each of which goes over all of its blocks. */
export function progressiveJpeg(side: number, components: 1 | 3, scans: number): Bytes {
  const blocks = Math.ceil(side / 8) ** 2;
  const planes = components === 1 ? [1] : [1, 2, 3];
  const dc = bytesOf(scanHead(planes, 0, 0), Buffer.alloc(Math.ceil((blocks * components) / 8)));
  const run = emptyBlocks(blocks);
  const ac = Array.from({ length: scans - 1 }, (_, at) =>
    bytesOf(scanHead([planes[at % components] ?? 1], 1 + (at % 63), 1 + (at % 63)), run),
  );
  const head = jpegHead({ width: side, height: side, components, isProgressive: true });
  return bytesOf(head, dc, ...ac, Buffer.from([0xff, 0xd9]));
}

/** Each run is a bit 0 and fourteen bits 1: 32,767 blocks without anything new. */
function emptyBlocks(blocks: number): Bytes {
  const bits = '011111111111111'.repeat(Math.ceil(blocks / 32_767));
  const packed = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1').match(/.{8}/g) ?? [];
  return Buffer.from(
    packed.flatMap((each) => (each === '11111111' ? [0xff, 0] : [Number.parseInt(each, 2)])),
  );
}

// ISO media and zip ------------------------------------------------------------------------------------------

/** The first box of an ISO media file: which brands it says it has. */
export function iso(...brands: string[]): Bytes {
  const [major = 'isom', ...others] = brands;
  return bytesOf(uint32(16 + others.length * 4), `ftyp${major}\0\0\0\0${others.join('')}`, uint32(8), 'mdat');
}

/** A HEIF (AVIF, HEIC) whose header claims other sides than its pixels have. */
export function claimSides(heif: Uint8Array, width: number, height: number): Bytes {
  const bytes = Buffer.from(heif);
  const place = bytes.indexOf('ispe') + 8;
  bytes.writeUInt32BE(width, place);
  bytes.writeUInt32BE(height, place + 4);
  return bytes;
}

/** The head of one entry of a zip file, and its name. */
export function zip(name: string, deflated: Uint8Array): Bytes {
  const head = Buffer.alloc(30);
  head.write('PK\x03\x04', 'latin1');
  head.writeUInt16LE(8, 8);
  head.writeUInt32LE(deflated.length, 18);
  head.writeUInt16LE(name.length, 26);
  return bytesOf(head, name, deflated);
}
