import { Suspense, useEffect, useRef, useState } from 'react';
import { Link } from 'wouter';
import { limits } from '../../core/limits.ts';
import type { Me } from '../../server/features/accounts/schema.ts';
import { useMe } from '../api/accounts.ts';
import { causeOf, faultOf } from '../api/client.ts';
import { ComposerFields } from '../components/ComposerFields.tsx';
import { DraftElsewhere, DraftNotices, SavingLine } from '../components/DraftNotices.tsx';
import { FailedPhotos } from '../components/FailedPhotos.tsx';
import { FormError } from '../components/FormError.tsx';
import { LazyEditor } from '../components/lazy-editor.ts';
import { PhotoPicker } from '../components/PhotoPicker.tsx';
import { PhotoStage } from '../components/PhotoStage.tsx';
import { PhotoStrip } from '../components/PhotoStrip.tsx';
import { SendingSummary } from '../components/SendingSummary.tsx';
import { doNotShareYet } from '../components/sharing.ts';
import {
  discardDraft,
  draftKeeper,
  draftStore,
  isDraftSafe,
  useDraft,
  useKeeping,
} from '../components/the-draft.ts';
import { useLeaveGuard } from '../components/use-leave-guard.ts';
import { useOpenDraft } from '../components/use-open-draft.ts';
import { useShare } from '../components/use-share.ts';
import { useSharedPhotos } from '../components/use-shared-photos.ts';
import type { EditorPhoto } from '../editor/Editor.tsx';
import { t } from '../i18n/text.ts';
import { paths } from '../paths.ts';
import { type Draft, isEmptyDraft } from '../state/draft.ts';
import { Button, buttonClass } from '../ui/Button.tsx';
import { ConfirmDialog } from '../ui/Dialog.tsx';
import { Spinner } from '../ui/Spinner.tsx';
import { useTitle } from '../ui/use-title.ts';
import './new-post.css';

export function NewPostPage() {
  useTitle(t('common.newPost'));
  const me = useMe();
  const { state } = useKeeping();
  const accountId = me?.id;
  useEffect(() => {
    if (accountId) void draftKeeper.open(accountId);
  }, [accountId]);
  if (!me || state === 'closed' || state === 'opening') return <Spinner isPage />;
  return state === 'elsewhere' ? <DraftElsewhere /> : <Composer me={me} />;
}

function Composer({ me }: { me: Me }) {
  const draft = useDraft();
  const { isKept } = useKeeping();
  const sharing = useShare(me);
  useSharedPhotos();
  const opening = useOpenDraft();
  const input = useRef<HTMLInputElement>(null);
  /** The photo that the editor was opened on, as soon as there is something of it to see. */
  const [editedKey, setEditedKey] = useState<string | null>(null);
  const selectedAt = Math.max(
    0,
    draft.photos.findIndex((photo) => photo.key === draft.selectedKey),
  );
  const selected = draft.photos[selectedAt];
  if (opening.isOpening) return <Spinner isPage />;

  return (
    <div className="page new-post">
      <ComposerHead draft={draft} isSharing={sharing.isSharing} onShare={() => void sharing.share()} />
      <DraftNotices />
      {isOfField(sharing.error) ? null : <FormError error={sharing.error} />}
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
              <ComposerFields me={me} draft={draft} photo={selected} at={selectedAt} error={sharing.error} />
              <SavingLine />
            </div>
          </div>
        )}
      </PhotoPicker>
      <DraftEditor draft={draft} editedKey={editedKey} onSelect={setEditedKey} />
      <LeaveQuestion isActive={!isKept && !isDraftSafe()} />
      {opening.isAsked && (
        <ConfirmDialog
          title={t('composer.replaceTitle')}
          text={t('composer.replaceText')}
          confirm={t('composer.discard')}
          cancel={t('composer.keepEditing')}
          onConfirm={opening.replace}
          onClose={opening.stay}
        />
      )}
    </div>
  );
}

type ComposerHeadProps = { draft: Draft; isSharing: boolean; onShare: () => void };

function ComposerHead({ draft, isSharing, onShare }: ComposerHeadProps) {
  const [asksDiscard, setAsksDiscard] = useState(false);
  const isForLater = draft.publishAt !== null;
  const [share, busy] = isForLater
    ? [t('composer.schedule'), t('composer.scheduling')]
    : [t('composer.share'), t('composer.sharing')];
  return (
    <header className="page-head new-post-head">
      <h1>{t('common.newPost')}</h1>
      <div className="button-row">
        {isEmptyDraft(draft) ? (
          <Link href={paths.drafts()} className={buttonClass({})} data-look="plain">
            {t('common.drafts')}
          </Link>
        ) : (
          <Button look="plain" disabled={isSharing} onClick={() => setAsksDiscard(true)}>
            {t('composer.discard')}
          </Button>
        )}
        {draft.photos.length > 0 && (
          <Button isBusy={isSharing} disabled={!isSharing && !canBeShared(draft)} onClick={onShare}>
            {isSharing ? busy : share}
          </Button>
        )}
      </div>
      {asksDiscard && (
        <ConfirmDialog
          title={t('composer.discardTitle')}
          text={t('composer.discardText')}
          confirm={t('composer.discard')}
          cancel={t('composer.keepIt')}
          onConfirm={() => {
            setAsksDiscard(false);
            discardDraft();
          }}
          onClose={() => setAsksDiscard(false)}
        />
      )}
    </header>
  );
}

/** Where the browser keeps nothing: whoever leaves is asked first. */
function LeaveQuestion({ isActive }: { isActive: boolean }) {
  const leaving = useLeaveGuard(isActive);
  if (!leaving) return null;
  return (
    <ConfirmDialog
      title={t('composer.discardTitle')}
      text={t('composer.leaveText')}
      confirm={t('composer.discard')}
      cancel={t('composer.keepEditing')}
      onConfirm={() => {
        leaving(true);
        discardDraft();
      }}
      onClose={() => leaving(false)}
    />
  );
}

/** Said beside the field. */
function isOfField(error: unknown): boolean {
  return ['caption', 'placeName', 'publishAt'].some((path) => faultOf(error, path));
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
      <LazyEditor
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
    draft.caption.length <= limits.captionMax &&
    draft.choices.placeName.length <= limits.placeNameMax &&
    draft.publishAt !== ''
  );
}
