import { useEffect } from 'react';
import { useLocation, useSearch } from 'wouter';
import { t } from '../i18n/text.ts';
import { paths } from '../paths.ts';
import { takeSharedPhotos } from '../state/shared-photos.ts';
import { showToast } from '../state/toasts.ts';
import { addPhotos } from './PhotoPicker.tsx';
import { draftStore } from './the-draft.ts';

/** Adds to the draft what another app shared to us: the address says that there is something, or why there is nothing. */
export function useSharedPhotos(): void {
  const shared = new URLSearchParams(useSearch()).get('shared');
  const [, navigate] = useLocation();
  useEffect(() => {
    if (!shared) return;
    navigate(paths.newPost(), { replace: true });
    if (shared === '1') void addShared();
    else showToast(t(shared === 'full' ? 'offline.shareFull' : 'offline.shareMissed'));
  }, [shared, navigate]);
}

async function addShared(): Promise<void> {
  const found = await takeSharedPhotos().catch(() => null);
  if (!found) return;
  addPhotos(found.files);
  if (found.text && draftStore.read().caption === '') draftStore.write(found.text);
}
