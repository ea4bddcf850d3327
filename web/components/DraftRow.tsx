import { CalendarClock, CircleAlert, Layers, Pencil, SquarePen, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import { useMe } from '../api/accounts.ts';
import { reasonOf, sentenceOf } from '../api/client.ts';
import { useDeleteDraft, useUnscheduleDraft } from '../api/drafts.ts';
import type { ServerDraft } from '../api/types.ts';
import { Text } from '../i18n/Text.tsx';
import { t } from '../i18n/text.ts';
import { paths } from '../paths.ts';
import { showToast } from '../state/toasts.ts';
import { ConfirmDialog } from '../ui/Dialog.tsx';
import { Menu } from '../ui/Menu.tsx';
import { Placeholder } from '../ui/Placeholder.tsx';
import { TimeAgo } from '../ui/TimeAgo.tsx';
import { momentText } from './ScheduleField.tsx';
import { draftKeeper, draftStore, putDraftAside } from './the-draft.ts';
import './drafts.css';

/** One that waits: for its author, or for its time. */
export function DraftRow({ draft }: { draft: ServerDraft }) {
  const [, navigate] = useLocation();
  const [asks, setAsks] = useState(false);
  const unschedule = useUnscheduleDraft();
  const { id, content, publishAt, updatedAt } = draft;
  const failure = reasonOf(draft);
  const missing = draft.photos.filter(({ isMissing }) => isMissing).length;
  const open = {
    label: t('composer.continueDraft'),
    icon: <Pencil aria-hidden size={20} />,
    run: () => navigate(paths.draft(id)),
  };
  const stop = {
    label: t('composer.unschedule'),
    icon: <CalendarClock aria-hidden size={20} />,
    run: () => unschedule.mutate(id, { onSuccess: () => showToast(t('composer.unscheduled')) }),
  };
  const remove = {
    label: t('composer.deleteDraft'),
    icon: <Trash2 aria-hidden size={20} />,
    isDanger: true,
    run: () => setAsks(true),
  };
  return (
    <li className="draft">
      <Link href={paths.draft(id)} className="draft-link">
        <DraftPicture draft={draft} />
        <span className="draft-words">
          <span className={content.caption.trim() ? 'draft-caption' : 'draft-caption muted'} dir="auto">
            {content.caption.trim() || t('composer.noCaption')}
          </span>
          <span className="muted draft-time">
            {publishAt ? (
              <time dateTime={publishAt}>{t('composer.publishesAt', { time: momentText(publishAt) })}</time>
            ) : (
              <Text id="composer.changedAt" values={{ time: <TimeAgo iso={updatedAt} /> }} />
            )}
          </span>
          {failure && (
            <span className="error-text draft-fault">
              <CircleAlert aria-hidden size={16} />
              <span>{t('composer.notPublished', { reason: failure })}</span>
            </span>
          )}
          {missing > 0 && !failure && (
            <span className="error-text">{t('composer.photosMissing', { count: missing })}</span>
          )}
        </span>
      </Link>
      <Menu label={t('composer.moreAboutDraft')} entries={[open, ...(publishAt ? [stop] : []), remove]} />
      {asks && <DeleteDraftDialog draftId={id} onClose={() => setAsks(false)} />}
    </li>
  );
}

function DraftPicture({ draft: { photos } }: { draft: ServerDraft }) {
  const [failedUrl, setFailedUrl] = useState<string | null>(null);
  const [first] = photos;
  return (
    <span className="draft-picture">
      {first ? <Placeholder thumbhash={first.thumbhash} /> : <SquarePen aria-hidden size={24} />}
      {first?.url && first.url !== failedUrl && (
        <img src={first.url} alt="" loading="lazy" onError={() => setFailedUrl(first.url)} />
      )}
      {photos.length > 1 && (
        <span className="draft-count">
          <Layers aria-hidden size={16} fill="currentColor" />
          <span className="hidden-visually">{t('feed.photoCount', { count: photos.length })}</span>
        </span>
      )}
    </span>
  );
}

function DeleteDraftDialog({ draftId, onClose }: { draftId: string; onClose: () => void }) {
  const me = useMe();
  const remove = useDeleteDraft();
  const confirm = async () => {
    try {
      await remove.mutateAsync(draftId);
    } catch {
      return; // the dialog says why
    }
    onClose();
    showToast(t('composer.draftDeleted'));
    if (me) await draftKeeper.open(me.id);
    if (draftStore.read().saved?.id === draftId) putDraftAside();
  };
  return (
    <ConfirmDialog
      title={t('composer.deleteDraftTitle')}
      text={t('composer.deleteDraftText')}
      confirm={t('common.delete')}
      isBusy={remove.isPending}
      fault={remove.error ? sentenceOf(remove.error) : undefined}
      onConfirm={() => void confirm()}
      onClose={onClose}
    />
  );
}
