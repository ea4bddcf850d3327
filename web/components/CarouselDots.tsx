import { type CSSProperties, useState } from 'react';
import { DOTS_MAX, dotsStart } from './carousel-dots.ts';

type CarouselDotsProps = { index: number; count: number };

/** Where one is among the photos: up to five dots, and smaller ones at an edge beyond which there are more. */
export function CarouselDots({ index, count }: CarouselDotsProps) {
  const [before, setStart] = useState(0);
  const start = dotsStart(before, index, count);
  if (start !== before) setStart(start);
  const end = start + DOTS_MAX - 1;
  const isEdge = (at: number) => (at === start && start > 0) || (at === end && end < count - 1);
  return (
    <div className="carousel-dots" aria-hidden>
      <div style={{ '--start': start, '--shown': Math.min(count, DOTS_MAX) } as CSSProperties}>
        <div>
          {Array.from({ length: count }, (_, at) => at).map((at) => (
            <span key={at} data-here={at === index} data-edge={at < start || at > end || isEdge(at)} />
          ))}
        </div>
      </div>
    </div>
  );
}
