import { useSyncExternalStore } from 'react';
import { ApiError, sentenceOf } from '../api/client.ts';
import { isPassing, sendPhoto } from '../api/uploads.ts';
import { t } from '../i18n/text.ts';
import { createOriginals } from '../state/originals.ts';
import { showToast } from '../state/toasts.ts';
import { onViewer } from '../state/viewer.ts';

export const originals = createOriginals({
  send: async (bytes, options) => {
    try {
      await sendPhoto(bytes, options);
    } catch (error) {
      // Another tab was quicker, or the reply to the last byte was lost.
      if (!(error instanceof ApiError && error.code === 'original_kept')) throw error;
    }
  },
  isPassing: (error, tries) => !isSignedOut(error) && isPassing(error, tries),
  isSignedOut,
  onRefused: (error) => showToast(t('feed.originalNotKept', { reason: sentenceOf(error) })),
});
onViewer((viewer) => {
  originals.follow(viewer?.keepsOriginals ? viewer.accountId : null);
  if (viewer && !viewer.keepsOriginals) originals.forget(viewer.accountId).catch(() => undefined);
});

function isSignedOut(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401;
}

/** How many originals are still on their way. */
export function useWaitingOriginals(): number {
  return useSyncExternalStore(originals.subscribe, originals.read);
}
