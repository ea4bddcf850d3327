import { useFollowRequests } from '../api/graph.ts';
import { AccountList } from '../components/AccountList.tsx';
import { BackHeader } from '../components/BackHeader.tsx';
import { RequestButtons } from '../components/RequestButtons.tsx';
import { t } from '../i18n/text.ts';
import { paths } from '../paths.ts';
import { useTitle } from '../ui/use-title.ts';
import '../components/activity.css';

export function RequestsPage() {
  useTitle(t('profile.requests'));
  const requests = useFollowRequests();
  return (
    <div className="page narrow">
      <BackHeader title={t('profile.requests')} fallback={paths.activity()} />
      <AccountList
        pages={requests}
        empty={t('profile.noRequests')}
        action={(account) => <RequestButtons account={account} />}
      />
    </div>
  );
}
