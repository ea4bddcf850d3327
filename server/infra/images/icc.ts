/**
 * Colour profiles of three primaries and three curves (ICC.1:2022, 8.3 and F.3), as all phones and browsers write them,
 * turned into tables that are run over the small picture. (Left to libvips inside the resize they cost 45 to 180 ms a
 * photo. A cube of colours, as looks use, is 12 levels off where saturated colours are cut off; these tables are 1.)
 * All other profiles are left to libvips. Nothing here trusts a length or an offset from the profile.
 */
import { createHash } from 'node:crypto';

type Colour = [red: number, green: number, blue: number];
type Curve = (value: number) => number;
type Profile = {
  /** Light (0 to 1) of an encoded value (0 to 1), for each channel. */
  curves: [Curve, Curve, Curve];
  /** How much red, green and blue light of sRGB each primary gives. */
  primaries: [Colour, Colour, Colour];
};

/**
 * `lights`: for red, green and blue of sRGB, what each level of each channel adds to a place in `encoded`, which holds
 * the levels. The places are laid out so that no sum lies outside.
 */
export type ProfileTables = { lights: Int32Array[]; encoded: Uint8Array };

/**
 * What is to be done with a profile: nothing, because it is sRGB again to within 2.5 levels of 255; tables to run over
 * pixels; or 'library', to be left to libvips.
 */
export type Treatment = 'none' | 'library' | ProfileTables;

/** Places for the light from black to white: near black, where levels lie closest, five to a level. */
const PLACES = 1 << 14;
/** Colours farther outside sRGB than this are no display's. */
const LIGHT_MIN = -2;
const LIGHT_MAX = 4;
const KNOWN_MAX = 16;
const known = new Map<string, Treatment>();

/** Those of the profiles met last are kept. */
export function treatmentOf(icc: Uint8Array): Treatment {
  const key = createHash('sha256').update(icc).digest('base64');
  const treatment = known.get(key) ?? newTreatment(icc);
  known.delete(key);
  known.set(key, treatment);
  for (const oldest of known.keys()) if (known.size > KNOWN_MAX) known.delete(oldest);
  return treatment;
}

/** Takes pixels of three channels to sRGB, in place. */
export function toSrgb(data: Uint8Array, { lights, encoded }: ProfileTables): void {
  // One type of array in the loop, whatever the caller has: the compiler makes it twice as fast.
  const pixels = new Uint8Array(data.buffer, data.byteOffset, data.length);
  const [rr, rg, rb, gr, gg, gb, br, bg, bb] = lights as [
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
  ];
  for (let at = 0; at < pixels.length; at += 3) {
    const [r, g, b] = [pixels[at] as number, pixels[at + 1] as number, pixels[at + 2] as number];
    pixels[at] = encoded[((rr[r] as number) + (rg[g] as number) + (rb[b] as number)) >> 8] as number;
    pixels[at + 1] = encoded[((gr[r] as number) + (gg[g] as number) + (gb[b] as number)) >> 8] as number;
    pixels[at + 2] = encoded[((br[r] as number) + (bg[g] as number) + (bb[b] as number)) >> 8] as number;
  }
}

function newTreatment(icc: Uint8Array): Treatment {
  const profile = readProfile(icc);
  if (!profile) return 'library';
  const tables = tablesOf(profile);
  return tables && isSrgb(tables) ? 'none' : (tables ?? 'library');
}

/** Null if its colours lie too far outside sRGB. */
function tablesOf({ curves, primaries }: Profile): ProfileTables | null {
  const channels = [0, 1, 2] as const;
  const shares = channels.map((to) => channels.map((from) => primaries[from][to]));
  const least = Math.min(...shares.map((row) => row.reduce((sum, share) => sum + Math.min(0, share), 0)));
  const most = Math.max(...shares.map((row) => row.reduce((sum, share) => sum + Math.max(0, share), 0)));
  if (!(least >= LIGHT_MIN && most <= LIGHT_MAX)) return null;
  const first = Math.floor(least * PLACES) - 2;
  const encoded = Uint8Array.from({ length: Math.ceil(most * PLACES) + 3 - first }, (_, at) =>
    Math.round(encodeSrgb((at + first) / PLACES) * 255),
  );
  // In 1/256 of a place; a third of the start and of the half that rounds comes with each of the three.
  const start = (0.5 - first) / 3;
  const lights = shares.flatMap((row) =>
    row.map((share, from) =>
      Int32Array.from({ length: 256 }, (_, level) =>
        Math.round((share * (curves[from]?.(level / 255) ?? 0) * PLACES + start) * 256),
      ),
    ),
  );
  return { lights, encoded };
}

function isSrgb(tables: ProfileTables): boolean {
  const levels = [0, 32, 64, 96, 128, 160, 192, 224, 255];
  const greys = Array.from({ length: 256 }, (_, level) => [level, level, level]);
  const colours = levels.flatMap((r) => levels.flatMap((g) => levels.map((b) => [r, g, b])));
  const before = Uint8Array.from([...greys, ...colours].flat());
  const after = before.slice();
  toSrgb(after, tables);
  return after.every((level, at) => Math.abs(level - (before[at] ?? 0)) <= 2.5);
}

/** Null if it is not of three primaries and curves. */
function readProfile(icc: Uint8Array): Profile | null {
  const view = new DataView(icc.buffer, icc.byteOffset, icc.byteLength);
  if (icc.length < 132 || text(view, 16) !== 'RGB ' || text(view, 20) !== 'XYZ ') return null;
  const tags = readTags(view);
  // A profile that also has tables means them to be used.
  if (['A2B0', 'A2B1', 'D2B0', 'D2B1'].some((name) => tags.has(name))) return null;
  const [red, green, blue] = ['rXYZ', 'gXYZ', 'bXYZ'].map((name) => readPrimary(tags.get(name)));
  const [redCurve, greenCurve, blueCurve] = ['rTRC', 'gTRC', 'bTRC'].map((name) => readCurve(tags.get(name)));
  if (!red || !green || !blue || !redCurve || !greenCurve || !blueCurve) return null;
  return { curves: [redCurve, greenCurve, blueCurve], primaries: [red, green, blue] };
}

function readTags(view: DataView): Map<string, DataView> {
  const tags = new Map<string, DataView>();
  const count = Math.min(view.getUint32(128), 100);
  for (let at = 132; at + 12 <= view.byteLength && tags.size < count; at += 12) {
    const start = Math.min(view.getUint32(at + 4), view.byteLength);
    const length = Math.min(view.getUint32(at + 8), view.byteLength - start);
    tags.set(text(view, at), new DataView(view.buffer, view.byteOffset + start, length));
  }
  return tags;
}

/** The file has X, Y and Z under D50. */
function readPrimary(tag: DataView | undefined): Colour | null {
  if (!tag || tag.byteLength < 20 || text(tag, 0) !== 'XYZ ') return null;
  return toSrgbLight(fixed(tag, 8), fixed(tag, 12), fixed(tag, 16));
}

/** Light (0 to 1) for an encoded value (0 to 1). */
function readCurve(tag: DataView | undefined): Curve | null {
  if (!tag || tag.byteLength < 12) return null;
  const kind = text(tag, 0);
  const curve = kind === 'curv' ? readTable(tag) : kind === 'para' ? readFormula(tag) : null;
  if (!curve) return null;
  return (value) => {
    const light = curve(value);
    return light > 0 ? Math.min(light, 1) : 0;
  };
}

/** No numbers: the identity; one: an exponent in 1/256; more: 16-bit light at equal steps. */
function readTable(tag: DataView): Curve | null {
  const count = tag.getUint32(8);
  if (count === 0) return (value) => value;
  if (tag.byteLength < 12 + count * 2) return null;
  if (count === 1) return power(tag.getUint16(12) / 256);
  return (value) => {
    const place = value * (count - 1);
    const below = tag.getUint16(12 + Math.floor(place) * 2);
    const above = tag.getUint16(12 + Math.ceil(place) * 2);
    return (below + (above - below) * (place % 1)) / 65535;
  };
}

/** The numbers that each of ICC's five formulas has. */
const FORMULA_NUMBERS = [1, 3, 4, 5, 7];

/** With the exponent g: (a·x + b)^g + e from x = d on, and c·x + f below it. Shorter formulas leave some of that out. */
function readFormula(tag: DataView): Curve | null {
  const kind = tag.getUint16(8);
  const count = FORMULA_NUMBERS[kind];
  if (count === undefined || tag.byteLength < 12 + count * 4) return null;
  const numbers = Array.from({ length: 7 }, (_, at) => (at < count ? fixed(tag, 12 + at * 4) : 0));
  const [g = 1, a = 1, b = 0, c = 0, d = 0, e = 0, f = 0] = numbers;
  const raise = power(g);
  if (kind === 0) return raise;
  if (kind === 1) return (x) => (x >= -b / a ? raise(a * x + b) : 0);
  // In formula 2 the third number is what is added everywhere.
  if (kind === 2) return (x) => (x >= -b / a ? raise(a * x + b) : 0) + c;
  return (x) => (x >= d ? raise(a * x + b) + e : c * x + f);
}

function power(exponent: number): Curve {
  return (value) => Math.max(0, value) ** exponent;
}

/** The inverse of sRGB's primaries under D50, as every sRGB profile has them (rows: red, green, blue light). */
function toSrgbLight(x: number, y: number, z: number): Colour {
  return [
    3.1338564 * x - 1.6168668 * y - 0.4906148 * z,
    -0.9787686 * x + 1.9161416 * y + 0.0334541 * z,
    0.0719452 * x - 0.2289913 * y + 1.4052427 * z,
  ];
}

function encodeSrgb(light: number): number {
  if (light <= 0) return 0;
  return Math.min(1, light <= 0.0031308 ? light * 12.92 : 1.055 * light ** (1 / 2.4) - 0.055);
}

function fixed(view: DataView, at: number): number {
  return view.getInt32(at) / 65536;
}

function text(view: DataView, at: number): string {
  return String.fromCharCode(
    view.getUint8(at),
    view.getUint8(at + 1),
    view.getUint8(at + 2),
    view.getUint8(at + 3),
  );
}
