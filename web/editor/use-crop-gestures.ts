import { type PointerEvent, useRef } from 'react';
import type { Crop } from '../../core/edits.ts';
import type { Size } from '../../core/frame.ts';
import { type Ground, type Handle, moveCrop, resizeCrop, scaleCrop } from './crop-moves.ts';

type Held = {
  ground: Ground;
  crop: Crop;
  keepsRatio: boolean;
  /** On the screen, in px. */
  picture: Size;
  onMove: (crop: Crop) => void;
  onPlace: (control: null, crop: Crop) => void;
};

type Point = { x: number; y: number };
type Pointer = { from: Point; to: Point };
/** `start` is the crop as it was when the present fingers came down. */
type Gesture = { start: Crop; latest: Crop; handle: Handle | null; pointers: Map<number, Pointer> };

const FINGERS_MAX = 2;

/** One pointer moves the crop or a handle; two fingers move it and make it larger or smaller. */
export function useCropGestures({ ground, crop, keepsRatio, picture, onMove, onPlace }: Held) {
  const gesture = useRef<Gesture | null>(null);

  const moved = ({ start, handle, pointers }: Gesture): Crop => {
    const [first, second] = [...pointers.values()];
    if (!first) return start;
    const shift = second ? between(shiftOf(first), shiftOf(second)) : shiftOf(first);
    const move = { right: shift.x / picture.width, down: shift.y / picture.height };
    if (handle && !second) return resizeCrop(ground, start, handle, move, keepsRatio);
    const there = moveCrop(ground, start, move.right, move.down);
    return second ? scaleCrop(ground, there, spread(first, second)) : there;
  };

  /** Fingers came or went: those that are there go on from here. */
  const goOn = (now: Gesture) => {
    now.start = now.latest;
    for (const pointer of now.pointers.values()) pointer.from = pointer.to;
  };

  const onPointerDown = (event: PointerEvent<HTMLElement>) => {
    if (event.button !== 0) return;
    const target = event.target instanceof HTMLElement ? event.target.closest('button') : null;
    if (!target) return;
    gesture.current ??= { start: crop, latest: crop, handle: handleOf(target), pointers: new Map() };
    const { current } = gesture;
    if (current.pointers.size >= FINGERS_MAX) return;
    const point = pointOf(event);
    goOn(current);
    current.pointers.set(event.pointerId, { from: point, to: point });
    event.currentTarget.setPointerCapture(event.pointerId);
  };

  const onPointerMove = (event: PointerEvent<HTMLElement>) => {
    const { current } = gesture;
    const pointer = current?.pointers.get(event.pointerId);
    if (!current || !pointer) return;
    pointer.to = pointOf(event);
    current.latest = moved(current);
    onMove(current.latest);
  };

  const onPointerUp = (event: PointerEvent<HTMLElement>) => {
    const { current } = gesture;
    if (!current?.pointers.delete(event.pointerId)) return;
    goOn(current);
    if (current.pointers.size > 0) return;
    gesture.current = null;
    onPlace(null, current.latest);
  };

  return { onPointerDown, onPointerMove, onPointerUp, onPointerCancel: onPointerUp };
}

/** Null for the crop's middle. */
function handleOf({ dataset }: HTMLElement): Handle | null {
  const sides = [-1, 0, 1] as const;
  const x = sides.find((side) => String(side) === dataset.x);
  const y = sides.find((side) => String(side) === dataset.y);
  return x === undefined || y === undefined ? null : { x, y };
}

function pointOf(event: PointerEvent): Point {
  return { x: event.clientX, y: event.clientY };
}

function shiftOf({ from, to }: Pointer): Point {
  return { x: to.x - from.x, y: to.y - from.y };
}

function between(one: Point, other: Point): Point {
  return { x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 };
}

/** How many times as far apart two fingers are as when they came down. */
function spread(one: Pointer, other: Pointer): number {
  const distance = (end: 'from' | 'to') => Math.hypot(one[end].x - other[end].x, one[end].y - other[end].y);
  return distance('to') / Math.max(1, distance('from'));
}
