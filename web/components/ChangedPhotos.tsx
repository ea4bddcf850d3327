import { ArrowLeft, ArrowRight, SlidersHorizontal } from 'lucide-react';
import type { Photo } from '../../core/shapes.ts';
import { useRefreshPost } from '../api/posts.ts';
import { PreviewCanvas } from '../darkroom/PreviewCanvas.tsx';
import { t } from '../i18n/text.ts';
import type { ChangedPhoto } from '../state/post-changes.ts';
import { Button, IconButton } from '../ui/Button.tsx';
import { useReorder } from './use-reorder.ts';

/** A photo of the post as it is, what is changed of it, and, once the editor was opened, its whole picture. */
export type ShownPhoto = { photo: Photo; changed: ChangedPhoto; picture: Blob | null };

const THUMBNAIL_SIDE = 192;
const STAGE_SIDE = 1_080;

type PictureProps = { postId: string; shown: ShownPhoto; size: 'thumbnail' | 'stage'; label?: string };

/** With the edits that are not saved yet, else as the server made it. */
export function ChangedPicture({ postId, shown, size, label }: PictureProps) {
  const refresh = useRefreshPost();
  const { photo, changed, picture } = shown;
  if (changed.edits && picture) {
    return (
      <PreviewCanvas
        className="photo-canvas"
        photoKey={photo.mediaId}
        photo={picture}
        maxSide={size === 'stage' ? STAGE_SIDE : THUMBNAIL_SIDE}
        edits={changed.edits}
        {...(label ? { role: 'img', 'aria-label': label } : { 'aria-hidden': true })}
      />
    );
  }
  const wanted = size === 'stage' ? 'w1080' : 'w320';
  const { url } = photo.renditions.find(({ name }) => name === wanted) ?? photo.renditions[0] ?? {};
  if (!url) return <span className="muted">{t('feed.developing')}</span>;
  return (
    <img
      className="photo-canvas"
      src={url}
      alt={label ?? ''}
      draggable={false}
      onError={() => void refresh(postId).catch(() => undefined)}
    />
  );
}

type ChangedPhotosProps = {
  postId: string;
  photos: readonly ShownPhoto[];
  at: number;
  /** The editor is on its way. */
  isOpening: boolean;
  onSelect: (mediaId: string) => void;
  onMove: (from: number, to: number) => void;
  onEdit: () => void;
};

/** The photo that is chosen, large, and what can be done with it; below it all of them, to be put in order. */
export function ChangedPhotos(props: ChangedPhotosProps) {
  const { postId, photos, at, isOpening, onMove, onEdit } = props;
  const shown = photos[at];
  if (!shown) return null;
  const label = shown.changed.altText || t('composer.preview', { position: at + 1 });
  return (
    <div className="stage">
      <div className="stage-photo">
        <ChangedPicture key={shown.photo.mediaId} postId={postId} shown={shown} size="stage" label={label} />
      </div>
      <div className="stage-bar">
        <Button
          look="quiet"
          isSmall
          isBusy={isOpening}
          disabled={shown.photo.state !== 'ready'}
          onClick={onEdit}
        >
          <SlidersHorizontal aria-hidden size={18} />
          {t('composer.editPhoto')}
        </Button>
        {photos.length > 1 && (
          <>
            <IconButton
              label={t('composer.moveEarlier')}
              disabled={at === 0}
              onClick={() => onMove(at, at - 1)}
            >
              <ArrowLeft aria-hidden className="mirrored" size={20} />
            </IconButton>
            <span className="muted" aria-live="polite">
              {t('composer.positionOf', { position: at + 1, count: photos.length })}
            </span>
            <IconButton
              label={t('composer.moveLater')}
              disabled={at === photos.length - 1}
              onClick={() => onMove(at, at + 1)}
            >
              <ArrowRight aria-hidden className="mirrored" size={20} />
            </IconButton>
          </>
        )}
      </div>
      {photos.length > 1 && <Strip {...props} />}
    </div>
  );
}

function Strip({ postId, photos, at: selectedAt, onSelect, onMove }: ChangedPhotosProps) {
  const { dragged, onPointerDown, ...drag } = useReorder(onMove);
  return (
    <ol className="strip" aria-label={t('composer.photosOfPost')} {...drag}>
      {photos.map((shown, at) => (
        <li key={shown.photo.mediaId} data-at={at} data-dragged={dragged === at}>
          <button
            type="button"
            className="strip-photo"
            aria-pressed={at === selectedAt}
            aria-label={t('composer.photoOf', { position: at + 1, count: photos.length })}
            onClick={() => onSelect(shown.photo.mediaId)}
            onPointerDown={(event) => onPointerDown(event, at)}
          >
            <ChangedPicture postId={postId} shown={shown} size="thumbnail" />
          </button>
        </li>
      ))}
    </ol>
  );
}
