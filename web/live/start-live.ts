import type { QueryClient } from '@tanstack/react-query';
import { readNewPosts, setNewPosts, subscribeToNewPosts } from '../state/new-posts.ts';
import { readWatchedPosts, subscribeToWatchedPosts } from '../state/watched-posts.ts';
import { applyEvent } from './apply-event.ts';
import { openLive } from './live.ts';

/** Gives what ends it. */
export function startLive(client: QueryClient): () => void {
  const announced = new Set<string>();
  const live = openLive((event) => applyEvent(client, event, announced), readWatchedPosts());
  const watch = () => live.watch(readWatchedPosts());
  const endings = [
    subscribeToWatchedPosts(watch),
    // They were brought to the feed.
    subscribeToNewPosts(() => {
      if (readNewPosts() === 0) announced.clear();
    }),
  ];
  return () => {
    for (const end of endings) end();
    live.close();
    setNewPosts(0);
  };
}
