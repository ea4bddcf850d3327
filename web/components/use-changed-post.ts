import { useState } from 'react';
import type { Edits, Look } from '../../core/edits.ts';
import type { PostCard } from '../../core/shapes.ts';
import { useEditablePhotos } from '../api/photos.ts';
import { t } from '../i18n/text.ts';
import { moved } from '../state/draft.ts';
import { beginChanges, type ChangedPhoto } from '../state/post-changes.ts';
import type { ShownPhoto } from './ChangedPhotos.tsx';
import { useWaitingWords } from './use-waiting-words.ts';

/** What the author has changed so far, and the editor of its photos, whose pictures are fetched when it is first opened. */
export function useChangedPost(post: PostCard) {
  const [changed, set] = useWaitingWords(post.account.id, `post/${post.id}`, () => beginChanges(post));
  const [selectedId, select] = useState(post.photos[0]?.mediaId ?? '');
  const [editedId, setEditedId] = useState<string | null>(null);
  const [wantsPictures, setWantsPictures] = useState(false);
  const pictures = useEditablePhotos(wantsPictures ? post : undefined);
  const loaded = new Map(pictures.flatMap(({ data }) => (data ? [[data.mediaId, data] as const] : [])));
  const failed = pictures.find(({ error }) => error);
  const isLoaded = wantsPictures && loaded.size === pictures.length;

  const edit = (mediaId: string, change: Partial<ChangedPhoto>) =>
    set((before) => ({
      ...before,
      photos: before.photos.map((photo) => (photo.mediaId === mediaId ? { ...photo, ...change } : photo)),
    }));
  const editAll = (change: (photo: ChangedPhoto) => Partial<ChangedPhoto>) =>
    set((before) => ({
      ...before,
      photos: before.photos.map((photo) => ({ ...photo, ...change(photo) })),
    }));
  const photoOf = (mediaId: string) => post.photos.find((photo) => photo.mediaId === mediaId);
  const shown = changed.photos.flatMap((photo): ShownPhoto[] => {
    const known = photoOf(photo.mediaId);
    return known
      ? [{ photo: known, changed: photo, picture: loaded.get(photo.mediaId)?.picture ?? null }]
      : [];
  });
  const selectedAt = Math.max(
    0,
    shown.findIndex(({ photo }) => photo.mediaId === selectedId),
  );

  const close = () => setEditedId(null);
  const editable = changed.photos.flatMap(({ mediaId, edits }, at) => {
    const data = loaded.get(mediaId);
    const label = t('composer.photo', { position: at + 1 });
    return data ? [{ key: mediaId, picture: data.picture, edits: edits ?? data.edits, label }] : [];
  });
  const goTo = (mediaId: string) => {
    select(mediaId);
    setEditedId(mediaId);
  };
  const editor =
    editedId !== null && isLoaded
      ? {
          photos: editable,
          selectedKey: editedId,
          onSelect: goTo,
          onChange: (mediaId: string, edits: Edits) =>
            edit(mediaId, { edits: isSame(edits, loaded.get(mediaId)?.edits) ? null : edits }),
          onUseForAll: (look: Look) =>
            editAll(({ mediaId, edits }) => {
              const before = edits ?? loaded.get(mediaId)?.edits;
              return before ? { edits: { ...before, look } } : {};
            }),
          onDone: close,
          onCancel: close,
        }
      : null;

  return {
    changed,
    set,
    shown,
    selectedAt,
    select,
    edit,
    move: (from: number, to: number) =>
      set((before) => ({ ...before, photos: moved(before.photos, from, to) })),
    forgetEdits: (mediaId: string) => edit(mediaId, { edits: null }),
    openEditor: () => {
      for (const { error, refetch } of pictures) if (error) void refetch();
      setWantsPictures(true);
      setEditedId(shown[selectedAt]?.photo.mediaId ?? null);
    },
    editor,
    isOpening: editedId !== null && !isLoaded && !failed,
    error: editedId !== null ? (failed?.error ?? null) : null,
  };
}

function isSame(a: Edits, b: Edits | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
