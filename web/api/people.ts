import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { PostCard } from '../../core/shapes.ts';
import { patchPost } from './cache.ts';
import { call } from './client.ts';

/** Takes one's own name away from all photos of the post. */
export function useRemoveMyName() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ post }: { post: PostCard; accountId: string }) =>
      call<void>('DELETE', `/posts/${post.id}/people/me`),
    meta: { showsError: true },
    onSuccess: (_nothing, { post, accountId }) =>
      patchPost(client, post.id, (shown) => ({
        ...shown,
        photos: shown.photos.map((photo) => ({
          ...photo,
          people: photo.people.filter(({ account }) => account.id !== accountId),
        })),
      })),
  });
}
