import { type PointerEvent, useEffect, useRef, useState } from 'react';

const MOUSE_STEP_PX = 6;
const HOLD_MS = 220;

/**
 * Reordering a row by dragging: with the mouse at once, with a finger after holding it still, so that a quick swipe
 * still scrolls. Items carry `data-at`. The buttons for the keyboard are the caller's.
 */
export function useReorder(onMove: (from: number, to: number) => void) {
  const [dragged, setDragged] = useState<number | null>(null);
  const start = useRef<{ at: number; x: number; timer: number } | null>(null);
  const at = useRef<number | null>(null);

  const begin = (index: number) => {
    at.current = index;
    setDragged(index);
  };
  const end = () => {
    clearTimeout(start.current?.timer);
    start.current = null;
    at.current = null;
    setDragged(null);
  };

  // The browser asks only a listener that is not passive whether a finger may scroll.
  useEffect(() => {
    if (dragged === null) return;
    const hold = (event: TouchEvent) => event.preventDefault();
    document.addEventListener('touchmove', hold, { passive: false });
    return () => document.removeEventListener('touchmove', hold);
  }, [dragged]);

  const onPointerDown = (event: PointerEvent, index: number) => {
    if (event.button !== 0) return;
    const timer = event.pointerType === 'mouse' ? 0 : window.setTimeout(() => begin(index), HOLD_MS);
    start.current = { at: index, x: event.clientX, timer };
  };
  const onPointerMove = (event: PointerEvent) => {
    const { current } = start;
    if (!current) return;
    const hasMoved = Math.abs(event.clientX - current.x) > MOUSE_STEP_PX;
    if (at.current === null) {
      if (hasMoved && event.pointerType === 'mouse') begin(current.at);
      else if (hasMoved) end();
      return;
    }
    const over = document.elementFromPoint(event.clientX, event.clientY)?.closest<HTMLElement>('[data-at]');
    const to = over ? Number(over.dataset.at) : at.current;
    if (to === at.current) return;
    onMove(at.current, to);
    begin(to);
  };
  return { dragged, onPointerDown, onPointerMove, onPointerUp: end, onPointerCancel: end };
}
