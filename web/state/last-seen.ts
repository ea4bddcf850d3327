/**
 * What the home page showed last, in the browser's own database: of one account, the one that was signed in last. Drawn at
 * once when Pinhole is opened again, and all that there is without a network.
 */
import { del, get, set, type UseStore } from 'idb-keyval';
import type { PostCard } from '../../core/shapes.ts';
import type { Me } from '../../server/features/accounts/schema.ts';
import { openStore } from './browser-store.ts';

type FeedPage = { items: PostCard[]; nextCursor: string | null; isPartial?: boolean | undefined };
export type LastSeen = {
  /** Of the shapes in it: what another version wrote is not read. */
  version: string;
  me: Me;
  unread: number;
  feed: FeedPage[];
};

export const LAST_SEEN_VERSION = '1';
const KEY = 'home';
const READ_MS = 500;
let opened: UseStore | null = null;

/** Null also where the browser keeps nothing, or takes too long to say. */
export async function readLastSeen(): Promise<LastSeen | null> {
  const late = new Promise<undefined>((resolve) => setTimeout(resolve, READ_MS));
  const kept = await Promise.race([get<LastSeen>(KEY, openDatabase()), late]).catch(() => undefined);
  return kept?.version === LAST_SEEN_VERSION ? kept : null;
}

export async function writeLastSeen(seen: LastSeen): Promise<void> {
  await set(KEY, seen, openDatabase());
}

export async function forgetLastSeen(): Promise<void> {
  await del(KEY, openDatabase());
}

/** One connection: what was asked for last is done last. */
function openDatabase(): UseStore {
  opened ??= openStore('pinhole.last-seen');
  return opened;
}
