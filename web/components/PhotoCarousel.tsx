import { ChevronLeft, ChevronRight, Heart, Maximize2 } from 'lucide-react';
import {
  type CSSProperties,
  type KeyboardEvent,
  lazy,
  Suspense,
  type UIEvent,
  useLayoutEffect,
  useRef,
  useState,
} from 'react';
import type { PostCard } from '../../core/shapes.ts';
import { loadMessages } from '../i18n/messages.ts';
import { t } from '../i18n/text.ts';
import { openOverlay, useKept } from '../navigation.ts';
import { CarouselDots } from './CarouselDots.tsx';
import { PhotoImage } from './PhotoImage.tsx';
import { altOf } from './photo-alt.ts';
import { frameRatio, type Slot } from './photo-sources.ts';
import { useTaps } from './use-taps.ts';
import './photos.css';

type PhotoCarouselProps = {
  post: PostCard;
  /** How wide it is, by the width of the window. */
  slot: Slot;
  tallest?: string;
  /** The first photos of a page are fetched at once, the others when they come near. */
  isFirst?: boolean;
  /** One photo alone has its own shape, however tall. */
  isWhole?: boolean;
  onDoubleTap?: () => void;
};

const PhotoViewer = lazy(async () => {
  const [code] = await Promise.all([import('./PhotoViewer.tsx'), loadMessages(['viewer'])]);
  return { default: code.PhotoViewer };
});

/** As --tallest in photos.css. */
const TALLEST = '86vh';

export function PhotoCarousel({
  post,
  slot,
  tallest = TALLEST,
  isFirst = false,
  isWhole = false,
  onDoubleTap,
}: PhotoCarouselProps) {
  const { photos, account } = post;
  const track = useRef<HTMLUListElement>(null);
  const [index, setIndex] = useKept(`photo:${post.id}`, 0);
  /** Photos beyond the next one cost nothing until somebody goes there; the second comes when the first is there. */
  const [reached, setReached] = useState(index);
  const [hearts, setHearts] = useState(0);
  const [isViewed, setViewed] = useState(false);
  const isMany = photos.length > 1;
  const frame = frameRatio(photos, isWhole);

  const show = (wanted: number, behavior: ScrollBehavior = 'smooth') => {
    const slide = track.current?.children.item(Math.max(0, Math.min(photos.length - 1, wanted)));
    if (slide instanceof HTMLElement) track.current?.scrollTo({ left: slide.offsetLeft, behavior });
  };
  const [first] = useState(index);
  useLayoutEffect(() => {
    const slide = first > 0 && track.current?.children.item(first);
    if (slide instanceof HTMLElement)
      track.current?.scrollTo({ left: slide.offsetLeft, behavior: 'instant' });
  }, [first]);
  const view = () => {
    openOverlay(() => setViewed(false));
    setViewed(true);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && event.target === track.current) return view();
    const towards = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!towards || !isMany) return;
    event.preventDefault();
    show(index + (document.dir === 'rtl' ? -towards : towards));
  };
  const onScroll = ({ currentTarget }: UIEvent) => {
    const here = Math.round(Math.abs(currentTarget.scrollLeft) / currentTarget.clientWidth);
    if (here === index) return;
    setIndex(here);
    setReached((before) => Math.max(before, here + 1));
  };
  const like =
    onDoubleTap &&
    (() => {
      setHearts(hearts + 1);
      onDoubleTap();
    });
  const taps = useTaps(view, like);

  return (
    <>
      <figure
        className="carousel"
        style={{ '--ratio': frame } as CSSProperties}
        aria-roledescription={isMany ? 'carousel' : undefined}
        aria-label={isMany ? t('feed.photoCount', { count: photos.length }) : t('feed.photo')}
        onKeyDown={onKeyDown}
      >
        <ul
          ref={track}
          className="carousel-track"
          role={isMany ? undefined : 'none'}
          tabIndex={isMany ? 0 : undefined}
          {...taps}
          onScroll={onScroll}
        >
          {photos.map((photo, at) => (
            <li key={photo.mediaId} className="carousel-slide" aria-hidden={at > reached || undefined}>
              {at <= reached && (
                <PhotoImage
                  postId={post.id}
                  photo={photo}
                  alt={altOf(photo, account, at + 1, photos.length)}
                  slot={slot}
                  tallest={tallest}
                  isFirst={isFirst && at === 0}
                  isAhead={at > 0}
                  frame={frame}
                  onLoad={() => setReached((before) => Math.max(before, index + 1))}
                />
              )}
            </li>
          ))}
        </ul>
        {isMany && <Arrows index={index} count={photos.length} onShow={show} />}
        <button
          type="button"
          className="carousel-arrow carousel-open"
          aria-label={t('feed.viewFull')}
          onClick={view}
        >
          <Maximize2 aria-hidden size={17} />
        </button>
        {hearts > 0 && (
          <Heart
            key={hearts}
            className="carousel-heart"
            aria-hidden
            size={104}
            fill="currentColor"
            strokeWidth={0}
          />
        )}
      </figure>
      {isViewed && (
        <Suspense>
          <PhotoViewer post={post} startAt={index} onShow={(at) => show(at, 'instant')} />
        </Suspense>
      )}
    </>
  );
}

type ArrowsProps = { index: number; count: number; onShow: (index: number) => void };

function Arrows({ index, count, onShow }: ArrowsProps) {
  return (
    <>
      {index > 0 && (
        <button
          type="button"
          className="carousel-arrow"
          data-side="start"
          aria-label={t('feed.previousPhoto')}
          onClick={() => onShow(index - 1)}
        >
          <ChevronLeft aria-hidden className="mirrored" size={20} />
        </button>
      )}
      {index < count - 1 && (
        <button
          type="button"
          className="carousel-arrow"
          data-side="end"
          aria-label={t('feed.nextPhoto')}
          onClick={() => onShow(index + 1)}
        >
          <ChevronRight aria-hidden className="mirrored" size={20} />
        </button>
      )}
      <p className="carousel-count" aria-live="polite">
        <span className="hidden-visually">{t('feed.photoOf', { position: index + 1, count })}</span>
        <span aria-hidden>{t('feed.position', { position: index + 1, count })}</span>
      </p>
      <CarouselDots index={index} count={count} />
    </>
  );
}
