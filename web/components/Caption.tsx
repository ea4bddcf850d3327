import { useEffect, useRef, useState } from 'react';
import type { AccountCard } from '../../core/shapes.ts';
import { t } from '../i18n/text.ts';
import { useKept } from '../navigation.ts';
import { HandleLink } from './AccountLink.tsx';
import { RichText } from './RichText.tsx';

/** `foldedAs`: folded until it is unfolded, and the name by which that is kept. */
type CaptionProps = { account: AccountCard; text: string; foldedAs?: string };

/** Folded after two lines. Whether it is longer than that is measured before it is painted, and when its width changes. */
export function Caption({ account, text, foldedAs }: CaptionProps) {
  const [isUnfolded, setUnfolded] = useKept(`caption:${foldedAs}`, false);
  const isFolded = foldedAs !== undefined && !isUnfolded;
  const [isLong, setLong] = useState(false);
  const shown = useRef<HTMLParagraphElement | null>(null);
  const measure = (caption: HTMLParagraphElement | null) => {
    shown.current = caption;
    if (caption && isFolded) setLong(caption.scrollHeight > caption.clientHeight + 1);
  };
  useEffect(() => {
    const caption = shown.current;
    if (!caption || !isFolded) return;
    const observer = new ResizeObserver(() => setLong(caption.scrollHeight > caption.clientHeight + 1));
    observer.observe(caption);
    return () => observer.disconnect();
  }, [isFolded]);

  return (
    <div className="caption">
      <p ref={measure} className={isFolded ? 'folded' : undefined} dir="auto">
        <HandleLink account={account} /> <RichText text={text} />
      </p>
      {isFolded && isLong && (
        <button
          type="button"
          className="muted fold"
          aria-label={t('feed.showMore')}
          onClick={() => setUnfolded(true)}
        >
          {t('feed.more')}
        </button>
      )}
    </div>
  );
}
