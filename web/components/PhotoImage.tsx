import type { Photo } from '../../core/shapes.ts';
import { reasonOf } from '../api/client.ts';
import { useRefreshPost } from '../api/posts.ts';
import { t } from '../i18n/text.ts';
import { Placeholder } from '../ui/Placeholder.tsx';
import { PhotoPeople } from './PhotoPeople.tsx';
import { type Slot, sizesOf, wholeSources } from './photo-sources.ts';

type PhotoImageProps = {
  postId: string;
  photo: Photo;
  alt: string;
  slot: Slot;
  /** How tall the frame may be: a CSS length, in vh, which every browser understands here. */
  tallest: string;
  isFirst: boolean;
  /** Fetched though it is not seen yet, once nothing more urgent is. */
  isAhead: boolean;
  /** width / height of what surrounds it: the photo is as large as fits there. */
  frame: number;
  onLoad: () => void;
};

/** Less than this of the frame is left free: not worth a blur around it. */
const FILLED = 0.99;

/** A whole photo over its blur. What surrounds it has set the shape already, so that nothing moves when it comes. */
export function PhotoImage({
  postId,
  photo,
  alt,
  slot,
  tallest,
  isFirst,
  isAhead,
  frame,
  onLoad,
}: PhotoImageProps) {
  const refresh = useRefreshPost();
  const { src, srcSet } = wholeSources(photo);
  const ratio = photo.width / Math.max(1, photo.height) || 1;
  const isFilled = Math.min(ratio / frame, frame / ratio) > FILLED;
  /** On a page that the server drew it may have come before anybody listened. */
  const noteEarly = (image: HTMLImageElement | null) => {
    if (image?.complete && image.naturalWidth > 0) onLoad();
  };
  const box = (
    <div
      className="photo-box"
      data-fills={ratio >= frame ? 'width' : 'height'}
      style={{ aspectRatio: ratio, backgroundColor: photo.averageColour ?? undefined }}
    >
      <Placeholder thumbhash={photo.thumbhash} />
      {src ? (
        <img
          ref={noteEarly}
          src={src}
          srcSet={srcSet}
          sizes={sizesOf(slot, tallest, frame, photo)}
          alt={alt}
          width={photo.width}
          height={photo.height}
          loading={isFirst || isAhead ? 'eager' : 'lazy'}
          fetchPriority={isFirst ? 'high' : isAhead ? 'low' : 'auto'}
          decoding="async"
          draggable={false}
          onLoad={onLoad}
          onError={() => void refresh(postId).catch(() => undefined)}
        />
      ) : (
        <p className="photo-note">
          {photo.state === 'failed' ? (reasonOf(photo) ?? t('feed.stageFailed')) : t('feed.developing')}
        </p>
      )}
      {src && photo.people.length > 0 && <PhotoPeople people={photo.people} />}
    </div>
  );
  if (isFilled) return box;
  return (
    <>
      <Placeholder thumbhash={photo.thumbhash} className="frame-blur" />
      {box}
    </>
  );
}
