import { useEffect, useRef, useState } from 'react';
import { PLAIN_FRAME } from '../../core/edits.ts';
import type { MediaId } from '../../core/ids.ts';
import type { Photo } from '../../core/shapes.ts';
import { causeOf } from '../api/client.ts';
import { fetchEdits, useReplacePhoto } from '../api/photos.ts';
import { type Begun, isPassing, sendPhoto } from '../api/uploads.ts';
import { preparePhoto } from '../darkroom/darkroom.ts';
import { t } from '../i18n/text.ts';
import { keepTrying } from '../state/back-off.ts';
import { exifOf } from './the-draft.ts';

/** A file's way into the place of a photo that failed; its description and its look stay. `progress` says in words how far it is. */
export function useReplacement(postId: string, photo: Photo) {
  const replace = useReplacePhoto(postId);
  const [progress, setProgress] = useState<string | null>(null);
  const [error, setError] = useState<unknown>(null);
  const controller = useRef<AbortController | null>(null);
  useEffect(() => () => controller.current?.abort(), []);

  const send = async (file: File, signal: AbortSignal) => {
    const bytes = await preparePhoto(file).then(
      (prepared) => prepared.photo,
      () => file,
    );
    let uploadId: string | null = null;
    const onTicket = (begun: Begun) => {
      uploadId = begun.uploadId;
    };
    const onProgress = (percent: number) =>
      setProgress(t('post.sendingPercent', { percent: Math.min(99, percent) }));
    const onPause = (cut: unknown) => setProgress(t('post.goesOn', { reason: causeOf(cut) }));
    return await keepTrying(() => sendPhoto(bytes, { uploadId, signal, onTicket, onProgress }), {
      signal,
      isPassing,
      onPause,
    });
  };

  const replaceBy = async (file: File) => {
    controller.current = new AbortController();
    const { signal } = controller.current;
    setError(null);
    setProgress(t('post.preparing'));
    try {
      const { takenAt } = await exifOf(file).catch(() => ({ takenAt: null }));
      const { uploadId } = await send(file, signal);
      const { edits } = await fetchEdits(postId, photo.mediaId, signal);
      await replace.mutateAsync({
        mediaId: photo.mediaId,
        photo: {
          uploadId: uploadId as MediaId,
          edits: { ...edits, frame: PLAIN_FRAME },
          ...(takenAt && { takenAt }),
        },
      });
    } catch (failure) {
      if (!signal.aborted) setError(failure);
    } finally {
      if (!signal.aborted) setProgress(null);
    }
  };

  return { progress, error, replaceBy };
}
