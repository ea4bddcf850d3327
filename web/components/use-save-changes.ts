import { useState } from 'react';
import type { PostCard } from '../../core/shapes.ts';
import { sentenceOf } from '../api/client.ts';
import { useEditPost } from '../api/own-posts.ts';
import { useSaveEdits } from '../api/photos.ts';
import { t } from '../i18n/text.ts';
import { type ChangedPost, changeOf } from '../state/post-changes.ts';

/** Saves what was changed of a post: first it, then its photos, one by one. What is saved is not sent again after a failure. */
export function useSaveChanges(post: PostCard) {
  const edit = useEditPost(post.id);
  const saveEdits = useSaveEdits(post.id);
  const [isSaving, setSaving] = useState(false);
  const [photoFault, setPhotoFault] = useState<string | null>(null);

  /** Resolves to whether all of it is saved. `onPhotoSaved` is told of each photo. */
  const save = async (changed: ChangedPost, onPhotoSaved: (mediaId: string) => void): Promise<boolean> => {
    setSaving(true);
    setPhotoFault(null);
    try {
      const change = changeOf(post, changed);
      if (change) await edit.mutateAsync(change);
      else edit.reset();
    } catch {
      setSaving(false);
      return false; // the form says why
    }
    for (const [at, { mediaId, edits }] of changed.photos.entries()) {
      if (!edits) continue;
      try {
        await saveEdits.mutateAsync({ mediaId, edits });
        onPhotoSaved(mediaId);
      } catch (error) {
        setPhotoFault(t('composer.photoNotSaved', { position: at + 1, reason: sentenceOf(error) }));
        setSaving(false);
        return false;
      }
    }
    setSaving(false);
    return true;
  };

  return { save, isSaving, error: edit.error, photoFault };
}
