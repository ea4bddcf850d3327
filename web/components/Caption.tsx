import { useLayoutEffect, useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import type { AccountCard } from '../../core/shapes.ts';
import { t } from '../i18n/text.ts';
import { useKept } from '../navigation.ts';
import { HandleLink } from './AccountLink.tsx';
import { RichText } from './RichText.tsx';

/** `foldedAs`: folded until it is unfolded, and the name by which that is kept. */
type CaptionProps = { account: AccountCard; text: string; foldedAs?: string };

/** More than two lines in any window. */
const LONG_LETTERS = 160;
const LONG_BREAKS = 2;

/** Folded after two lines. Whether it is longer than that is measured before it is painted, and when its width changes. */
export function Caption({ account, text, foldedAs }: CaptionProps) {
  const [isUnfolded, setUnfolded] = useKept(`caption:${foldedAs}`, false);
  const isFolded = foldedAs !== undefined && !isUnfolded;
  const [isLong, setLong] = useState(() => isSurelyLong(text));
  const shown = useRef<HTMLParagraphElement>(null);
  useLayoutEffect(() => {
    const caption = shown.current;
    if (!caption || !isFolded || text === '') return;
    // It is called after the layout that the browser makes anyway; reading these at any other time would make one more.
    const observer = new ResizeObserver(() =>
      flushSync(() => setLong(caption.scrollHeight > caption.clientHeight + 1)),
    );
    observer.observe(caption);
    return () => observer.disconnect();
  }, [isFolded, text]);

  return (
    <div className="caption">
      <p ref={shown} className={isFolded ? 'folded' : undefined} dir="auto">
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

function isSurelyLong(text: string): boolean {
  return text.length > LONG_LETTERS || text.split('\n').length > LONG_BREAKS + 1;
}
