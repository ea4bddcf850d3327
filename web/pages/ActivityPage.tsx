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
import { PartialNotice } from '../components/PartialNotice.tsx';
import { t } from '../i18n/text.ts';
import { useKeptHere } from '../navigation.ts';
import { paths } from '../paths.ts';
import { shortCount } from '../ui/count.ts';
import { EmptyState } from '../ui/EmptyState.tsx';
import { Spinner } from '../ui/Spinner.tsx';
import { useTitle } from '../ui/use-title.ts';
import { Windowed } from '../ui/Windowed.tsx';
import '../components/activity.css';

/** Rows that are drawn, or not, together. */
const CHUNK = 20;

export function ActivityPage() {
  useTitle(t('common.activity'));
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
        <h1>{t('common.activity')}</h1>
      </header>
      <RequestsLink />
      {activity.isPending ? (
        <Spinner />
      ) : activity.isError && activity.items.length === 0 ? (
        <LoadError error={activity.error} onRetry={() => void activity.refetch()} />
      ) : activity.items.length === 0 ? (
        <EmptyState icon={Heart} title={t('activity.nothing')} text={t('activity.nothingText')} />
      ) : (
        <ActivityList items={activity.items} />
      )}
      <MorePages pages={activity} />
    </div>
  );
}

function ActivityList({ items }: { items: Activity[] }) {
  const kept = useKeptHere();
  const parts = [
    { title: t('activity.new'), items: items.filter((item) => item.isUnread) },
    { title: t('activity.earlier'), items: items.filter((item) => !item.isUnread) },
  ];
  const shown = parts.filter((part) => part.items.length > 0);
  return shown.map((part) => (
    <section key={part.title} aria-label={part.title}>
      {parts[0]?.items.length !== 0 && <h2 className="activity-heading">{part.title}</h2>}
      <Windowed
        name={part.title}
        kept={kept}
        items={part.items}
        keyOf={(item) => item.id}
        chunk={CHUNK}
        as="ul"
        render={(rows) => rows.map((item) => <ActivityRow key={item.id} item={item} />)}
      />
    </section>
  ));
}

/** Only private accounts have requests to answer. */
function RequestsLink() {
  const me = useMe();
  const requests = useFollowRequests(me?.isPrivate ?? false);
  const count = requests.items.length;
  if (requests.isError && count === 0) return <PartialNotice pages={{ ...requests, isPartial: true }} />;
  if (count === 0) return null;
  return (
    <Link href={paths.requests()} className="requests-link">
      <span>
        <span className="strong">{t('profile.requests')}</span>{' '}
        <span className="muted">{shortCount(count) + (requests.hasNextPage ? '+' : '')}</span>
      </span>
      <ChevronRight aria-hidden className="mirrored" size={20} />
    </Link>
  );
}
