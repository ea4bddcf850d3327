import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { AccountCard } from '../../core/shapes.ts';
import type { Activity } from '../api/types.ts';
import { listOf } from '../i18n/list.ts';
import type { Key } from '../i18n/messages.ts';
import { Text } from '../i18n/Text.tsx';
import { t } from '../i18n/text.ts';
import { paths } from '../paths.ts';
import { TimeAgo } from '../ui/TimeAgo.tsx';
import { AvatarLink, HandleLink } from './AccountLink.tsx';
import { FollowButton } from './FollowButton.tsx';
import { RequestButtons } from './RequestButtons.tsx';
import './activity.css';

/** In full, and of posts and comments whose text is not there any more. */
const SENTENCES: Record<Activity['kind'], readonly [whole: Key, bare: Key]> = {
  liked: ['activity.liked', 'activity.liked'],
  commented: ['activity.commented', 'activity.commentedInPost'],
  followed: ['activity.followed', 'activity.followed'],
  follow_requested: ['activity.followRequested', 'activity.followRequested'],
  follow_accepted: ['activity.followAccepted', 'activity.followAccepted'],
  mentioned: ['activity.mentioned', 'activity.mentionedInPost'],
  replied: ['activity.replied', 'activity.repliedInPost'],
  comment_liked: ['activity.commentLiked', 'activity.commentLikedInPost'],
  tagged: ['activity.tagged', 'activity.tagged'],
};

export function ActivityRow({ item }: { item: Activity }) {
  return (
    <li className="activity-row" data-unread={item.isUnread}>
      <AvatarLink account={item.account} size={44} />
      <p className="activity-text">
        {item.isUnread && <span className="hidden-visually">{t('activity.newMark')} </span>}
        <Sentence item={item} />{' '}
        <span className="muted activity-time">
          <TimeAgo iso={item.createdAt} />
        </span>
      </p>
      {endOf(item)}
    </li>
  );
}

function Sentence({ item: { kind, account, others, otherCount, commentText } }: { item: Activity }) {
  const [whole, bare] = SENTENCES[kind];
  const text = commentText && (
    <span className="activity-quote" dir="auto">
      {commentText}
    </span>
  );
  const values = { who: <Who accounts={[account, ...others]} unnamed={otherCount - others.length} />, text };
  return <Text id={text ? whole : bare} values={{ ...values, count: 1 + otherCount }} />;
}

/** "ann", "ann and bob", "ann, bob and 12 others". */
function Who({ accounts, unnamed }: { accounts: readonly AccountCard[]; unnamed: number }) {
  const names: ReactNode[] = accounts.map((account) => <HandleLink key={account.id} account={account} />);
  if (unnamed > 0) names.push(t('activity.others', { count: unnamed }));
  return listOf(names);
}

function endOf(item: Activity): ReactNode {
  if (item.kind === 'follow_requested') return <RequestButtons account={item.account} />;
  if (item.post) {
    return (
      <Link
        href={paths.post(item.post.id)}
        className="activity-post"
        aria-label={
          item.post.altText
            ? t('activity.openPostOf', { description: item.post.altText })
            : t('activity.openPost')
        }
      >
        {item.post.thumbnailUrl && (
          <img src={item.post.thumbnailUrl} alt="" width={44} height={44} loading="lazy" />
        )}
      </Link>
    );
  }
  return <FollowButton account={item.account} isSmall />;
}
