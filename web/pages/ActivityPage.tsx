import { ChevronRight, Heart } from 'lucide-react';
import { useEffect } from 'react';
import { Link } from 'wouter';
import { useMe } from '../api/accounts.ts';
import { useActivity, useMarkSeen } from '../api/activity.ts';
import { useFollowRequests } from '../api/graph.ts';
import type { Activity } from '../api/types.ts';
import { ActivityRow } from '../components/ActivityRow.tsx';
import { LoadError } from '../components/LoadError.tsx';
import { MorePages } from '../components/MorePages.tsx';
import { paths } from '../paths.ts';
import { EmptyState } from '../ui/EmptyState.tsx';
import { Spinner } from '../ui/Spinner.tsx';
import { useTitle } from '../ui/use-title.ts';
import '../components/activity.css';

export function ActivityPage() {
  useTitle('Activity');
  const activity = useActivity();
  const { mutate: markSeen } = useMarkSeen();
  const newest = activity.items[0];
  const unreadId = newest?.isUnread ? newest.id : null;
  useEffect(() => {
    if (unreadId) markSeen(unreadId);
  }, [unreadId, markSeen]);

  return (
    <div className="page narrow">
      <header className="page-head">
        <h1>Activity</h1>
      </header>
      <RequestsLink />
      {activity.isPending ? (
        <Spinner />
      ) : activity.isError && activity.items.length === 0 ? (
        <LoadError error={activity.error} onRetry={() => void activity.refetch()} />
      ) : activity.items.length === 0 ? (
        <EmptyState
          icon={Heart}
          title="Nothing yet"
          text="Likes, comments, mentions and new followers will be here."
        />
      ) : (
        <ActivityList items={activity.items} />
      )}
      <MorePages pages={activity} />
    </div>
  );
}

function ActivityList({ items }: { items: Activity[] }) {
  const parts = [
    { title: 'New', items: items.filter((item) => item.isUnread) },
    { title: 'Earlier', items: items.filter((item) => !item.isUnread) },
  ];
  const shown = parts.filter((part) => part.items.length > 0);
  return shown.map((part) => (
    <section key={part.title} aria-label={part.title}>
      {parts[0]?.items.length !== 0 && <h2 className="activity-heading">{part.title}</h2>}
      <ul>
        {part.items.map((item) => (
          <ActivityRow key={item.id} item={item} />
        ))}
      </ul>
    </section>
  ));
}

/** Only private accounts have requests to answer. */
function RequestsLink() {
  const me = useMe();
  const requests = useFollowRequests(me?.isPrivate ?? false);
  const count = requests.items.length;
  if (count === 0) return null;
  return (
    <Link href={paths.requests()} className="requests-link">
      <span>
        <span className="strong">Follow requests</span>{' '}
        <span className="muted">{requests.hasNextPage ? `${count}+` : count}</span>
      </span>
      <ChevronRight aria-hidden size={20} />
    </Link>
  );
}
