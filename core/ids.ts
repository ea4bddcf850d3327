/**
 * An ID is an address. 64 bits: (ms since 2010-01-01T00:00:00Z) << 23 | logical shard << 10 | sequence mod 1024,
 * made by `next_id` in the shard's own database (db/shard/0001_initial.sql).
 * In TypeScript and JSON an ID is a decimal string, branded by what it names, because IDs pass 2^53.
 */
declare const brand: unique symbol;
type Id<Name extends string> = string & { readonly [brand]: Name };
export type AccountId = Id<'account'>;
export type PostId = Id<'post'>;
export type MediaId = Id<'media'>;
export type CommentId = Id<'comment'>;
export type HashtagId = Id<'hashtag'>;
export type ActivityId = Id<'activity'>;
export type SessionId = Id<'session'>;
export type DraftId = Id<'draft'>;
export type AnyId = AccountId | PostId | MediaId | CommentId | HashtagId | ActivityId | SessionId | DraftId;

export const LOGICAL_SHARDS = 8_192;
export const ID_EPOCH_MS = Date.UTC(2010, 0, 1);
const MAX_ID = 2n ** 63n - 1n;
/**
 * How far an ID may lie ahead of our clock before it is refused. Generous, because IDs never go back: a clock that was
 * once wrong by a day must not make what was posted then unreachable.
 */
const MAX_AHEAD_MS = 3 * 86_400_000;

/** The logical shard, 0 to 8191, that the ID names. */
export function shardOf(id: AnyId): number {
  return Number((BigInt(id) >> 10n) & 8_191n);
}

/** When the ID was made, in ms since 1970. */
export function timeOf(id: AnyId): number {
  return Number(BigInt(id) >> 23n) + ID_EPOCH_MS;
}

/** Whether the text can be an ID at all: a canonical positive decimal of at most 63 bits, made before now. */
export function isPossibleId(text: string, nowMs: number): boolean {
  if (!/^[1-9][0-9]{0,18}$/.test(text)) return false;
  const value = BigInt(text);
  if (value > MAX_ID) return false;
  const madeMs = Number(value >> 23n) + ID_EPOCH_MS;
  return madeMs > ID_EPOCH_MS && madeMs <= nowMs + MAX_AHEAD_MS;
}

/** Orders IDs by time: newest first. Decimal strings compare by length before they compare by text. */
export function newestFirst(a: AnyId, b: AnyId): number {
  return b.length - a.length || (a < b ? 1 : a > b ? -1 : 0);
}

/** Of IDs as a reply has them. */
export function isNewer(id: string, than: string): boolean {
  return newestFirst(id as AnyId, than as AnyId) < 0;
}
