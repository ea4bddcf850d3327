import { useEffect, useRef } from 'react';
import { thumbHashToRGBA } from 'thumbhash';

type PlaceholderProps = { thumbhash: string | null; className?: string };

/** The blur of a photo that is still to come. On a canvas, so that the page needs no data: addresses. */
export function Placeholder({ thumbhash, className = 'placeholder' }: PlaceholderProps) {
  const ref = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (!thumbhash) return;
    // Not before the box itself: what a finger asked for is shown first.
    let timer: ReturnType<typeof setTimeout> | undefined;
    const frame = requestAnimationFrame(() => {
      timer = setTimeout(() => ref.current && paint(ref.current, thumbhash));
    });
    return () => {
      cancelAnimationFrame(frame);
      clearTimeout(timer);
    };
  }, [thumbhash]);
  return <canvas ref={ref} className={className} width={1} height={1} aria-hidden />;
}

function paint(canvas: HTMLCanvasElement, thumbhash: string): void {
  try {
    const { w, h, rgba } = thumbHashToRGBA(
      Uint8Array.from(atob(thumbhash), (letter) => letter.charCodeAt(0)),
    );
    canvas.width = w;
    canvas.height = h;
    canvas.getContext('2d')?.putImageData(new ImageData(new Uint8ClampedArray(rgba), w, h), 0, 0);
  } catch {
    // A hash that cannot be read leaves the grey ground, which is placeholder enough.
  }
}
