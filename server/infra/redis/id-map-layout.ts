/**
 * Where an entry of an ID map lies. Hashes of a few hundred fields each are kept by Redis as one string of bytes ("listpack"),
 * in which a field or value costs two bytes beside its own. So each logical shard has a number of such buckets, and an ID is
 * torn apart: the shard and the ms modulo the number of buckets name the hash, the rest is the field. Milliseconds spread the
 * entries evenly, whoever posts how much and when.
 */
import { type AnyId, ID_EPOCH_MS } from '../../../core/ids.ts';

/** `version` is part of every key; `buckets` for each logical shard; `startMs`: IDs made soon after have the shortest fields. */
export type Layout = { version: string; buckets: number; startMs: number };
export type Place = { shard: number; bucket: number; field: number };

/** IDs are positive 63-bit numbers: so many ms have room in them. */
const MS_SPAN = 2 ** 40;
const SEQUENCES = 1_024;
const SHORT_SEQUENCES = 8;

/**
 * The field: how many times `buckets` ms since the start (IDs from before it wrap around), then the sequence, then a bit that
 * says how the sequence is written: 0 for one below 8, in 3 bits; 1 for others, in 10 bits. Most are below 8, and the number
 * then has a byte less. It stays below 2^51, and no two IDs have the same place.
 */
export function placeOf(layout: Layout, id: AnyId): Place {
  const value = BigInt(id);
  const low = Number(value & 0x7f_ffffn);
  const sequence = low % SEQUENCES;
  const startMs = layout.startMs - ID_EPOCH_MS;
  const sinceMs = (Number(value >> 23n) - startMs + MS_SPAN) % MS_SPAN;
  const times = Math.floor(sinceMs / layout.buckets);
  return {
    shard: (low - sequence) / SEQUENCES,
    bucket: sinceMs % layout.buckets,
    field:
      sequence < SHORT_SEQUENCES
        ? (times * SHORT_SEQUENCES + sequence) * 2
        : (times * SEQUENCES + sequence) * 2 + 1,
  };
}

/** What `placeOf` is the inverse of. */
export function idAt(layout: Layout, { shard, bucket, field }: Place): string {
  const sequences = field % 2 === 0 ? SHORT_SEQUENCES : SEQUENCES;
  const rest = Math.floor(field / 2);
  const sinceMs = Math.floor(rest / sequences) * layout.buckets + bucket;
  const ms = (sinceMs + layout.startMs - ID_EPOCH_MS) % MS_SPAN;
  return String((BigInt(ms) << 23n) | (BigInt(shard) << 10n) | BigInt(rest % sequences));
}

/** The fields as one argument of a script: for each its length in a byte, then its bytes, the highest first, without zeros. */
export function packFields(places: Place[]): Buffer {
  const packed = Buffer.allocUnsafe(places.length * 8);
  let at = 0;
  for (const { field } of places) {
    let length = 0;
    for (let rest = field; rest > 0; rest = Math.floor(rest / 256)) length++;
    packed[at++] = length;
    let rest = field;
    for (let byte = at + length - 1; byte >= at; byte--) {
      packed[byte] = rest % 256;
      rest = Math.floor(rest / 256);
    }
    at += length;
  }
  return packed.subarray(0, at);
}

/** In Lua: gives the next of the packed fields each time it is called. */
export const NEXT_FIELD = `
  local at = 1
  local function nextField(packed)
    local from = at + 1
    at = from + string.byte(packed, at)
    return string.sub(packed, from, at - 1)
  end`;

/** A hash: the rest of an ID → the rank, in its shard, of what it belongs to; '' for what was removed. */
export function bucketKey(name: string, layout: Layout, shard: number, bucket: number): string {
  return `${name}:${layout.version}:${shard}:${bucket}`;
}

/** A string, which only grows: the IDs to which those of the shard belong, eight bytes each. The rank is the place. */
export function ranksKey(name: string, layout: Layout, shard: number): string {
  return `${name}:${layout.version}:${shard}:ranks`;
}
