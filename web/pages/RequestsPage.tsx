import { useFollowRequests } from '../api/graph.ts';
import { AccountList } from '../components/AccountList.tsx';
import { BackHeader } from '../components/BackHeader.tsx';
import { RequestButtons } from '../components/RequestButtons.tsx';
import { paths } from '../paths.ts';
import { useTitle } from '../ui/use-title.ts';
import '../components/activity.css';

export function RequestsPage() {
  useTitle('Follow requests');
  const requests = useFollowRequests();
  return (
    <div className="page narrow">
      <BackHeader title="Follow requests" fallback={paths.activity()} />
      <AccountList
        pages={requests}
        empty="Nobody is waiting for an answer."
        action={(account) => <RequestButtons account={account} />}
      />
    </div>
  );
}
