import { useSyncExternalStore } from 'react';
import { exifOfJpeg, readExif } from '../../core/exif.ts';
import { ApiError, causeOf, isGone, sentenceOf } from '../api/client.ts';
import { createDraft, deleteDraft, fetchDraft, saveDraft, scheduleDraft } from '../api/drafts.ts';
import type { ServerDraft } from '../api/types.ts';
import { forgetUpload, isPassing, sendPhoto } from '../api/uploads.ts';
import { preparePhoto } from '../darkroom/darkroom.ts';
import { createDraftStore, type Draft, isEmptyDraft } from '../state/draft.ts';
import { claimDraft } from '../state/draft-claim.ts';
import { createDraftKeeper, type Keeping } from '../state/draft-keeper.ts';
import { createDraftSaver, type Saving } from '../state/draft-saver.ts';
import { openDraftStorage } from '../state/draft-storage.ts';
import { onViewer } from '../state/viewer.ts';
import { contentOf, draftOf } from './draft-content.ts';

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
export const draftSaver = createDraftSaver<ServerDraft>(draftStore, {
  isOpen: () => draftKeeper.read().state === 'open',
  contentOf,
  create: createDraft,
  save: saveDraft,
  fetch: fetchDraft,
  remove: deleteDraft,
  schedule: scheduleDraft,
  load: draftOf,
  faultOf: (error) => {
    if (error instanceof ApiError && error.code === 'draft_changed') return 'changed';
    if (isGone(error)) return 'gone';
    return isPassing(error, 1) ? 'passing' : 'refused';
  },
  explain: causeOf,
});
onViewer((viewer) => draftKeeper.follow(viewer?.accountId ?? null));
document.addEventListener('visibilitychange', () => document.hidden && draftKeeper.writeNow());

export function useDraft(): Draft {
  return useSyncExternalStore(draftStore.subscribe, draftStore.read);
}

export function useSaving(): Saving {
  return useSyncExternalStore(draftSaver.subscribe, draftSaver.read);
}

/** Puts this draft aside, which the server has, and begins another one. */
export function putDraftAside(): void {
  draftStore.clear({ wasPublished: true });
  draftKeeper.writeNow();
}

/** From here and from the server. */
export function discardDraft(): void {
  draftSaver.discard();
  draftStore.clear({ wasPublished: false });
  draftKeeper.writeNow();
}

/** Whether nothing is lost when another one takes its place. */
export function isDraftSafe(): boolean {
  const draft = draftStore.read();
  const isHere = draft.photos.every(({ sending }) => sending.kind === 'received');
  return isEmptyDraft(draft) || (draft.saved !== null && isHere && !draftSaver.isBehind());
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
