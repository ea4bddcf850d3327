import { useRef, useState } from 'react';
import type { Photo, PostCard } from '../../core/shapes.ts';
import { useLeaveOutPhoto } from '../api/photos.ts';
import { Button } from '../ui/Button.tsx';
import { FormError } from './FormError.tsx';
import { DeletePostDialog } from './PostHeader.tsx';
import { useReplacement } from './use-replacement.ts';

/** Each photo that could not be made, with its reason: another one can take its place, or it is left out. */
export function MendPhotos({ post }: { post: PostCard }) {
  const [asksDelete, setAsksDelete] = useState(false);
  const failed = post.photos.flatMap((photo, at) => (photo.stage === 'failed' ? [{ photo, at }] : []));
  const isOne = post.photos.length === 1;
  return (
    <>
      <p className="strong" role="alert">
        {isOne
          ? 'This photo could not be made'
          : `${failed.length} of ${post.photos.length} photos could not be made`}
      </p>
      <p className="muted">The post is shown to others when all of its photos are ready.</p>
      <ul className="mend" aria-label="Photos that could not be made">
        {failed.map(({ photo, at }) => (
          <FailedPhoto key={photo.mediaId} post={post} photo={photo} at={at} mayLeaveOut={!isOne} />
        ))}
      </ul>
      <Button look="plain" onClick={() => setAsksDelete(true)}>
        Delete the post
      </Button>
      {asksDelete && <DeletePostDialog post={post} onClose={() => setAsksDelete(false)} />}
    </>
  );
}

type FailedPhotoProps = { post: PostCard; photo: Photo; at: number; mayLeaveOut: boolean };

function FailedPhoto({ post, photo, at, mayLeaveOut }: FailedPhotoProps) {
  const input = useRef<HTMLInputElement>(null);
  const replacement = useReplacement(post.id, photo);
  const leaveOut = useLeaveOutPhoto(post.id);
  const which = post.photos.length > 1 ? ` ${at + 1}` : '';
  return (
    <li className="notice" data-kind="error">
      <p>
        {which && <span className="strong">Photo{which}: </span>}
        {photo.failure ?? 'It could not be developed.'}
      </p>
      {replacement.progress === null ? (
        <p className="failed-actions">
          <input
            ref={input}
            type="file"
            accept="image/*,.heic,.heif"
            className="hidden-visually"
            tabIndex={-1}
            aria-label={`Another photo instead of photo ${at + 1}`}
            onChange={(event) => {
              const file = event.target.files?.[0];
              if (file) void replacement.replaceBy(file);
              event.target.value = '';
            }}
          />
          <Button look="plain" onClick={() => input.current?.click()}>
            Choose another photo
          </Button>
          {mayLeaveOut && (
            <Button
              look="plain"
              aria-label={`Leave out photo ${at + 1}`}
              isBusy={leaveOut.isPending}
              onClick={() => leaveOut.mutate(photo.mediaId)}
            >
              Leave it out
            </Button>
          )}
        </p>
      ) : (
        <p role="status">{replacement.progress}</p>
      )}
      <FormError error={replacement.error ?? leaveOut.error} />
    </li>
  );
}
