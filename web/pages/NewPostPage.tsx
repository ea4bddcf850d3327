import { lazy, Suspense, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { limits } from '../../core/limits.ts';
import type { Me } from '../../server/features/accounts/schema.ts';
import { useMe } from '../api/accounts.ts';
import { causeOf } from '../api/client.ts';
import { DraftElsewhere, KeptNotice } from '../components/DraftNotices.tsx';
import { FailedPhotos } from '../components/FailedPhotos.tsx';
import { FormError } from '../components/FormError.tsx';
import { PhotoFields } from '../components/PhotoFields.tsx';
import { PhotoPicker } from '../components/PhotoPicker.tsx';
import { PhotoStage } from '../components/PhotoStage.tsx';
import { PhotoStrip } from '../components/PhotoStrip.tsx';
import { SendingSummary } from '../components/SendingSummary.tsx';
import { doNotShareYet } from '../components/sharing.ts';
import { draftKeeper, draftStore, useDraft, useKeeping } from '../components/the-draft.ts';
import { useShare } from '../components/use-share.ts';
import { useSharedPhotos } from '../components/use-shared-photos.ts';
import type { EditorPhoto } from '../editor/Editor.tsx';
import { loadMessages } from '../i18n/messages.ts';
import { t } from '../i18n/text.ts';
import { setLeaveGuard } from '../navigation.ts';
import { type Draft, isEmptyDraft } from '../state/draft.ts';
import { Button } from '../ui/Button.tsx';
import { ConfirmDialog } from '../ui/Dialog.tsx';
import { TextArea } from '../ui/Field.tsx';
import { Spinner } from '../ui/Spinner.tsx';
import { useTitle } from '../ui/use-title.ts';
import './new-post.css';

const Editor = lazy(async () => {
  const [code] = await Promise.all([import('../editor/Editor.tsx'), loadMessages(['editor', 'filters'])]);
  return code;
});

export function NewPostPage() {
  useTitle(t('common.newPost'));
  const me = useMe();
  const { state } = useKeeping();
  const accountId = me?.id;
  useEffect(() => {
    if (accountId) void draftKeeper.open(accountId);
  }, [accountId]);
  if (!me || state === 'closed' || state === 'opening') return <Spinner />;
  return state === 'elsewhere' ? <DraftElsewhere /> : <Composer me={me} />;
}

function Composer({ me }: { me: Me }) {
  const draft = useDraft();
  const { isKept } = useKeeping();
  const sharing = useShare(me);
  useSharedPhotos();
  const input = useRef<HTMLInputElement>(null);
  /** The photo that the editor was opened on, as soon as there is something of it to see. */
  const [editedKey, setEditedKey] = useState<string | null>(null);
  const [asksDiscard, setAsksDiscard] = useState(false);
  const leaving = useLeaveGuard(!isEmptyDraft(draft) && !isKept);
  const selectedAt = Math.max(
    0,
    draft.photos.findIndex((photo) => photo.key === draft.selectedKey),
  );
  const selected = draft.photos[selectedAt];
  const discard = () => {
    draftStore.clear({ wasPublished: false });
    draftKeeper.writeNow();
  };

  return (
    <div className="page new-post">
      <header className="page-head new-post-head">
        <h1>{t('common.newPost')}</h1>
        <div className="button-row">
          {!isEmptyDraft(draft) && (
            <Button look="plain" disabled={sharing.isSharing} onClick={() => setAsksDiscard(true)}>
              {t('composer.discard')}
            </Button>
          )}
          {selected && (
            <Button
              isBusy={sharing.isSharing}
              disabled={!sharing.isSharing && !canBeShared(draft)}
              onClick={() => void sharing.share()}
            >
              {sharing.isSharing ? t('composer.sharing') : t('composer.share')}
            </Button>
          )}
        </div>
      </header>
      <KeptNotice />
      <FormError error={sharing.error} />
      <SharingNotice draft={draft} isSharing={sharing.isSharing} delay={sharing.delay} />
      <PhotoPicker inputRef={input} isEmpty={draft.photos.length === 0} onChosen={setEditedKey}>
        {selected && (
          <div className="editor" inert={sharing.isSharing}>
            <PhotoStage
              photo={selected}
              at={selectedAt}
              photos={draft.photos}
              onEdit={() => setEditedKey(selected.key)}
            />
            <div className="editor-side">
              <PhotoStrip
                photos={draft.photos}
                selectedKey={selected.key}
                onAdd={() => input.current?.click()}
              />
              <SendingSummary photos={draft.photos} />
              <FailedPhotos photos={draft.photos} />
              <TextArea
                label={t('composer.caption')}
                placeholder={t('composer.captionHint')}
                rows={4}
                max={limits.captionMax}
                value={draft.caption}
                onChange={(event) => draftStore.write(event.target.value)}
                fault={draft.caption.length > limits.captionMax ? t('composer.captionTooLong') : undefined}
              />
              <PhotoFields key={selected.key} photo={selected} at={selectedAt} photos={draft.photos} />
            </div>
          </div>
        )}
      </PhotoPicker>
      <DraftEditor draft={draft} editedKey={editedKey} onSelect={setEditedKey} />
      {asksDiscard && (
        <ConfirmDialog
          title={t('composer.discardTitle')}
          text={t('composer.discardText')}
          confirm={t('composer.discard')}
          cancel={t('composer.keepIt')}
          onConfirm={() => {
            setAsksDiscard(false);
            discard();
          }}
          onClose={() => setAsksDiscard(false)}
        />
      )}
      {leaving && (
        <ConfirmDialog
          title={t('composer.discardTitle')}
          text={t('composer.leaveText')}
          confirm={t('composer.discard')}
          cancel={t('composer.keepEditing')}
          onConfirm={() => {
            leaving(true);
            discard();
          }}
          onClose={() => leaving(false)}
        />
      )}
    </div>
  );
}

type SharingNoticeProps = { draft: Draft; isSharing: boolean; delay: unknown };

/** Why the post is not shared yet, and that nothing more is to be done. */
function SharingNotice({ draft, isSharing, delay }: SharingNoticeProps) {
  const waits = draft.photos.some(({ sending }) => sending.kind === 'paused') || delay !== null;
  if (!isSharing || !waits) return null;
  return (
    <p className="notice kept-notice" role="status">
      {delay !== null && `${t('composer.triedAgain', { reason: causeOf(delay) })} `}
      {t('offline.shareWaits')}
      <Button look="plain" onClick={doNotShareYet}>
        {t('offline.shareNotYet')}
      </Button>
    </p>
  );
}

type DraftEditorProps = {
  draft: Draft;
  editedKey: string | null;
  onSelect: (key: string | null) => void;
};

/** Opens when the photo has been prepared; one that this browser cannot read is shared as it is. */
function DraftEditor({ draft, editedKey, onSelect }: DraftEditorProps) {
  const photos = draft.photos.flatMap(({ key, prepared, edits }, at): EditorPhoto[] =>
    prepared ? [{ key, picture: prepared, edits, label: t('composer.photo', { position: at + 1 }) }] : [],
  );
  const edited = draft.photos.find((photo) => photo.key === editedKey);
  useEffect(() => {
    if (edited?.isUnreadable) onSelect(null);
  }, [edited?.isUnreadable, onSelect]);
  if (!edited?.prepared) return null;
  const select = (key: string) => {
    draftStore.select(key);
    onSelect(key);
  };
  return (
    <Suspense>
      <Editor
        photos={photos}
        selectedKey={edited.key}
        onSelect={select}
        onChange={(key, edits) => draftStore.edit(key, { edits })}
        onUseForAll={draftStore.useLookForAll}
        doneLabel={t('composer.done')}
        onDone={() => onSelect(null)}
        onCancel={() => onSelect(null)}
      />
    </Suspense>
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

/** Photos may still be on their way: it is shared when the last one is there. */
function canBeShared(draft: Draft): boolean {
  return (
    draft.photos.length > 0 &&
    draft.photos.every(
      (photo) =>
        photo.sending.kind !== 'failed' &&
        (photo.prepared !== null || photo.isUnreadable) &&
        photo.altText.length <= limits.altTextMax,
    ) &&
    draft.caption.length <= limits.captionMax
  );
}
