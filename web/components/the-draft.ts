import { useSyncExternalStore } from 'react';
import { sentenceOf } from '../api/client.ts';
import { forgetUpload, sendPhoto } from '../api/uploads.ts';
import { preparePhoto } from '../darkroom/darkroom.ts';
import { createDraftStore, type Draft } from '../state/draft.ts';

/** One member makes one post at a time, in this tab. */
export const draftStore = createDraftStore({
  prepare: async (file) => (await preparePhoto(file)).photo,
  send: sendPhoto,
  forget: forgetUpload,
  explain: sentenceOf,
});

export function useDraft(): Draft {
  return useSyncExternalStore(draftStore.subscribe, draftStore.read);
}
