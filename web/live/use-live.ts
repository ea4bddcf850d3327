import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { watchPosts } from '../state/watched-posts.ts';

/** Hears what happens, for whoever is signed in. Its code comes when the browser has nothing better to do. */
export function useLive(accountId: string | null): void {
  const client = useQueryClient();
  useEffect(() => {
    if (accountId === null) return;
    let isEnded = false;
    let end = () => {};
    const begin = async () => {
      const { startLive } = await import('./start-live.ts');
      if (!isEnded) end = startLive(client);
    };
    const whenIdle = window.requestIdleCallback ?? ((run: () => void) => setTimeout(run, 1_000));
    // Without it the screens are as old as their last request, as in a browser that lost its network.
    whenIdle(() => void begin().catch(() => undefined));
    return () => {
      isEnded = true;
      end();
    };
  }, [client, accountId]);
}

/** While the caller is on the screen, the counts and comments of these posts are live. */
export function useWatchedPosts(postIds: readonly string[]): void {
  const names = postIds.join();
  useEffect(() => watchPosts(names === '' ? [] : names.split(',')), [names]);
}
