import { ChevronLeft, ChevronRight, Text as TextIcon, X } from 'lucide-react';
import { type CSSProperties, type KeyboardEvent, useEffect, useRef, useState } from 'react';
import type { Photo, PostCard } from '../../core/shapes.ts';
import { useRefreshPost } from '../api/posts.ts';
import { t } from '../i18n/text.ts';
import { IconButton } from '../ui/Button.tsx';
import { Placeholder } from '../ui/Placeholder.tsx';
import { altOf } from './photo-alt.ts';
import { wholeSources } from './photo-sources.ts';
import { useViewerGestures } from './use-viewer-gestures.ts';
import { CLOSE_UP, placeOf, type Sight, transformOf } from './viewer-moves.ts';
import './viewer.css';

type PhotoViewerProps = {
  post: PostCard;
  startAt: number;
  /** The photo that is seen has changed. */
  onShow: (index: number) => void;
};

const MIDDLE = { x: 0, y: 0 };
const STEP = 1.5;

/** A photo whole, on all of the screen, and closer. It lies over an entry of the history: to go back closes it. */
export function PhotoViewer({ post, startAt, onShow }: PhotoViewerProps) {
  const { photos, account } = post;
  const dialog = useRef<HTMLDialogElement>(null);
  const stage = useRef<HTMLDivElement>(null);
  const [index, setIndex] = useState(startAt);
  const [showsText, setShowsText] = useState(false);
  const close = () => history.back();
  const photo = photos[index];
  const show = (wanted: number) => {
    const next = Math.max(0, Math.min(photos.length - 1, wanted));
    if (next === index) return;
    setIndex(next);
    onShow(next);
    gestures.reset();
  };
  const forward = document.dir === 'rtl' ? -1 : 1;
  const gestures = useViewerGestures({
    stage,
    ratio: photo ? ratioOf(photo) : 1,
    onSwipe: (side) => show(index + side * forward),
    onClose: close,
  });
  useModal(dialog);

  const onKeyDown = (event: KeyboardEvent) => {
    // The carousel behind listens too.
    event.stopPropagation();
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const ends = { Home: 0, End: photos.length - 1 }[event.key];
    const target = ends ?? { ArrowRight: index + forward, ArrowLeft: index - forward }[event.key];
    const factor = { '+': STEP, '=': STEP, '-': 1 / STEP, '0': 0 }[event.key];
    if (target === undefined && factor === undefined) return;
    event.preventDefault();
    if (target !== undefined) show(target);
    if (factor !== undefined) gestures.zoom(factor, MIDDLE);
  };

  const away = Math.abs(gestures.pulled?.y ?? 0);
  return (
    <dialog
      ref={dialog}
      className="viewer"
      tabIndex={-1}
      aria-label={t('viewer.title', { handle: account.handle })}
      style={{ '--away': Math.min(1, away / 400) } as CSSProperties}
      onKeyDown={onKeyDown}
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
    >
      <div
        ref={stage}
        className="viewer-stage"
        data-is-pulled={gestures.pulled !== null}
        data-is-close={gestures.sight.scale > 1}
        {...gestures.handlers}
      >
        {photos.map((each, at) => {
          const isNear = Math.abs(at - index) <= 1;
          return isNear ? (
            <Slide
              key={each.mediaId}
              postId={post.id}
              photo={each}
              alt={altOf(each, account, at + 1, photos.length)}
              side={(at - index) * forward}
              pulled={gestures.pulled ?? MIDDLE}
              sight={at === index ? gestures.sight : null}
            />
          ) : null;
        })}
      </div>
      <div className="viewer-bar">
        {photos.length > 1 && (
          <p className="viewer-count" aria-live="polite">
            <span className="hidden-visually">
              {t('viewer.position', { at: index + 1, total: photos.length })}
            </span>
            <span aria-hidden>
              {index + 1}/{photos.length}
            </span>
          </p>
        )}
        {photo?.altText && (
          <button
            type="button"
            className="viewer-button"
            aria-expanded={showsText}
            onClick={() => setShowsText(!showsText)}
          >
            <TextIcon aria-hidden size={18} />
            {t('viewer.description')}
          </button>
        )}
        <IconButton label={t('viewer.close')} className="viewer-button" onClick={close}>
          <X aria-hidden size={24} />
        </IconButton>
      </div>
      {index > 0 && <Arrow side="start" onPress={() => show(index - 1)} />}
      {index < photos.length - 1 && <Arrow side="end" onPress={() => show(index + 1)} />}
      {showsText && photo?.altText && (
        <p className="viewer-text" dir="auto">
          {photo.altText}
        </p>
      )}
    </dialog>
  );
}

type SlideProps = {
  postId: string;
  photo: Photo;
  alt: string;
  /** -1 on the left of the stage, 1 on its right. */
  side: number;
  pulled: { x: number; y: number };
  /** Of the photo that is seen. */
  sight: Sight | null;
};

function Slide({ postId, photo, alt, side, pulled, sight }: SlideProps) {
  const refresh = useRefreshPost();
  const [isClose, setClose] = useState(false);
  const scale = sight?.scale ?? 1;
  if (scale > 1 && !isClose) setClose(true);
  const ratio = ratioOf(photo);
  const { src, srcSet } = wholeSources(photo);
  const fits = `min(100vw, 100vh * ${ratio.toFixed(3)})`;
  return (
    <div className="viewer-slide" aria-hidden={sight === null} style={{ translate: placeOf(side, pulled) }}>
      <div
        className="viewer-photo"
        style={
          {
            '--ratio': ratio,
            transform: sight ? transformOf(sight) : undefined,
          } as CSSProperties
        }
      >
        <Placeholder thumbhash={photo.thumbhash} />
        {src ? (
          <img
            src={src}
            srcSet={srcSet}
            sizes={isClose ? `calc(${fits} * ${CLOSE_UP})` : fits}
            alt={alt}
            draggable={false}
            onError={() => void refresh(postId).catch(() => undefined)}
          />
        ) : null}
      </div>
    </div>
  );
}

function Arrow({ side, onPress }: { side: 'start' | 'end'; onPress: () => void }) {
  const Icon = side === 'start' ? ChevronLeft : ChevronRight;
  return (
    <button
      type="button"
      className="viewer-button viewer-arrow"
      data-side={side}
      aria-label={side === 'start' ? t('feed.previousPhoto') : t('feed.nextPhoto')}
      onClick={onPress}
    >
      <Icon aria-hidden size={26} className="mirrored" />
    </button>
  );
}

function ratioOf(photo: Photo): number {
  return photo.width / Math.max(1, photo.height) || 1;
}

function useModal(dialog: { current: HTMLDialogElement | null }): void {
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    // Not on its first button: keys mean the photo.
    dialog.current?.focus();
    return () => {
      if (before instanceof HTMLElement) before.focus({ preventScroll: true });
    };
  }, [dialog]);
}
