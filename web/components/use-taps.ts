import { type PointerEvent, useEffect, useRef } from 'react';

const DOUBLE_MS = 300;
/** A finger that moved farther has swiped. */
const MOVED_PX = 10;

/**
 * Taps of a finger or a mouse, but for those on links and buttons. Safari on the phone sends no dblclick, so they are counted here; a single one waits for a
 * second only where that would mean something.
 */
export function useTaps(onTap: () => void, onDoubleTap: (() => void) | undefined) {
  const down = useRef<{ x: number; y: number } | null>(null);
  const waiting = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const latest = useRef(onTap);
  useEffect(() => {
    latest.current = onTap;
  });
  useEffect(() => () => clearTimeout(waiting.current), []);

  const onPointerDown = ({ button, isPrimary, clientX, clientY, target }: PointerEvent) => {
    const isForUs = button === 0 && isPrimary && !(target instanceof Element && target.closest('a, button'));
    down.current = isForUs ? { x: clientX, y: clientY } : null;
  };
  const onPointerUp = ({ clientX, clientY }: PointerEvent) => {
    const start = down.current;
    down.current = null;
    if (!start || Math.hypot(clientX - start.x, clientY - start.y) > MOVED_PX) return;
    if (!onDoubleTap) return onTap();
    if (waiting.current !== undefined) {
      clearTimeout(waiting.current);
      waiting.current = undefined;
      return onDoubleTap();
    }
    waiting.current = setTimeout(() => {
      waiting.current = undefined;
      latest.current();
    }, DOUBLE_MS);
  };
  return { onPointerDown, onPointerUp };
}
