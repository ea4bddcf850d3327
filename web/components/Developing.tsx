import { lazy, Suspense } from 'react';
import type { PostCard } from '../../core/shapes.ts';

/** Choosing, preparing and sending a photo is code that only a failed one needs. */
const MendPhotos = lazy(async () => ({ default: (await import('./MendPhotos.tsx')).MendPhotos }));

const STAGES = { waiting: 'Waiting', developing: 'Developing', ready: 'Ready', failed: 'Failed' } as const;

/** What the author sees until the photos are ready, or when one of them could not be made. */
export function Developing({ post }: { post: PostCard }) {
  return (
    <div className="developing">
      {post.state === 'developing' && <Progress post={post} />}
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
        {photos.length === 1 ? 'Your photo is developing' : 'Your photos are developing'}
        <span className="hidden-visually">
          : {ready} of {photos.length} ready
        </span>
      </p>
      <progress value={ready + 0.35} max={photos.length} aria-label="Photos developed" />
      {photos.length > 1 && (
        <ol className="stages" aria-label="Stage of each photo">
          {photos.map((photo, at) => (
            <li key={photo.mediaId} data-stage={photo.stage}>
              {at + 1} <span>{STAGES[photo.stage]}</span>
            </li>
          ))}
        </ol>
      )}
      <p className="muted">You can leave this page; it goes on by itself.</p>
    </>
  );
}
