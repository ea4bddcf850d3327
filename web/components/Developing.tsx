import { lazy, Suspense } from 'react';
import type { PostCard } from '../../core/shapes.ts';
import { loadMessages } from '../i18n/messages.ts';
import { t } from '../i18n/text.ts';
import { Button } from '../ui/Button.tsx';
import { useArchive } from './OwnPostMenu.tsx';

/** Choosing, preparing and sending a photo is code that only a failed one needs. */
const MendPhotos = lazy(async () => {
  const [code] = await Promise.all([import('./MendPhotos.tsx'), loadMessages(['post', 'errors'])]);
  return { default: code.MendPhotos };
});

const STAGES = {
  waiting: 'feed.stageWaiting',
  developing: 'feed.stageDeveloping',
  ready: 'feed.stageReady',
  failed: 'feed.stageFailed',
} as const;

/** What the author sees until the photos are ready, when one of them could not be made, or while the post is archived. */
export function Developing({ post }: { post: PostCard }) {
  return (
    <div className="developing">
      {post.state === 'developing' && <Progress post={post} />}
      {post.state === 'archived' && <Archived post={post} />}
      {post.state === 'failed' && (
        <Suspense>
          <MendPhotos post={post} />
        </Suspense>
      )}
    </div>
  );
}

function Progress({ post: { photos } }: { post: PostCard }) {
  const ready = photos.filter((photo) => photo.stage === 'ready').length;
  return (
    <>
      <p className="strong" role="status">
        {t('feed.areDeveloping', { count: photos.length })}
        <span className="hidden-visually">{t('feed.readyOf', { ready, count: photos.length })}</span>
      </p>
      <progress value={ready + 0.35} max={photos.length} aria-label={t('feed.photosDeveloped')} />
      {photos.length > 1 && (
        <ol className="stages" aria-label={t('feed.stages')}>
          {photos.map((photo, at) => (
            <li key={photo.mediaId} data-stage={photo.stage}>
              {at + 1} <span>{t(STAGES[photo.stage])}</span>
            </li>
          ))}
        </ol>
      )}
      <p className="muted">{t('feed.mayLeave')}</p>
    </>
  );
}

function Archived({ post }: { post: PostCard }) {
  const archive = useArchive(post);
  return (
    <>
      <p className="strong">{t('feed.isArchived')}</p>
      <p className="muted">{t('feed.isArchivedText')}</p>
      <Button look="quiet" isSmall onClick={() => archive(false)}>
        {t('feed.bringBack')}
      </Button>
    </>
  );
}
