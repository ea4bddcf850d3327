import { type QueryKey, useInfiniteQuery } from '@tanstack/react-query';
import { call, type Page } from './client.ts';

/** A list is read again whenever it is opened, but not when it has only just come. */
const JUST_CAME_MS = 5_000;

/** `showsGone`: see query-client.ts. */
type PagesOptions = { limit?: number; isEnabled?: boolean; staleTime?: number; showsGone?: boolean };

/** A list that grows page by page, by cursor. `items` holds all that has come so far. */
export function usePages<Item, Reply extends Page<Item> = Page<Item>>(
  queryKey: QueryKey,
  path: string,
  options: PagesOptions = {},
) {
  const query = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam, signal }) =>
      call<Reply>('GET', path, { query: { cursor: pageParam, limit: options.limit }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.nextCursor,
    enabled: options.isEnabled ?? true,
    staleTime: options.staleTime ?? JUST_CAME_MS,
    // Nothing is pushed under the finger of somebody who comes back to the window.
    refetchOnWindowFocus: false,
    meta: { showsGone: options.showsGone ?? false },
  });
  const items: Item[] = query.data?.pages.flatMap((page) => page.items) ?? [];
  const isPartial = query.data?.pages.some((page) => page.isPartial) ?? false;
  return { ...query, items, isPartial };
}

export type PagesQuery<Item> = ReturnType<typeof usePages<Item>>;
