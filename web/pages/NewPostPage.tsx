import { useLayoutEffect, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import type { MediaId } from '../../core/ids.ts';
import { limits } from '../../core/limits.ts';
import { usePublish } from '../api/posts.ts';
import { FailedPhotos } from '../components/FailedPhotos.tsx';
import { FormError } from '../components/FormError.tsx';
import { PhotoFields, PhotoStage } from '../components/PhotoEditor.tsx';
import { PhotoPicker } from '../components/PhotoPicker.tsx';
import { PhotoStrip } from '../components/PhotoStrip.tsx';
import { draftStore, useDraft } from '../components/the-draft.ts';
import { setLeaveGuard } from '../navigation.ts';
import { paths } from '../paths.ts';
import { type Draft, isEmptyDraft } from '../state/draft.ts';
import { Button } from '../ui/Button.tsx';
import { ConfirmDialog } from '../ui/Dialog.tsx';
import { TextArea } from '../ui/Field.tsx';
import { useTitle } from '../ui/use-title.ts';
import './new-post.css';

export function NewPostPage() {
  useTitle('New post');
  const draft = useDraft();
  const publish = usePublish();
  const [, navigate] = useLocation();
  const input = useRef<HTMLInputElement>(null);
  const leaving = useLeaveGuard(!isEmptyDraft(draft));
  const selectedAt = Math.max(
    0,
    draft.photos.findIndex((photo) => photo.key === draft.selectedKey),
  );
  const selected = draft.photos[selectedAt];

  const share = async () => {
    try {
      const post = await publish.mutateAsync({ post: bodyOf(draft), idempotencyKey: draft.idempotencyKey });
      setLeaveGuard(null);
      draftStore.clear({ wasPublished: true });
      navigate(paths.post(post.id), { replace: true });
    } catch {
      // Shown below; the draft stays as it is.
    }
  };

  return (
    <div className="page new-post">
      <header className="page-head new-post-head">
        <h1>New post</h1>
        {selected && (
          <Button isBusy={publish.isPending} disabled={!isComplete(draft)} onClick={() => void share()}>
            {publish.isPending ? 'Sharing…' : 'Share'}
          </Button>
        )}
      </header>
      <FormError error={publish.error} />
      <PhotoPicker inputRef={input} isEmpty={draft.photos.length === 0}>
        {selected && (
          <div className="editor">
            <PhotoStage photo={selected} at={selectedAt} photos={draft.photos} />
            <div className="editor-side">
              <PhotoStrip
                photos={draft.photos}
                selectedKey={selected.key}
                onAdd={() => input.current?.click()}
              />
              <SendingSummary draft={draft} />
              <FailedPhotos photos={draft.photos} />
              <TextArea
                label="Caption"
                placeholder="Say something about it. #hashtags and @mentions become links."
                rows={4}
                max={limits.captionMax}
                value={draft.caption}
                onChange={(event) => draftStore.write(event.target.value)}
                fault={draft.caption.length > limits.captionMax ? 'This caption is too long.' : undefined}
              />
              <PhotoFields key={selected.key} photo={selected} at={selectedAt} photos={draft.photos} />
            </div>
          </div>
        )}
      </PhotoPicker>
      {leaving && (
        <ConfirmDialog
          title="Discard this post?"
          text="It was not shared yet. If you leave now, its photos and its caption are discarded."
          confirm="Discard"
          cancel="Keep editing"
          onConfirm={() => {
            leaving(true);
            draftStore.clear({ wasPublished: false });
          }}
          onClose={() => leaving(false)}
        />
      )}
    </div>
  );
}

function SendingSummary({ draft }: { draft: Draft }) {
  const received = draft.photos.filter((photo) => photo.sending.kind === 'received').length;
  const isSending = draft.photos.some(
    (photo) => photo.sending.kind === 'sending' || photo.sending.kind === 'waiting',
  );
  return (
    <p className="muted sending-summary" role="status">
      {isSending ? `Sending photos: ${received} of ${draft.photos.length} received` : ''}
    </p>
  );
}

/** While there is something to lose: the answer to "may we leave?" once it was asked, else null. */
function useLeaveGuard(isActive: boolean): ((mayLeave: boolean) => void) | null {
  const [answer, setAnswer] = useState<((mayLeave: boolean) => void) | null>(null);
  // In the layout phase: gone before a redirect to sign-in, which keeps the draft, would be asked about it.
  useLayoutEffect(() => {
    if (!isActive) return;
    setLeaveGuard(
      () =>
        new Promise((resolve) =>
          setAnswer(() => (mayLeave: boolean) => {
            setAnswer(null);
            if (mayLeave) setLeaveGuard(null);
            resolve(mayLeave);
          }),
        ),
    );
    return () => setLeaveGuard(null);
  }, [isActive]);
  return answer;
}

function isComplete(draft: Draft): boolean {
  return (
    draft.photos.length > 0 &&
    draft.photos.every(
      (photo) => photo.sending.kind === 'received' && photo.altText.length <= limits.altTextMax,
    ) &&
    draft.caption.length <= limits.captionMax
  );
}

function bodyOf(draft: Draft) {
  const photos = draft.photos.flatMap(({ sending, altText, filter }) =>
    sending.kind === 'received'
      ? [{ uploadId: sending.uploadId as MediaId, altText: altText.trim(), filter }]
      : [],
  );
  return { caption: draft.caption.trim(), photos };
}
