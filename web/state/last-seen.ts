/**
 * What the home page showed last, in the browser's own database: of one account, the one that was signed in last. Drawn at
 * once when Pinhole is opened again, and all that there is without a network.
 */
import { del, get, set, type UseStore, update } from 'idb-keyval';
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
/** `feed`: null on a page that knows of none. */
type Shown = Omit<LastSeen, 'feed'> & { feed: FeedPage[] | null };

export const LAST_SEEN_VERSION = '1';
const KEY = 'home';
let opened: UseStore | null = null;

/** Null also where the browser keeps nothing. */
export async function readLastSeen(): Promise<LastSeen | null> {
  const kept = await get<LastSeen>(KEY, openDatabase()).catch(() => undefined);
  return kept?.version === LAST_SEEN_VERSION ? kept : null;
}

/** Where there is no feed to write, the one that its account saw last stays. */
export async function writeLastSeen({ feed, ...seen }: Shown): Promise<void> {
  // At once, since the page may be on its way out.
  if (feed) return set(KEY, { ...seen, feed }, openDatabase());
  const withFeed = (before: LastSeen | undefined): LastSeen => {
    const isSame = before?.version === seen.version && before.me.id === seen.me.id;
    return { ...seen, feed: isSame ? before.feed : [] };
  };
  await update(KEY, withFeed, openDatabase());
}

export async function forgetLastSeen(): Promise<void> {
  await del(KEY, openDatabase());
}

/** One connection: what was asked for last is done last. */
function openDatabase(): UseStore {
  opened ??= openStore('pinhole.last-seen');
  return opened;
}
