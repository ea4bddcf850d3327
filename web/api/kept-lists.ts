/**
 * What the page shows is kept over a reload, so that the reader finds his place in a long list. In the tab alone, for the
 * viewer alone; a first visit, and whoever was at the top, gets what is new.
 */
import type { QueryClient } from '@tanstack/react-query';
import { placeHere } from '../navigation.ts';
import { meQuery } from './accounts.ts';
import { keys } from './keys.ts';

type KeptLists = { viewerId: string; lists: { key: readonly unknown[]; data: unknown; updatedAt: number }[] };

const STORAGE_KEY = 'pinhole.lists';
/** First words of the keys (see keys.ts) of what stands on pages. */
const KINDS = new Set<unknown>([
  'posts',
  'post',
  'accounts',
  'activity',
  'profile',
  'comments',
  'suggestions',
]);
const AGE_MAX_MS = 60 * 60_000;

export function keepLists(client: QueryClient): void {
  window.addEventListener('pagehide', () => writeLists(client));
}

export function restoreLists(client: QueryClient): void {
  const stored = takeLists();
  const [visit] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
  const isReturn = visit?.type === 'reload' || visit?.type === 'back_forward';
  if (!stored || !isReturn || placeHere() === 0) return;
  const isFresh = ({ updatedAt }: { updatedAt: number }) => Date.now() - updatedAt < AGE_MAX_MS;
  for (const { key, data, updatedAt } of stored.lists.filter(isFresh))
    client.setQueryData(key, data, { updatedAt });
  // Somebody else has signed in meanwhile, in another tab: nothing of this is his.
  void client.fetchQuery(meQuery).then(
    (me) => {
      if (me?.id === stored.viewerId) return;
      for (const { key } of stored.lists) client.removeQueries({ queryKey: key });
    },
    () => undefined,
  );
}

function writeLists(client: QueryClient): void {
  const viewerId = client.getQueryData<{ id: string } | null>(keys.me)?.id;
  if (!viewerId) return;
  const shown = client.getQueryCache().findAll({ type: 'active' });
  const lists = shown
    .filter(({ queryKey, state }) => KINDS.has(queryKey[0]) && state.status === 'success')
    .map(({ queryKey, state }) => ({ key: queryKey, data: state.data, updatedAt: state.dataUpdatedAt }));
  try {
    sessionStorage.setItem(STORAGE_KEY, JSON.stringify({ viewerId, lists } satisfies KeptLists));
  } catch {
    // Without room a reload starts with the first page.
  }
}

function takeLists(): KeptLists | null {
  try {
    const text = sessionStorage.getItem(STORAGE_KEY);
    sessionStorage.removeItem(STORAGE_KEY);
    return text === null ? null : (JSON.parse(text) as KeptLists);
  } catch {
    return null;
  }
}
