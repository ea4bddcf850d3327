import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { PostCard } from '../../core/shapes.ts';
import { call } from './client.ts';
import { keys } from './keys.ts';
import { usePages } from './pages.ts';
import type { HashtagPage, SearchReply, Suggestions } from './types.ts';

const GRID_PAGE = 30;

export function useSearchFor(q: string) {
  return useQuery({
    queryKey: keys.search(q),
    queryFn: ({ signal }) => call<SearchReply>('GET', '/search', { query: { q }, signal }),
    enabled: q !== '',
    placeholderData: keepPreviousData,
  });
}

export function useHashtag(tag: string) {
  return usePages<PostCard, HashtagPage>(keys.hashtagPosts(tag), `/hashtags/${encodeURIComponent(tag)}`, {
    limit: GRID_PAGE,
  });
}

/** Kept for a while, so that the list does not change under the finger after each follow. */
export function useSuggestions(isEnabled = true) {
  return useQuery({
    queryKey: keys.suggestions,
    queryFn: ({ signal }) => call<Suggestions>('GET', '/suggestions', { signal }),
    enabled: isEnabled,
    staleTime: 5 * 60_000,
  });
}
