import { Archive, Users } from 'lucide-react';
import type { PostCard } from '../../core/shapes.ts';
import { t } from '../i18n/text.ts';

/** Under the handle: where it was, and who sees it where that are not all. */
export function PostMarks({ post: { placeName, audience, state } }: { post: PostCard }) {
  const isForFollowers = audience === 'followers';
  const isArchived = state === 'archived';
  if (!placeName && !isForFollowers && !isArchived) return null;
  return (
    <p className="post-marks muted">
      {placeName && (
        <span className="post-place" dir="auto">
          {placeName}
        </span>
      )}
      {isForFollowers && (
        <span className="post-mark">
          <Users aria-hidden size={13} />
          {t('feed.forFollowers')}
        </span>
      )}
      {isArchived && (
        <span className="post-mark">
          <Archive aria-hidden size={13} />
          {t('feed.archivedMark')}
        </span>
      )}
    </p>
  );
}
