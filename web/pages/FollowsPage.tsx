import { useProfile } from '../api/accounts.ts';
import { useFollowers, useFollowing } from '../api/graph.ts';
import { AccountList } from '../components/AccountList.tsx';
import { BackHeader } from '../components/BackHeader.tsx';
import { LoadError } from '../components/LoadError.tsx';
import { t } from '../i18n/text.ts';
import { useKeptHere } from '../navigation.ts';
import { paths } from '../paths.ts';
import { Spinner } from '../ui/Spinner.tsx';
import { useTitle } from '../ui/use-title.ts';

type FollowsPageProps = { handle: string; side: 'followers' | 'following' };

export function FollowsPage({ handle, side }: FollowsPageProps) {
  const title = side === 'followers' ? 'profile.followersOf' : 'profile.followingOf';
  useTitle(t(title, { handle: `@${handle}` }));
  const profile = useProfile(handle);
  if (profile.isPending) return <Spinner isPage />;
  if (!profile.data) return <LoadError isPage error={profile.error} onRetry={() => void profile.refetch()} />;
  return (
    <div className="page narrow">
      <BackHeader title={t(title, { handle: profile.data.handle })} fallback={paths.profile(handle)} />
      {side === 'followers' ? (
        <Followers accountId={profile.data.id} />
      ) : (
        <Following accountId={profile.data.id} />
      )}
    </div>
  );
}

function Followers({ accountId }: { accountId: string }) {
  return (
    <AccountList kept={useKeptHere()} pages={useFollowers(accountId)} empty={t('profile.noFollowers')} />
  );
}

function Following({ accountId }: { accountId: string }) {
  return (
    <AccountList kept={useKeptHere()} pages={useFollowing(accountId)} empty={t('profile.noFollowing')} />
  );
}
