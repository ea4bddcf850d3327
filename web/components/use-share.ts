import { useState } from 'react';
import { useLocation } from 'wouter';
import type { MediaId } from '../../core/ids.ts';
import type { Me } from '../../server/features/accounts/schema.ts';
import { ApiError } from '../api/client.ts';
import { usePublish } from '../api/posts.ts';
import { preparePhoto } from '../darkroom/darkroom.ts';
import { t } from '../i18n/text.ts';
import { setLeaveGuard } from '../navigation.ts';
import { paths } from '../paths.ts';
import type { Draft } from '../state/draft.ts';
import { showToast } from '../state/toasts.ts';
import type { DraftPhoto } from '../state/upload-queue.ts';
import { roughly } from './photo-place.ts';
import { draftKeeper, draftStore } from './the-draft.ts';
import { originals } from './the-originals.ts';

/** What the server says of an upload that it does not have any more: the photo is then sent again. */
const LOST = new Set(['upload_unknown', 'upload_expired', 'upload_missing']);
const SENDINGS_MAX = 2;

/** Shares the draft: larger photos for tight crops, then the post, then, behind it, the originals. */
export function useShare(me: Me) {
  const publish = usePublish();
  const [isSharing, setSharing] = useState(false);
  const [, navigate] = useLocation();

  const publishOnce = async () => {
    const draft = draftStore.read();
    return await publish.mutateAsync({ post: bodyOf(draft), idempotencyKey: draft.idempotencyKey });
  };

  const publishReceived = async () => {
    for (let sendings = 1; ; sendings++) {
      if (!(await draftStore.whenReceived())) return null;
      try {
        return await publishOnce();
      } catch (error) {
        const isLost = error instanceof ApiError && LOST.has(error.code);
        if (!isLost || sendings === SENDINGS_MAX) throw error;
        draftStore.sendAgain();
      }
    }
  };

  const leaveShared = () => {
    draftStore.clear({ wasPublished: true });
    draftKeeper.writeNow();
    showToast(t('composer.sharedAlready'));
    navigate(paths.profile(me.handle), { replace: true });
  };

  const share = async () => {
    setSharing(true);
    try {
      await draftStore.enlarge(preparePhoto);
      const post = await publishReceived();
      if (!post) return;
      if (me.keepsOriginals) await keepOriginals(draftStore.read().photos);
      setLeaveGuard(null);
      draftStore.clear({ wasPublished: true });
      draftKeeper.writeNow();
      if (location.pathname === paths.newPost()) navigate(paths.post(post.id), { replace: true });
      else showToast(t('composer.shared'));
    } catch (error) {
      // The reply was lost, and something was changed since. Otherwise the page shows it, and the draft stays as it is.
      if (error instanceof ApiError && error.code === 'idempotency_mismatch') leaveShared();
    } finally {
      setSharing(false);
    }
  };

  return {
    share,
    isSharing,
    error: publish.error,
    /** Why it is not shared yet, while it is tried again and again. */
    delay: publish.isPending ? publish.failureReason : null,
  };
}

/** What was sent as it is, is the original itself. */
async function keepOriginals(photos: readonly DraftPhoto[]): Promise<void> {
  const wanted = photos.flatMap(({ file, prepared, uploadId }) =>
    prepared && uploadId && file !== prepared ? [{ uploadId, file }] : [],
  );
  await originals.add(wanted).catch(() => showToast(t('composer.noRoom')));
}

function bodyOf(draft: Draft) {
  const photos = draft.photos.flatMap(({ sending, altText, edits, takenAt, place, showsPlace }) =>
    sending.kind === 'received'
      ? [
          {
            uploadId: sending.uploadId as MediaId,
            altText: altText.trim(),
            edits,
            ...(takenAt && { takenAt }),
            ...(place && showsPlace && { place: roughly(place) }),
          },
        ]
      : [],
  );
  return { caption: draft.caption.trim(), photos };
}
