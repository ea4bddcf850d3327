/** Drafts on the server: see state/draft-saver.ts for how they are kept. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { call, errorOf, unreachable } from './client.ts';
import { keys } from './keys.ts';
import type { ServerDraft } from './types.ts';

export function createDraft(content: string, idempotencyKey: string): Promise<ServerDraft> {
  const body = { content: JSON.parse(content) };
  return call('POST', '/drafts', { body, headers: { 'idempotency-key': idempotencyKey } });
}

export function saveDraft(draftId: string, content: string, version: number): Promise<ServerDraft> {
  return call('PUT', `/drafts/${draftId}`, { body: { content: JSON.parse(content), version } });
}

export function fetchDraft(draftId: string): Promise<ServerDraft> {
  return call('GET', `/drafts/${encodeURIComponent(draftId)}`);
}

export function deleteDraft(draftId: string): Promise<void> {
  return call('DELETE', `/drafts/${draftId}`, { keepalive: true });
}

export function scheduleDraft(draftId: string, publishAt: string | null): Promise<ServerDraft> {
  return publishAt === null
    ? call('DELETE', `/drafts/${draftId}/schedule`)
    : call('PUT', `/drafts/${draftId}/schedule`, { body: { publishAt } });
}

/** The whole picture without edits. */
export async function fetchDraftPicture(draftId: string, uploadId: string): Promise<Blob> {
  const reply = await fetch(`/api/v1/drafts/${draftId}/photos/${uploadId}/proof`).catch(() => {
    throw unreachable();
  });
  if (!reply.ok) throw errorOf(reply.status, await reply.text(), reply.headers.get('retry-after'));
  return await reply.blob();
}

/** Read again whenever it is opened: they change on other devices, and at their time. */
export function useDrafts() {
  return useQuery({
    queryKey: keys.drafts,
    queryFn: ({ signal }) => call<{ items: ServerDraft[] }>('GET', '/drafts', { signal }),
    staleTime: 0,
  });
}

export function useDeleteDraft() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: deleteDraft,
    meta: { showsError: true },
    onSettled: () => client.invalidateQueries({ queryKey: keys.drafts }),
  });
}

export function useUnscheduleDraft() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (draftId: string) => scheduleDraft(draftId, null),
    onSettled: () => client.invalidateQueries({ queryKey: keys.drafts }),
  });
}
