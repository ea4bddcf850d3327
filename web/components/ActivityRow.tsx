import { Fragment, type ReactNode } from 'react';
import { Link } from 'wouter';
import type { Activity } from '../api/types.ts';
import { paths } from '../paths.ts';
import { TimeAgo } from '../ui/TimeAgo.tsx';
import { AvatarLink, HandleLink } from './AccountLink.tsx';
import { FollowButton } from './FollowButton.tsx';
import { RequestButtons } from './RequestButtons.tsx';
import './activity.css';

const SENTENCES: Record<Activity['kind'], string> = {
  liked: 'liked your post.',
  commented: 'commented',
  followed: 'started following you.',
  follow_requested: 'would like to follow you.',
  follow_accepted: 'accepted your request.',
  mentioned: 'mentioned you',
};

export function ActivityRow({ item }: { item: Activity }) {
  return (
    <li className="activity-row" data-unread={item.isUnread}>
      <AvatarLink account={item.account} size={44} />
      <p className="activity-text">
        {item.isUnread && <span className="hidden-visually">New: </span>}
        <HandleLink account={item.account} />
        <Others item={item} /> {sentenceFor(item)}{' '}
        {item.commentText && (
          <span className="activity-quote" dir="auto">
            {item.commentText}
          </span>
        )}{' '}
        <span className="muted activity-time">
          <TimeAgo iso={item.createdAt} />
        </span>
      </p>
      {endOf(item)}
    </li>
  );
}

/** ", bob", " and bob", ", bob and 12 others". */
function Others({ item: { others, otherCount } }: { item: Activity }) {
  const unnamed = otherCount - others.length;
  return others.map((other, at) => {
    const isLast = unnamed === 0 && at === others.length - 1;
    return (
      <Fragment key={other.id}>
        {isLast ? ' and ' : ', '}
        <HandleLink account={other} />
        {at === others.length - 1 && unnamed > 0 && ` and ${unnamed === 1 ? '1 other' : `${unnamed} others`}`}
      </Fragment>
    );
  });
}

function sentenceFor({ kind, commentText }: Activity): string {
  if (kind === 'commented' || kind === 'mentioned')
    return SENTENCES[kind] + (commentText ? ':' : ' in a post.');
  return SENTENCES[kind];
}

function endOf(item: Activity): ReactNode {
  if (item.kind === 'follow_requested') return <RequestButtons account={item.account} />;
  if (item.post) {
    return (
      <Link
        href={paths.post(item.post.id)}
        className="activity-post"
        aria-label={`Open the post${item.post.altText ? `: ${item.post.altText}` : ''}`}
      >
        {item.post.thumbnailUrl && (
          <img src={item.post.thumbnailUrl} alt="" width={44} height={44} loading="lazy" />
        )}
      </Link>
    );
  }
  return <FollowButton account={item.account} isSmall />;
}
