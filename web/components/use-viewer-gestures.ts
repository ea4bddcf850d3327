import { type PointerEvent, type RefObject, useEffect, useRef, useState } from 'react';
import {
  CLOSE_UP,
  fitted,
  moved,
  type Point,
  type Sight,
  type Size,
  swiped,
  WHOLE,
  zoomed,
} from './viewer-moves.ts';

type ViewerGestures = {
  stage: RefObject<HTMLDivElement | null>;
  /** width / height of the photo that is seen. */
  ratio: number;
  /** To the photo on the right, 1, or on the left, -1. */
  onSwipe: (side: -1 | 1) => void;
  onClose: () => void;
};
type Drag = { axis: 'x' | 'y' | null; by: Point; startedAt: number };

const DOUBLE_MS = 300;
const DOUBLE_PX = 30;
/** A finger that moved less has tapped. */
const STILL_PX = 8;
const PULL_PX = 110;
const WHEEL_SPEED = 0.0022;
const NONE: Point = { x: 0, y: 0 };

/** Fingers, mouse and wheel over the photo: two enlarge it, one moves it, or, while it is whole, swipes or pulls it away. */
export function useViewerGestures({ stage, ratio, onSwipe, onClose }: ViewerGestures) {
  const [sight, setSight] = useState<Sight>(WHOLE);
  const [pulled, setPulled] = useState<Point | null>(null);
  const fingers = useRef(new Map<number, Point>());
  const drag = useRef<Drag | null>(null);
  const lastTap = useRef<{ at: number; point: Point } | null>(null);

  const zoom = (factor: number, point: Point) => {
    const size = sizeOf(stage.current);
    setSight((before) => zoomed(before, factor, point, fitted(ratio, size), size));
  };
  useWheel(stage, zoom);

  const onPointerDown = (event: PointerEvent) => {
    if (event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    fingers.current.set(event.pointerId, pointOf(event, stage.current));
    drag.current = { axis: null, by: NONE, startedAt: event.timeStamp };
    if (fingers.current.size > 1) setPulled(null);
  };

  const onPointerMove = (event: PointerEvent) => {
    const before = fingers.current.get(event.pointerId);
    if (!before) return;
    const now = pointOf(event, stage.current);
    const by = { x: now.x - before.x, y: now.y - before.y };
    const other = [...fingers.current].find(([id]) => id !== event.pointerId)?.[1];
    fingers.current.set(event.pointerId, now);
    const size = sizeOf(stage.current);
    if (other) {
      const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
      const factor = distance(now, other) / Math.max(1, distance(before, other));
      setSight((last) =>
        moved(
          zoomed(last, factor, middle, fitted(ratio, size), size),
          { x: by.x / 2, y: by.y / 2 },
          fitted(ratio, size),
          size,
        ),
      );
    } else if (sight.scale > 1) setSight((last) => moved(last, by, fitted(ratio, size), size));
    if (drag.current) pull(drag.current, by, other === undefined && sight.scale === 1);
  };

  const pull = (last: Drag, by: Point, isFree: boolean) => {
    last.by = { x: last.by.x + by.x, y: last.by.y + by.y };
    if (!isFree || Math.hypot(last.by.x, last.by.y) < STILL_PX) return;
    last.axis ??= Math.abs(last.by.x) > Math.abs(last.by.y) ? 'x' : 'y';
    setPulled(last.axis === 'x' ? { x: last.by.x, y: 0 } : { x: 0, y: last.by.y });
  };

  const onPointerUp = (event: PointerEvent) => {
    const isLast = fingers.current.delete(event.pointerId) && fingers.current.size === 0;
    const ended = drag.current;
    if (!isLast || !ended) return;
    drag.current = null;
    setPulled(null);
    if (event.type === 'pointercancel') return;
    if (Math.hypot(ended.by.x, ended.by.y) < STILL_PX) return tap(event);
    if (ended.axis === 'y' && Math.abs(ended.by.y) > PULL_PX) return onClose();
    if (ended.axis !== 'x') return;
    const side = swiped(
      ended.by.x,
      ended.by.x / Math.max(1, event.timeStamp - ended.startedAt),
      sizeOf(stage.current).width,
    );
    if (side !== 0) onSwipe(side);
  };

  const tap = (event: PointerEvent) => {
    const point = pointOf(event, stage.current);
    const last = lastTap.current;
    const isDouble =
      last !== null && event.timeStamp - last.at < DOUBLE_MS && distance(last.point, point) < DOUBLE_PX;
    lastTap.current = isDouble ? null : { at: event.timeStamp, point };
    if (!isDouble) return;
    if (sight.scale > 1) setSight(WHOLE);
    else zoom(CLOSE_UP, point);
  };

  return {
    sight,
    /** How far the photo is pulled from its place, while it is. */
    pulled,
    zoom,
    reset: () => setSight(WHOLE),
    handlers: { onPointerDown, onPointerMove, onPointerUp, onPointerCancel: onPointerUp },
  };
}

/** React listens to the wheel passively: the page behind would scroll. */
function useWheel(stage: RefObject<HTMLDivElement | null>, zoom: (factor: number, point: Point) => void) {
  const latest = useRef(zoom);
  useEffect(() => {
    latest.current = zoom;
  });
  useEffect(() => {
    const element = stage.current;
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      latest.current(Math.exp(-event.deltaY * WHEEL_SPEED), pointOf(event, element));
    };
    element?.addEventListener('wheel', onWheel, { passive: false });
    return () => element?.removeEventListener('wheel', onWheel);
  }, [stage]);
}

function pointOf({ clientX, clientY }: { clientX: number; clientY: number }, stage: Element | null): Point {
  const { width, height } = sizeOf(stage);
  const { left = 0, top = 0 } = stage?.getBoundingClientRect() ?? {};
  return { x: clientX - left - width / 2, y: clientY - top - height / 2 };
}

function sizeOf(stage: Element | null): Size {
  return { width: stage?.clientWidth ?? 1, height: stage?.clientHeight ?? 1 };
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
