import { ChevronLeft, ChevronRight, Heart } from 'lucide-react';
import {
  type CSSProperties,
  type KeyboardEvent,
  type PointerEvent,
  type UIEvent,
  useRef,
  useState,
} from 'react';
import type { PostCard } from '../../core/shapes.ts';
import { PhotoImage } from './PhotoImage.tsx';
import { altOf, frameRatio, type Slot } from './photo-sources.ts';
import './photos.css';

type PhotoCarouselProps = {
  post: PostCard;
  /** How wide it is, by the width of the window. */
  slot: Slot;
  tallest?: string;
  /** The first photos of a page are fetched at once, the others when they come near. */
  isFirst?: boolean;
  onDoubleTap?: () => void;
};

const DOUBLE_TAP_MS = 300;
/** As --tallest in photos.css. */
const TALLEST = '86vh';

export function PhotoCarousel({
  post,
  slot,
  tallest = TALLEST,
  isFirst = false,
  onDoubleTap,
}: PhotoCarouselProps) {
  const { photos, account } = post;
  const track = useRef<HTMLUListElement>(null);
  const lastTap = useRef(0);
  const [index, setIndex] = useState(0);
  /** Photos beyond the next one cost nothing until somebody goes there. */
  const [reached, setReached] = useState(1);
  const [hearts, setHearts] = useState(0);
  const isMany = photos.length > 1;
  const frame = frameRatio(photos);

  const show = (wanted: number) => {
    const slide = track.current?.children.item(Math.max(0, Math.min(photos.length - 1, wanted)));
    if (slide instanceof HTMLElement) track.current?.scrollTo({ left: slide.offsetLeft, behavior: 'smooth' });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const towards = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!towards) return;
    event.preventDefault();
    show(index + (document.dir === 'rtl' ? -towards : towards));
  };
  const onScroll = ({ currentTarget }: UIEvent) => {
    const here = Math.round(Math.abs(currentTarget.scrollLeft) / currentTarget.clientWidth);
    setIndex(here);
    setReached((before) => Math.max(before, here + 1));
  };
  // An extra for fingers, the like button is for everybody. Safari on the phone sends no dblclick: taps are counted.
  const onTap = (event: PointerEvent) => {
    if (event.button !== 0) return;
    const isDouble = event.timeStamp - lastTap.current < DOUBLE_TAP_MS;
    lastTap.current = isDouble ? 0 : event.timeStamp;
    if (!isDouble || !onDoubleTap) return;
    setHearts(hearts + 1);
    onDoubleTap();
  };

  return (
    <figure
      className="carousel"
      style={{ '--ratio': frame } as CSSProperties}
      aria-roledescription={isMany ? 'carousel' : undefined}
      aria-label={isMany ? `${photos.length} photos` : 'Photo'}
      onKeyDown={isMany ? onKeyDown : undefined}
    >
      <ul
        ref={track}
        className="carousel-track"
        tabIndex={isMany ? 0 : undefined}
        onPointerUp={onTap}
        onScroll={onScroll}
      >
        {photos.map((photo, at) => (
          <li key={photo.mediaId} className="carousel-slide">
            {at <= reached && (
              <PhotoImage
                postId={post.id}
                photo={photo}
                alt={altOf(photo, account, at + 1, photos.length)}
                slot={slot}
                tallest={tallest}
                isFirst={isFirst && at === 0}
                frame={frame}
              />
            )}
          </li>
        ))}
      </ul>
      {isMany && <Arrows index={index} count={photos.length} onShow={show} />}
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
          aria-label="Previous photo"
          onClick={() => onShow(index - 1)}
        >
          <ChevronLeft aria-hidden size={20} />
        </button>
      )}
      {index < count - 1 && (
        <button
          type="button"
          className="carousel-arrow"
          data-side="end"
          aria-label="Next photo"
          onClick={() => onShow(index + 1)}
        >
          <ChevronRight aria-hidden size={20} />
        </button>
      )}
      <p className="carousel-count" aria-live="polite">
        <span className="hidden-visually">Photo </span>
        {index + 1}/{count}
      </p>
      <div className="carousel-dots" aria-hidden>
        {Array.from({ length: count }, (_, at) => at).map((at) => (
          <span key={at} data-here={at === index} />
        ))}
      </div>
    </>
  );
}
