import { useState } from 'react';
import type { AccountCard } from '../../core/shapes.ts';
import { HandleLink } from './AccountLink.tsx';
import { RichText } from './RichText.tsx';

type CaptionProps = { account: AccountCard; text: string; isFolded?: boolean };

/** Folded after two lines. Whether it is longer than that is measured before it is painted. */
export function Caption({ account, text, isFolded: startsFolded = false }: CaptionProps) {
  const [isFolded, setFolded] = useState(startsFolded);
  const [isLong, setLong] = useState(false);
  const measure = (shown: HTMLParagraphElement | null) => {
    if (shown && isFolded) setLong(shown.scrollHeight > shown.clientHeight + 1);
  };

  return (
    <div className="caption">
      <p ref={measure} className={isFolded ? 'folded' : undefined} dir="auto">
        <HandleLink account={account} /> <RichText text={text} />
      </p>
      {isFolded && isLong && (
        <button
          type="button"
          className="muted fold"
          aria-label="Show more of the caption"
          onClick={() => setFolded(false)}
        >
          more
        </button>
      )}
    </div>
  );
}
