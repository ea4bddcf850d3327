import { CalendarClock, CircleAlert, Images, Layers, Pencil, SquarePen, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import { useMe } from '../api/accounts.ts';
import { reasonOf, sentenceOf } from '../api/client.ts';
import { useDeleteDraft, useDrafts, useUnscheduleDraft } from '../api/drafts.ts';
import type { ServerDraft } from '../api/types.ts';
import { BackHeader } from '../components/BackHeader.tsx';
import { LoadError } from '../components/LoadError.tsx';
import { momentText } from '../components/ScheduleField.tsx';
import { draftKeeper, draftStore, putDraftAside } from '../components/the-draft.ts';
import { Text } from '../i18n/Text.tsx';
import { t } from '../i18n/text.ts';
import { paths } from '../paths.ts';
import { showToast } from '../state/toasts.ts';
import { buttonClass } from '../ui/Button.tsx';
import { ConfirmDialog } from '../ui/Dialog.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import { Menu } from '../ui/Menu.tsx';
import { Placeholder } from '../ui/Placeholder.tsx';
import { Spinner } from '../ui/Spinner.tsx';
import { TimeAgo } from '../ui/TimeAgo.tsx';
import { useTitle } from '../ui/use-title.ts';
import './drafts.css';

/** Posts that are not shared yet: those that are published at their time, the next one first, then the others. */
export function DraftsPage() {
  useTitle(t('common.drafts'));
  const me = useMe();
  const drafts = useDrafts();
  const items = drafts.data?.items ?? [];
  const isScheduled = ({ publishAt }: ServerDraft) => publishAt !== null;
  const scheduled = items
    .filter(isScheduled)
    .toSorted((a, b) => ((a.publishAt ?? '') < (b.publishAt ?? '') ? -1 : 1));
  return (
    <div className="page narrow">
      <BackHeader title={t('common.drafts')} fallback={me ? paths.profile(me.handle) : paths.home()} />
      {drafts.isPending ? (
        <Spinner />
      ) : drafts.isError && !drafts.data ? (
        <LoadError error={drafts.error} onRetry={() => void drafts.refetch()} />
      ) : items.length === 0 ? (
        <EmptyState icon={Images} title={t('composer.noDrafts')} text={t('composer.noDraftsText')}>
          <Link href={paths.newPost()} className={buttonClass({})} data-look="solid">
            {t('common.newPost')}
          </Link>
        </EmptyState>
      ) : (
        <>
          <DraftList title={t('composer.scheduledPosts')} drafts={scheduled} />
          <DraftList
            title={t('composer.unfinishedDrafts')}
            drafts={items.filter((draft) => !isScheduled(draft))}
          />
        </>
      )}
    </div>
  );
}

function DraftList({ title, drafts }: { title: string; drafts: readonly ServerDraft[] }) {
  if (drafts.length === 0) return null;
  return (
    <section className="drafts" aria-label={title}>
      <h2>{title}</h2>
      <ul>
        {drafts.map((draft) => (
          <DraftRow key={draft.id} draft={draft} />
        ))}
      </ul>
    </section>
  );
}

function DraftRow({ draft }: { draft: ServerDraft }) {
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
              t('composer.publishesAt', { time: momentText(publishAt) })
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
