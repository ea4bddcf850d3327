/** What an author does to the photos of a post of hers after it was shared. */
import { type QueryClient, useMutation, useQueries, useQueryClient } from '@tanstack/react-query';
import type { Edits } from '../../core/edits.ts';
import type { PostCard } from '../../core/shapes.ts';
import type { ReplacePhoto } from '../../server/features/posts/schema.ts';
import { patchPost } from './cache.ts';
import { call, errorOf, unreachable } from './client.ts';
import { keys } from './keys.ts';
import type { PhotoEdits } from './types.ts';

/** A photo with its edits and the whole picture that they are made on, at most 2048 px. */
export type EditablePhoto = { mediaId: string; edits: Edits; picture: Blob };

export function originalUrl(postId: string, mediaId: string): string {
  return `/api/v1${addressOf(postId, mediaId)}/original`;
}

/** Of which photos of the post the untouched file is kept. */
export function useKeptOriginals(post: PostCard, isEnabled: boolean): ReadonlySet<string> {
  const queries = useQueries({
    queries: post.photos.map(({ mediaId }) => ({
      queryKey: keys.photoEdits(mediaId),
      queryFn: ({ signal }: { signal: AbortSignal }) => fetchEdits(post.id, mediaId, signal),
      enabled: isEnabled,
      staleTime: 60_000,
    })),
  });
  const kept = post.photos.filter((_, at) => queries[at]?.data?.hasOriginal);
  return new Set(kept.map((photo) => photo.mediaId));
}

/** Those that are ready, in their order. Always from the server: nobody edits what was changed meanwhile elsewhere. */
export function useEditablePhotos(post: PostCard | undefined) {
  const photos = post?.photos.filter((photo) => photo.state === 'ready') ?? [];
  return useQueries({
    queries: photos.map(({ mediaId }) => ({
      queryKey: [...keys.photoEdits(mediaId), 'proof'],
      queryFn: async ({ signal }: { signal: AbortSignal }): Promise<EditablePhoto> => {
        const postId = post?.id ?? '';
        const [{ edits }, picture] = await Promise.all([
          fetchEdits(postId, mediaId, signal),
          fetchProof(postId, mediaId, signal),
        ]);
        return { mediaId, edits, picture };
      },
      gcTime: 0,
      staleTime: Number.POSITIVE_INFINITY,
      refetchOnWindowFocus: false,
    })),
  });
}

export function useSaveEdits(postId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ mediaId, edits }: { mediaId: string; edits: Edits }) =>
      call<PostCard>('PUT', `${addressOf(postId, mediaId)}/edits`, { body: edits }),
    meta: { showsError: true },
    onSuccess: (post) => showPhotos(client, post),
  });
}

/** Puts another photo, which is uploaded already, in the place of one that failed. */
export function useReplacePhoto(postId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ mediaId, photo }: { mediaId: string; photo: ReplacePhoto }) =>
      call<PostCard>('PUT', addressOf(postId, mediaId), { body: photo }),
    meta: { showsError: true },
    onSuccess: (post) => showPhotos(client, post),
  });
}

export function useLeaveOutPhoto(postId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (mediaId: string) => call<PostCard>('DELETE', addressOf(postId, mediaId)),
    meta: { showsError: true },
    onSuccess: (post) => showPhotos(client, post),
  });
}

function showPhotos(client: QueryClient, post: PostCard): void {
  patchPost(client, post.id, () => post);
  client.setQueryData(keys.post(post.id), post);
}

export async function fetchEdits(postId: string, mediaId: string, signal: AbortSignal): Promise<PhotoEdits> {
  return await call<PhotoEdits>('GET', `${addressOf(postId, mediaId)}/edits`, { signal });
}

async function fetchProof(postId: string, mediaId: string, signal: AbortSignal): Promise<Blob> {
  const reply = await fetch(`/api/v1${addressOf(postId, mediaId)}/proof`, { signal }).catch((error) => {
    throw signal.aborted ? error : unreachable();
  });
  if (!reply.ok) throw errorOf(reply.status, await reply.text(), reply.headers.get('retry-after'));
  return await reply.blob();
}

function addressOf(postId: string, mediaId: string): string {
  return `/posts/${postId}/photos/${mediaId}`;
}
