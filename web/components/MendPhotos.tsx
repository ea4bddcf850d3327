import { useRef, useState } from 'react';
import type { Photo, PostCard } from '../../core/shapes.ts';
import { reasonOf } from '../api/client.ts';
import { useLeaveOutPhoto } from '../api/photos.ts';
import { t } from '../i18n/text.ts';
import { Button } from '../ui/Button.tsx';
import { DeletePostDialog } from './DeletePostDialog.tsx';
import { FormError } from './FormError.tsx';
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
          ? t('post.oneNotMade')
          : t('post.someNotMade', { failed: failed.length, count: post.photos.length })}
      </p>
      <p className="muted">{t('post.shownWhenReady')}</p>
      <ul className="mend" aria-label={t('post.notMade')}>
        {failed.map(({ photo, at }) => (
          <FailedPhoto key={photo.mediaId} post={post} photo={photo} at={at} mayLeaveOut={!isOne} />
        ))}
      </ul>
      <Button look="plain" onClick={() => setAsksDelete(true)}>
        {t('post.deleteThePost')}
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
  const position = at + 1;
  return (
    <li className="notice" data-kind="error">
      <p>
        {post.photos.length > 1 && <span className="strong">{t('post.whichPhoto', { position })} </span>}
        {reasonOf(photo) ?? t('post.notDeveloped')}
      </p>
      {replacement.progress === null ? (
        <p className="failed-actions">
          <input
            ref={input}
            type="file"
            accept="image/*,.heic,.heif"
            className="hidden-visually"
            tabIndex={-1}
            aria-label={t('post.insteadOf', { position })}
            onChange={(event) => {
              const file = event.target.files?.[0];
              if (file) void replacement.replaceBy(file);
              event.target.value = '';
            }}
          />
          <Button look="plain" onClick={() => input.current?.click()}>
            {t('post.chooseAnother')}
          </Button>
          {mayLeaveOut && (
            <Button
              look="plain"
              aria-label={t('post.leaveOutNamed', { position })}
              isBusy={leaveOut.isPending}
              onClick={() => leaveOut.mutate(photo.mediaId)}
            >
              {t('post.leaveOut')}
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
