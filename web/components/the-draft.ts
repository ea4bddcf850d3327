import { useSyncExternalStore } from 'react';
import { exifOfJpeg, readExif } from '../../core/exif.ts';
import { causeOf, sentenceOf } from '../api/client.ts';
import { forgetUpload, isPassing, sendPhoto } from '../api/uploads.ts';
import { preparePhoto } from '../darkroom/darkroom.ts';
import { createDraftStore, type Draft } from '../state/draft.ts';
import { claimDraft } from '../state/draft-claim.ts';
import { createDraftKeeper, type Keeping } from '../state/draft-keeper.ts';
import { openDraftStorage } from '../state/draft-storage.ts';
import { onViewer } from '../state/viewer.ts';

/** Where a camera writes when and where it was. */
const HEAD_BYTES = 256 * 1024;

/** One member makes one post at a time. */
export const draftStore = createDraftStore({
  readExif: exifOf,
  prepare: preparePhoto,
  send: sendPhoto,
  forget: forgetUpload,
  isPassing,
  explain: (error, goesOn) => (goesOn ? causeOf(error) : sentenceOf(error)),
});

export const draftKeeper = createDraftKeeper({
  store: draftStore,
  openStorage: openDraftStorage,
  claim: claimDraft,
});
onViewer((viewer) => draftKeeper.follow(viewer?.accountId ?? null));
document.addEventListener('visibilitychange', () => document.hidden && draftKeeper.writeNow());

export function useDraft(): Draft {
  return useSyncExternalStore(draftStore.subscribe, draftStore.read);
}

export function useKeeping(): Keeping {
  return useSyncExternalStore(draftKeeper.subscribe, draftKeeper.read);
}

/** When and where a photo was taken, before it is prepared: what is sent says neither. */
export async function exifOf(file: Blob) {
  const head = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer());
  const block = exifOfJpeg(head);
  return block ? readExif(block) : { takenAt: null, place: null };
}
