import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
import { showsLastSeen } from '../state/freshness.ts';
import { showToast } from '../state/toasts.ts';
import { ApiError, isGone, onSignedOut, sentenceOf } from './client.ts';
import { keys } from './keys.ts';

declare module '@tanstack/react-query' {
  interface Register {
    /** `showsError`: the screen itself says what went wrong, so no toast is needed. */
    mutationMeta: { showsError?: boolean };
    /** `showsGone`: the screen itself says that it is not there any more. */
    queryMeta: { showsGone?: boolean };
  }
}

const RETRIES = 2;

export function createQueryClient(): QueryClient {
  const client = new QueryClient({
    queryCache: new QueryCache({
      onError: (error, query) => {
        if (query.state.data === undefined || isSignedOut(error)) return;
        if (query.meta?.showsGone && isGone(error)) return;
        // That nothing can be reached is said once for all.
        if (isUnreachable(error) && (showsLastSeen() || !navigator.onLine)) return;
        showToast(sentenceOf(error));
      },
    }),
    mutationCache: new MutationCache({
      onError: (error, _variables, _context, mutation) => {
        if (!mutation.meta?.showsError && !isSignedOut(error)) showToast(sentenceOf(error));
      },
    }),
    defaultOptions: {
      // 'always': without a network a request fails at once with a sentence instead of waiting in silence.
      queries: {
        networkMode: 'always',
        staleTime: 30_000,
        gcTime: 15 * 60_000,
        retry: isWorthRetrying,
        // What could not come, comes when the network does; what is there is not moved.
        refetchOnReconnect: ({ state }) => state.status === 'error',
      },
      mutations: { networkMode: 'always' },
    },
  });
  // A session that ended elsewhere: the pages that need one then lead to sign-in, and come back.
  onSignedOut(() => client.setQueryData(keys.me, null));
  return client;
}

function isSignedOut(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401 && error.code === 'unauthenticated';
}

function isUnreachable(error: unknown): boolean {
  return error instanceof ApiError && error.status === 0;
}

function isWorthRetrying(failures: number, error: unknown): boolean {
  if (failures >= RETRIES || !(error instanceof ApiError) || error.code === 'offline') return false;
  return error.status === 0 || error.status === 502 || error.status === 503;
}
