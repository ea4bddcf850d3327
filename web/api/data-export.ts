/** The member's own data as a file. Nobody knows its size before it is there: what is told is how much has come. */
import { skipToken, useIsMutating, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { loadMessages } from '../i18n/messages.ts';
import { ApiError, errorOf, unreachable } from './client.ts';
import { keys } from './keys.ts';

const TELL_EVERY_MS = 250;
const NAME_IF_UNNAMED = 'pinhole.zip';

/** Goes on while other pages are looked at; what goes wrong is told as a toast, wherever one is. */
export function useDataExport(onDone: () => void) {
  const client = useQueryClient();
  const { mutate: start } = useMutation({
    mutationKey: keys.exporting,
    mutationFn: () => downloadExport((bytes) => client.setQueryData(keys.exportedBytes, bytes)),
    onSuccess: onDone,
    onSettled: () => client.setQueryData(keys.exportedBytes, 0),
  });
  const isRunning = useIsMutating({ mutationKey: keys.exporting }) > 0;
  const { data: bytes = 0 } = useQuery<number>({ queryKey: keys.exportedBytes, queryFn: skipToken });
  return { start, isRunning, bytes };
}

async function downloadExport(onBytes: (bytes: number) => void): Promise<void> {
  try {
    const reply = await fetch('/api/v1/me/export', { credentials: 'same-origin' });
    if (!reply.ok || !reply.body) {
      await loadMessages(['errors']).catch(() => undefined);
      throw errorOf(reply.status, await reply.text(), reply.headers.get('retry-after'));
    }
    const name = /filename="([^"]+)"/.exec(reply.headers.get('content-disposition') ?? '')?.[1];
    const counted = new Response(reply.body.pipeThrough(counting(onBytes)), {
      headers: { 'content-type': 'application/zip' },
    });
    saveAs(await counted.blob(), name ?? NAME_IF_UNNAMED);
  } catch (error) {
    throw error instanceof ApiError ? error : unreachable();
  }
}

function counting(onBytes: (bytes: number) => void) {
  let bytes = 0;
  let toldMs = 0;
  return new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      controller.enqueue(chunk);
      bytes += chunk.byteLength;
      if (performance.now() - toldMs < TELL_EVERY_MS) return;
      toldMs = performance.now();
      onBytes(bytes);
    },
  });
}

function saveAs(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser may still have to ask where to.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
