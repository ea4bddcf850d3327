import { Images } from 'lucide-react';
import { Link } from 'wouter';
import { useMe } from '../api/accounts.ts';
import { useDrafts } from '../api/drafts.ts';
import type { ServerDraft } from '../api/types.ts';
import { BackHeader } from '../components/BackHeader.tsx';
import { DraftRow } from '../components/DraftRow.tsx';
import { LoadError } from '../components/LoadError.tsx';
import { t } from '../i18n/text.ts';
import { paths } from '../paths.ts';
import { buttonClass } from '../ui/Button.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import { Spinner } from '../ui/Spinner.tsx';
import { useTitle } from '../ui/use-title.ts';

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
