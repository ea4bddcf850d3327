/**
 * The inner loops of the look engine, in AssemblyScript, compiled to kernel.wasm by `./pinhole kernel`. twin.ts says
 * what they compute; kernel.ts lays out the memory and calls them row by row, so that a faster compilation that is
 * ready in the middle of a picture is used from the next row on. Pictures are read and written in groups of pixels: up
 * to 32 bytes beyond the end of any row are read, and those beyond the end of `colour`'s run are written.
 */

/** The sum of the greys of a run of pixels: at most 8 million. */
export function grey(at: usize, count: i32, channels: i32): i32 {
  return channels == 3 ? greyOf(at, count, 3) : greyOf(at, count, 4);
}

@inline
function greyOf(at: usize, count: i32, channels: i32): i32 {
  // Green weighs more than 16 bits with a sign hold: half of it goes with red, half with blue.
  const withRed = i16x8(19595, 19235, 19595, 19235, 19595, 19235, 19595, 19235);
  const withBlue = i16x8(19235, 7471, 19235, 7471, 19235, 7471, 19235, 7471);
  const zero = i32x4.splat(0);
  let sums = zero;
  const whole = at + (count & ~3) * channels;
  while (at < whole) {
    const bytes = v128.load(at);
    const redGreen = channels == 3
      ? i8x16.shuffle(bytes, zero, 0, 16, 1, 16, 3, 16, 4, 16, 6, 16, 7, 16, 9, 16, 10, 16)
      : i8x16.shuffle(bytes, zero, 0, 16, 1, 16, 4, 16, 5, 16, 8, 16, 9, 16, 12, 16, 13, 16);
    const greenBlue = channels == 3
      ? i8x16.shuffle(bytes, zero, 1, 16, 2, 16, 4, 16, 5, 16, 7, 16, 8, 16, 10, 16, 11, 16)
      : i8x16.shuffle(bytes, zero, 1, 16, 2, 16, 5, 16, 6, 16, 9, 16, 10, 16, 13, 16, 14, 16);
    const greys = i32x4.add(i32x4.dot_i16x8_s(redGreen, withRed), i32x4.dot_i16x8_s(greenBlue, withBlue));
    sums = i32x4.add(sums, i32x4.shr_u(i32x4.add(greys, i32x4.splat(0x8000)), 16));
    at += 4 * channels;
  }
  let sum = i32x4.extract_lane(sums, 0) + i32x4.extract_lane(sums, 1) + i32x4.extract_lane(sums, 2) + i32x4.extract_lane(sums, 3);
  for (let left = count & 3; left > 0; left--) {
    sum += (i32(load<u8>(at)) * 19595 + i32(load<u8>(at, 1)) * 38470 + i32(load<u8>(at, 2)) * 7471 + 0x8000) >> 16;
    at += channels;
  }
  return sum;
}

/** Looks a run of pixels up in the shapers and the nodes; four at a time. */
export function colour(at: usize, count: i32, channels: i32, shapers: usize, nodes: usize): void {
  if (channels == 3) colourOf(at, count, 3, shapers, nodes);
  else colourOf(at, count, 4, shapers, nodes);
}

/** Bytes from a node to the opposite corner of its cell. */
const ACROSS: i32 = (33 * 33 + 33 + 1) * 8;

@inline
function colourOf(at: usize, count: i32, channels: i32, shapers: usize, nodes: usize): void {
  const low = i32x4.splat(0xffff);
  const end = at + count * channels;
  while (at < end) {
    const a = at;
    const b = at + channels;
    const c = at + 2 * channels;
    const d = at + 3 * channels;
    const reds = shapersOf(a, b, c, d, shapers);
    const greens = shapersOf(a + 1, b + 1, c + 1, d + 1, shapers + 2048);
    const blues = shapersOf(a + 2, b + 2, c + 2, d + 2, shapers + 4096);
    const most = i32x4.max_u(i32x4.max_u(reds, greens), blues);
    const least = i32x4.min_u(i32x4.min_u(reds, greens), blues);
    const middle = i32x4.sub(i32x4.add(i32x4.add(reds, greens), blues), i32x4.add(most, least));
    const f1 = i32x4.shr_u(most, 16);
    const f2 = i32x4.shr_u(middle, 16);
    const f3 = i32x4.shr_u(least, 16);
    const nearer = v128.or(i32x4.sub(i32x4.splat(256), f1), i32x4.shl(i32x4.sub(f1, f2), 16));
    const farther = v128.or(i32x4.sub(f2, f3), i32x4.shl(f3, 16));
    const first = v128.and(most, low);
    const last = i32x4.sub(i32x4.splat(ACROSS), v128.and(least, low));
    const nodeA = nodes + nodeOf(a, shapers);
    const nodeB = nodes + nodeOf(b, shapers);
    const nodeC = nodes + nodeOf(c, shapers);
    const nodeD = nodes + nodeOf(d, shapers);
    const pixelA = between(nodeA, i32x4.extract_lane(first, 0), i32x4.extract_lane(last, 0), v128.shuffle<i32>(nearer, nearer, 0, 0, 0, 0), v128.shuffle<i32>(farther, farther, 0, 0, 0, 0));
    const pixelB = between(nodeB, i32x4.extract_lane(first, 1), i32x4.extract_lane(last, 1), v128.shuffle<i32>(nearer, nearer, 1, 1, 1, 1), v128.shuffle<i32>(farther, farther, 1, 1, 1, 1));
    const pixelC = between(nodeC, i32x4.extract_lane(first, 2), i32x4.extract_lane(last, 2), v128.shuffle<i32>(nearer, nearer, 2, 2, 2, 2), v128.shuffle<i32>(farther, farther, 2, 2, 2, 2));
    const pixelD = between(nodeD, i32x4.extract_lane(first, 3), i32x4.extract_lane(last, 3), v128.shuffle<i32>(nearer, nearer, 3, 3, 3, 3), v128.shuffle<i32>(farther, farther, 3, 3, 3, 3));
    const bytes = i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(pixelA, pixelB), i16x8.narrow_i32x4_s(pixelC, pixelD));
    if (channels == 3) {
      const packed = i8x16.shuffle(bytes, bytes, 0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 0, 0, 0, 0);
      v128.store_lane<u64>(at, packed, 0);
      v128.store_lane<u32>(at, packed, 2, 8);
    } else {
      // The nodes' fourth number is 0: there, alpha is put back.
      v128.store(at, v128.or(bytes, v128.and(v128.load(at), i32x4.splat(0xff000000))));
    }
    at += 4 * channels;
  }
}

@inline
function shapersOf(a: usize, b: usize, c: usize, d: usize, shapers: usize): v128 {
  let found = v128.load32_zero(shapers + (<usize>load<u8>(a) << 3));
  found = v128.load_lane<u32>(shapers + (<usize>load<u8>(b) << 3), found, 1);
  found = v128.load_lane<u32>(shapers + (<usize>load<u8>(c) << 3), found, 2);
  return v128.load_lane<u32>(shapers + (<usize>load<u8>(d) << 3), found, 3);
}

@inline
function nodeOf(at: usize, shapers: usize): usize {
  return load<u32>(shapers + (<usize>load<u8>(at) << 3), 4)
    + load<u32>(shapers + (<usize>load<u8>(at, 1) << 3), 2048 + 4)
    + load<u32>(shapers + (<usize>load<u8>(at, 2) << 3), 4096 + 4);
}

/** Four nodes, weighed: red, green, blue and 0. */
@inline
function between(node: usize, first: i32, last: i32, nearer: v128, farther: v128): v128 {
  const near = v128.shuffle<i16>(v128.load64_zero(node), v128.load64_zero(node + first), 0, 8, 1, 9, 2, 10, 3, 11);
  const far = v128.shuffle<i16>(v128.load64_zero(node + last), v128.load64_zero(node + ACROSS), 0, 8, 1, 9, 2, 10, 3, 11);
  const sum = i32x4.add(i32x4.dot_i16x8_s(near, nearer), i32x4.dot_i16x8_s(far, farther));
  return i32x4.shr_s(i32x4.add(sum, i32x4.splat(16384)), 15);
}

let side: i32 = 0;
let bits: i32 = 0;
let kept: i32 = 0;

/** Sets what the next calls of the four functions below do. */
export function setBlur(sideWeight: i32, fractionBits: i32, keptPart: i32): void {
  side = sideWeight;
  bits = fractionBits;
  kept = keptPart;
}

/**
 * Passes three boxes along a row of pixels; the result goes to `to`, as 16-bit numbers with `bits` bits of fraction.
 * `one` and `other` are room for such a row, and have 16 bytes more before it.
 */
export function blurAlong(at: usize, to: usize, one: usize, other: usize, bytes: i32, channels: i32): void {
  for (let byte = 0; byte < bytes; byte += 8)
    v128.store(one + byte * 2, i16x8.shl(v128.load8x8_u(at + byte), bits));
  boxAlong(one, other, bytes, channels);
  boxAlong(other, one, bytes, channels);
  boxAlong(one, to, bytes, channels);
}

/** What lies beyond the ends is like the ends. */
function boxAlong(from: usize, to: usize, bytes: i32, channels: i32): void {
  const step = <usize>channels * 2;
  const end = from + bytes * 2;
  memory.copy(from - step, from, step);
  memory.copy(end, end - step, step);
  const weight = i16x8.splat(<i16>side);
  for (let word: usize = 0; word < <usize>bytes * 2; word += 16)
    v128.store(to + word, box(v128.load(from + word - step), v128.load(from + word), v128.load(from + word + step), weight));
}

/** Passes a box across three such rows. */
export function boxAcross(above: usize, here: usize, below: usize, to: usize, bytes: i32): void {
  const weight = i16x8.splat(<i16>side);
  for (let word: usize = 0; word < <usize>bytes * 2; word += 16)
    v128.store(to + word, box(v128.load(above + word), v128.load(here + word), v128.load(below + word), weight));
}

/** Passes the last box across three rows, into the row of pixels at `at`; `made` is room for a row. */
export function blurOut(above: usize, here: usize, below: usize, at: usize, made: usize, bytes: i32, channels: i32): void {
  const weight = i16x8.splat(<i16>side);
  const rounding: i32 = (1 << bits) >> 1;
  const half = i16x8.splat(<i16>rounding);
  const alpha = channels == 3 ? i32x4.splat(0) : i32x4.splat(0xff000000);
  for (let byte: usize = 0; byte < <usize>bytes; byte += 8) {
    const word = byte * 2;
    const source = v128.load64_zero(at + byte);
    let blurred = box(v128.load(above + word), v128.load(here + word), v128.load(below + word), weight);
    if (kept > 0) blurred = giveBack(blurred, i16x8.shl(i16x8.extend_low_i8x16_u(source), bits));
    else blurred = i16x8.shr_s(i16x8.add(blurred, half), bits);
    v128.store_lane<u64>(made + byte, v128.bitselect(source, i8x16.narrow_i16x8_u(blurred, blurred), alpha), 0);
  }
  memory.copy(at, made, bytes);
}

@inline
function giveBack(blurred: v128, source: v128): v128 {
  const lost = i16x8.sub(source, blurred);
  const part = i16x8.splat(<i16>kept);
  const half = i32x4.splat(128 << bits);
  const low = i32x4.add(i32x4.shl(i32x4.extend_low_i16x8_s(blurred), 8), i32x4.extmul_low_i16x8_s(lost, part));
  const high = i32x4.add(i32x4.shl(i32x4.extend_high_i16x8_s(blurred), 8), i32x4.extmul_high_i16x8_s(lost, part));
  return i16x8.narrow_i32x4_s(i32x4.shr_s(i32x4.add(low, half), 8 + bits), i32x4.shr_s(i32x4.add(high, half), 8 + bits));
}

@inline
function box(left: v128, here: v128, right: v128, weight: v128): v128 {
  return i16x8.add(here, i16x8.q15mulr_sat_s(i16x8.sub(i16x8.add(left, right), i16x8.shl(here, 1)), weight));
}

/** Each pixel's factor of light, as 16-bit numbers, from its column's share and its row's. */
export function light(to: usize, width: i32, vignette: usize, columns: usize, row: i32): void {
  const table = vignette + row * 2;
  for (let x: usize = 0; x < <usize>width * 2; x += 2)
    store<u16>(to + x, load<u16>(table + (<usize>load<u16>(columns + x) << 1)));
}

/** A row of noise: each pixel's random byte and its right neighbour's, as 16-bit numbers; `bytes` is room for the row. */
export function noise(to: usize, width: i32, y: i32, bytes: usize): void {
  let places = i32x4.add(i32x4.splat(y << 16), i32x4(0, 1, 2, 3));
  for (let x = 0; x <= width; x += 16) {
    v128.store(bytes + x, scramble(places));
    places = i32x4.add(places, i32x4.splat(4));
  }
  for (let x = 0; x < width; x += 8)
    v128.store(to + x * 2, i16x8.add(v128.load8x8_u(bytes + x), v128.load8x8_u(bytes + x + 1)));
}

@inline
function scramble(value: v128): v128 {
  let mixed = v128.xor(value, i32x4.shr_u(value, 16));
  mixed = i32x4.mul(mixed, i32x4.splat(0x7feb352d));
  mixed = v128.xor(mixed, i32x4.shr_u(mixed, 15));
  mixed = i32x4.mul(mixed, i32x4.splat(0x846ca68b));
  return v128.xor(mixed, i32x4.shr_u(mixed, 16));
}

/** Darkens a row of pixels by `light`, and adds grain; `above` and `below` are rows of noise; `made` is room for a row. */
export function finish(at: usize, width: i32, channels: i32, light: usize, above: usize, below: usize, grain: i32, made: usize): void {
  if (channels == 3) finishOf(at, width, 3, light, above, below, grain, made);
  else finishOf(at, width, 4, light, above, below, grain, made);
  memory.copy(at, made, width * channels);
}

@inline
function finishOf(at: usize, width: i32, channels: i32, light: usize, above: usize, below: usize, grain: i32, made: usize): void {
  for (let x: usize = 0; x < <usize>width; x += 8) {
    const from = at + x * channels;
    const to = made + x * channels;
    const lights = v128.load(light + x * 2);
    let grains = i16x8.splat(0);
    if (grain > 0) grains = i16x8.shl(i16x8.sub(i16x8.add(v128.load(above + x * 2), v128.load(below + x * 2)), i16x8.splat(510)), 6);
    if (channels == 3) {
      v128.store_lane<u64>(to, finished(from, v128.shuffle<i16>(lights, lights, 0, 0, 0, 1, 1, 1, 2, 2), v128.shuffle<i16>(grains, grains, 0, 0, 0, 1, 1, 1, 2, 2), grain), 0);
      v128.store_lane<u64>(to, finished(from + 8, v128.shuffle<i16>(lights, lights, 2, 3, 3, 3, 4, 4, 4, 5), v128.shuffle<i16>(grains, grains, 2, 3, 3, 3, 4, 4, 4, 5), grain), 0, 8);
      v128.store_lane<u64>(to, finished(from + 16, v128.shuffle<i16>(lights, lights, 5, 5, 6, 6, 6, 7, 7, 7), v128.shuffle<i16>(grains, grains, 5, 5, 6, 6, 6, 7, 7, 7), grain), 0, 16);
    } else {
      v128.store_lane<u64>(to, withAlpha(from, finished(from, v128.shuffle<i16>(lights, lights, 0, 0, 0, 0, 1, 1, 1, 1), v128.shuffle<i16>(grains, grains, 0, 0, 0, 0, 1, 1, 1, 1), grain)), 0);
      v128.store_lane<u64>(to, withAlpha(from + 8, finished(from + 8, v128.shuffle<i16>(lights, lights, 2, 2, 2, 2, 3, 3, 3, 3), v128.shuffle<i16>(grains, grains, 2, 2, 2, 2, 3, 3, 3, 3), grain)), 0, 8);
      v128.store_lane<u64>(to, withAlpha(from + 16, finished(from + 16, v128.shuffle<i16>(lights, lights, 4, 4, 4, 4, 5, 5, 5, 5), v128.shuffle<i16>(grains, grains, 4, 4, 4, 4, 5, 5, 5, 5), grain)), 0, 16);
      v128.store_lane<u64>(to, withAlpha(from + 24, finished(from + 24, v128.shuffle<i16>(lights, lights, 6, 6, 6, 6, 7, 7, 7, 7), v128.shuffle<i16>(grains, grains, 6, 6, 6, 6, 7, 7, 7, 7), grain)), 0, 24);
    }
  }
}

/** Eight bytes from `from` on, each with its light and grain. */
@inline
function finished(from: usize, lights: v128, grains: v128, grain: i32): v128 {
  let value = i16x8.q15mulr_sat_s(i16x8.shl(v128.load8x8_u(from), 7), lights);
  if (grain > 0) {
    const level = i16x8.shr_u(value, 7);
    const middle = i16x8.mul(level, i16x8.sub(i16x8.splat(255), level));
    const presence = i16x8.add(i16x8.add(i16x8.splat(8192), middle), i16x8.shr_u(middle, 1));
    value = i16x8.add_sat_s(value, i16x8.q15mulr_sat_s(i16x8.q15mulr_sat_s(grains, presence), i16x8.splat(<i16>grain)));
  }
  const words = i16x8.shr_s(i16x8.add_sat_s(value, i16x8.splat(64)), 7);
  return i8x16.narrow_i16x8_u(words, words);
}

@inline
function withAlpha(from: usize, bytes: v128): v128 {
  return v128.bitselect(v128.load64_zero(from), bytes, i32x4.splat(0xff000000));
}
