import { useState } from 'react';
import type { PostCard } from '../../core/shapes.ts';
import { Button } from '../ui/Button.tsx';
import { DeletePostDialog } from './PostHeader.tsx';

/** What the author sees until the photos are ready, or when one of them could not be made. */
export function Developing({ post }: { post: PostCard }) {
  const [asks, setAsks] = useState(false);
  const ready = post.photos.filter((photo) => photo.state === 'ready').length;
  const total = post.photos.length;
  if (post.state === 'developing') {
    return (
      <div className="developing" role="status">
        <p className="strong">Your photos are developing</p>
        <progress value={ready + 0.35} max={total} aria-label="Photos developed" />
        <p className="muted">
          {ready} of {total} ready. You can leave this page; it goes on by itself.
        </p>
      </div>
    );
  }
  const reasons = [...new Set(post.photos.flatMap((photo) => photo.failure ?? []))];
  return (
    <div className="developing" role="alert">
      <p className="strong">This post could not be made</p>
      {reasons.map((reason) => (
        <p key={reason} className="error-text">
          {reason}
        </p>
      ))}
      <Button look="quiet" onClick={() => setAsks(true)}>
        Delete
      </Button>
      {asks && <DeletePostDialog post={post} onClose={() => setAsks(false)} />}
    </div>
  );
}
