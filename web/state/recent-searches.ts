/** What was opened from the search, last first: of the account that is signed in, in this browser, until it signs out. */
import type { AccountCard } from '../../core/shapes.ts';
import { readSetting, writeSetting } from './settings.ts';

export type RecentSearch = { kind: 'account'; account: AccountCard } | { kind: 'hashtag'; tag: string };
type Stored = { accountId: string; items: RecentSearch[] };

const KEY = 'pinhole.recent-searches';
const RECENT_MAX = 12;

export function readRecentSearches(accountId: string): RecentSearch[] {
  try {
    const stored = JSON.parse(readSetting(KEY) ?? 'null') as Stored | null;
    return stored?.accountId === accountId ? stored.items.filter(isWhole) : [];
  } catch {
    return [];
  }
}

/** One that is there already comes to the front. */
export function addRecentSearch(accountId: string, search: RecentSearch): RecentSearch[] {
  const others = without(readRecentSearches(accountId), search);
  return write(accountId, [search, ...others].slice(0, RECENT_MAX));
}

export function removeRecentSearch(accountId: string, search: RecentSearch): RecentSearch[] {
  return write(accountId, without(readRecentSearches(accountId), search));
}

/** Also of whoever was signed in before. */
export function clearRecentSearches(): RecentSearch[] {
  writeSetting(KEY, null);
  return [];
}

export function nameOf(search: RecentSearch): string {
  return search.kind === 'account' ? search.account.handle : `#${search.tag}`;
}

function without(searches: RecentSearch[], search: RecentSearch): RecentSearch[] {
  return searches.filter((each) => idOf(each) !== idOf(search));
}

function idOf(search: RecentSearch): string {
  return search.kind === 'account' ? search.account.id : `#${search.tag}`;
}

function write(accountId: string, items: RecentSearch[]): RecentSearch[] {
  writeSetting(KEY, JSON.stringify({ accountId, items } satisfies Stored));
  return items;
}

/** Another version may have written it. */
function isWhole(search: RecentSearch): boolean {
  return search.kind === 'account'
    ? typeof search.account?.id === 'string' && typeof search.account.handle === 'string'
    : typeof search.tag === 'string';
}
