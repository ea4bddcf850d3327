import { Archive } from 'lucide-react';
import { useMe } from '../api/accounts.ts';
import { useArchivedPosts } from '../api/posts.ts';
import { BackHeader } from '../components/BackHeader.tsx';
import { SquarePages } from '../components/SquarePages.tsx';
import { t } from '../i18n/text.ts';
import { paths } from '../paths.ts';
import { EmptyState } from '../ui/EmptyState.tsx';
import { useTitle } from '../ui/use-title.ts';
import '../components/profile.css';

export function ArchivePage() {
  useTitle(t('profile.archive'));
  const me = useMe();
  const posts = useArchivedPosts();
  if (!me) return null;
  return (
    <div className="page profile-page archive-page">
      <BackHeader title={t('profile.archive')} fallback={paths.profile(me.handle)} />
      {posts.items.length > 0 && <p className="profile-hint muted">{t('profile.onlyYouArchived')}</p>}
      <SquarePages
        pages={posts}
        empty={
          <EmptyState
            icon={Archive}
            title={t('profile.nothingArchived')}
            text={t('profile.nothingArchivedText')}
          />
        }
      />
    </div>
  );
}
