import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import type { Entry } from '../state/outbox.ts';
import { patchPost } from './cache.ts';
import { keys } from './keys.ts';
import { hasWish, send } from './outbox.ts';

/** Shows at once, and is sent when there is a network. */
export function useSave(postId: string): (isWanted: boolean) => void {
  const client = useQueryClient();
  return (isWanted) => {
    show(client, postId, isWanted);
    send({ kind: 'save', postId, isWanted }).catch(() => undefined);
  };
}

export const sentSaves = {
  onSent: (client: QueryClient, entry: Entry) => {
    if (entry.kind === 'save' && !hasWish('save', entry.postId)) show(client, entry.postId, entry.isWanted);
    void client.invalidateQueries({ queryKey: keys.savedPosts });
  },
  onRefused: (client: QueryClient, entry: Entry) => {
    if (entry.kind === 'save' && !hasWish('save', entry.postId)) show(client, entry.postId, !entry.isWanted);
  },
};

function show(client: QueryClient, postId: string, saved: boolean): void {
  patchPost(client, postId, (post) => ({ ...post, saved }));
}
