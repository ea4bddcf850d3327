import {
  type InfiniteData,
  type Query,
  type QueryClient,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query';
import type { PostCard } from '../../core/shapes.ts';
import type { Me } from '../../server/features/accounts/schema.ts';
import type { Publish } from '../../server/features/posts/schema.ts';
import { setNewPosts } from '../state/new-posts.ts';
import { dropGone, dropPost, findPost, patchPost } from './cache.ts';
import { ApiError, call, isGone, type Page } from './client.ts';
import { keys } from './keys.ts';
import { usePages } from './pages.ts';

const POLL_MS = 1_000;
const GRID_PAGE = 30;
const FEED_PAGE = 10;

/** Stays as it was left, so that "back" finds its place; see refreshFeed. */
export function useFeed() {
  return usePages<PostCard>(keys.feed, '/feed', { limit: FEED_PAGE, staleTime: Number.POSITIVE_INFINITY });
}

/** For those who come anew, at the top: the first page at once from the cache, then from the server. */
export function refreshFeed(client: QueryClient): void {
  client.setQueryData<InfiniteData<Page<PostCard>>>(
    keys.feed,
    (data) => data && { pages: data.pages.slice(0, 1), pageParams: data.pageParams.slice(0, 1) },
  );
  void client.invalidateQueries({ queryKey: keys.feed });
  setNewPosts(0);
}

/** Whom it is shown to, and its first page, in one request. */
export function fetchHome(): Promise<{ me: Me; feed: Page<PostCard> }> {
  return call('GET', '/home', { query: { limit: FEED_PAGE } });
}

/** Its first page. */
export function fetchFeed(signal?: AbortSignal): Promise<Page<PostCard>> {
  return call<Page<PostCard>>('GET', '/feed', { query: { limit: FEED_PAGE }, signal });
}

/** `asked`: it was asked for already, with something else; where that fails, it is asked for by itself. */
export function prefetchFeed(client: QueryClient, asked: Promise<Page<PostCard>>): void {
  let first: Promise<Page<PostCard>> | null = asked;
  void client.prefetchInfiniteQuery({
    queryKey: keys.feed,
    queryFn: ({ signal }) => {
      const current = first?.catch(() => fetchFeed(signal)) ?? fetchFeed(signal);
      first = null;
      return current;
    },
    initialPageParam: null as string | null,
  });
}

export function useAccountPosts(accountId: string) {
  return usePages<PostCard>(keys.accountPosts(accountId), `/accounts/${accountId}/posts`, {
    limit: GRID_PAGE,
  });
}

/** Posts on which the account is named. */
export function useTaggedPosts(accountId: string) {
  return usePages<PostCard>(keys.taggedPosts(accountId), `/accounts/${accountId}/tagged`, {
    limit: GRID_PAGE,
  });
}

/** Of the viewer himself, as what is archived. */
export function useSavedPosts() {
  return usePages<PostCard>(keys.savedPosts, '/saves', { limit: GRID_PAGE });
}

export function useArchivedPosts() {
  return usePages<PostCard>(keys.archivedPosts, '/posts/archived', { limit: GRID_PAGE });
}

/** While its photos develop, the post is asked for again every second. */
export function usePost(postId: string) {
  const client = useQueryClient();
  const query = useQuery({
    queryKey: keys.post(postId),
    queryFn: async ({ signal }) => {
      const post = await fetchPost(client, postId, signal);
      const before = client.getQueryData<PostCard>(keys.post(postId));
      if (before && isInWork(before) && !isInWork(post)) showEverywhere(client, post);
      return post;
    },
    placeholderData: () => findPost(client, postId),
    meta: { showsGone: true },
    refetchInterval: (query) => (isInWork(query.state.data) ? POLL_MS : false),
  });
  // Without a network a post can be read that stands in some list.
  const isAway = query.error instanceof ApiError && query.error.status === 0;
  return { ...query, data: query.data ?? (isAway ? findPost(client, postId) : undefined) };
}

/** One that is not there any more leaves the lists. */
export async function fetchPost(
  client: QueryClient,
  postId: string,
  signal?: AbortSignal,
): Promise<PostCard> {
  try {
    return await call<PostCard>('GET', `/posts/${encodeURIComponent(postId)}`, { signal });
  } catch (error) {
    if (isGone(error)) dropGone(client, postId);
    throw error;
  }
}

/** Some photo of it is still to be made, or made anew. */
function isInWork(post: PostCard | undefined): boolean {
  return (
    post?.state === 'developing' || (post?.photos.some((photo) => photo.state === 'developing') ?? false)
  );
}

type Publishing = { post: Publish; idempotencyKey: string; signal: AbortSignal };

/** The key makes it one post, however often it is sent. */
export async function publish(
  client: QueryClient,
  { post, idempotencyKey, signal }: Publishing,
): Promise<PostCard> {
  const headers = { 'idempotency-key': idempotencyKey };
  const published = await call<PostCard>('POST', '/posts', { body: post, headers, signal });
  client.setQueryData(keys.post(published.id), published);
  showEverywhere(client, published);
  return published;
}

/** The lists in which a new post stands are fetched again when they are next looked at; the feed by its own ways alone. */
function showEverywhere(client: QueryClient, post: PostCard): void {
  const isFeed = ({ queryKey }: Query) => queryKey[1] === keys.feed[1];
  void client.invalidateQueries({ queryKey: ['posts'], predicate: (query) => !isFeed(query) });
  void client.invalidateQueries({ queryKey: keys.me });
  void client.invalidateQueries({ queryKey: keys.profile(post.account.handle) });
}

export function useDeletePost() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (post: PostCard) => call<void>('DELETE', `/posts/${post.id}`),
    meta: { showsError: true },
    onSuccess: (_nothing, post) => {
      dropPost(client, post.id);
      void client.invalidateQueries({ queryKey: keys.profile(post.account.handle) });
    },
  });
}

/** Addresses of photos expire: an image that fails to load asks for its post again, at most twice a minute. */
export function useRefreshPost() {
  const client = useQueryClient();
  return async (postId: string) => {
    const fresh = await client.fetchQuery({
      queryKey: ['fresh-post', postId],
      queryFn: ({ signal }) => call<PostCard>('GET', `/posts/${postId}`, { signal }),
      staleTime: 30_000,
      retry: false,
    });
    patchPost(client, postId, (post) => ({ ...post, photos: fresh.photos, account: fresh.account }));
  };
}
