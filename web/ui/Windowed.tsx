/**
 * A list of which only what is near the screen is on the page: what is far is an empty box of the shape that it had, so that
 * memory stays flat and nothing moves. Everything else is left to the browser (flow, anchoring of the scroll, borders), which
 * a list of absolutely placed rows would have to do anew. The shapes lie in `kept`, under the name of the list: a list that is
 * drawn again with the same `kept` has the same boxes in the first frame, and so the same height; what was not on the screen is
 * a box then, so that coming back costs no more than one screen.
 */
import {
  type FocusEvent,
  type ReactNode,
  startTransition,
  useCallback,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from 'react';

type Shapes = Record<string, Shape>;
type Shape = [width: number, height: number];
type OnNear = (isNear: boolean, box: DOMRectReadOnly) => void;
type Watch = (element: Element, onNear: OnNear) => () => void;

type WindowedProps<Item> = {
  name: string;
  kept: Record<string, unknown>;
  items: readonly Item[];
  keyOf: (item: Item) => string;
  /** So many items share a box. */
  chunk: number;
  as?: 'div' | 'ul';
  className?: string;
  /** Of the first box. */
  label?: string;
  render: (items: readonly Item[], start: number) => ReactNode;
};

/** Screens above and below that are drawn. */
const NEAR = '200%';

export function Windowed<Item>({ name, kept, items, keyOf, chunk, ...look }: WindowedProps<Item>) {
  const [watch] = useState(makeWatch);
  const shapes = shapesOf(kept, name);
  const starts = Array.from({ length: Math.ceil(items.length / chunk) }, (_, at) => at * chunk);
  return starts.map((start) => {
    const part = items.slice(start, start + chunk);
    const key = chunk === 1 && part[0] ? keyOf(part[0]) : String(start);
    return (
      <Chunk key={key} name={key} shapes={shapes} watch={watch} start={start} {...look}>
        {() => look.render(part, start)}
      </Chunk>
    );
  });
}

type ChunkProps = {
  name: string;
  shapes: Shapes;
  watch: Watch;
  start: number;
  as?: 'div' | 'ul';
  className?: string;
  label?: string;
  children: () => ReactNode;
};

function Chunk({ name, shapes, watch, start, as: Tag = 'div', className, label, children }: ChunkProps) {
  const ref = useRef<HTMLElement>(null);
  /** Its shape, while it is far and still drawn because the focus is in it. */
  const late = useRef<Shape | null>(null);
  const [box, setBox] = useState<Shape | null>(() => shapes[name] ?? null);

  const empty = useCallback(
    (shape: Shape) => {
      shapes[name] = shape;
      startTransition(() => setBox(shape));
    },
    [shapes, name],
  );
  useEffect(() => {
    const onNear: OnNear = (isNear, place) => {
      const { width, height } = place;
      const hasFocus = ref.current?.contains(document.activeElement) ?? false;
      late.current = !isNear && hasFocus ? [width, height] : null;
      if (isNear) {
        delete shapes[name];
        if (isOnScreen(place)) setBox(null);
        else startTransition(() => setBox(null));
      } else if (!hasFocus && height > 0 && !shapes[name]) empty([width, height]);
    };
    return ref.current ? watch(ref.current, onNear) : undefined;
  }, [watch, shapes, name, empty]);

  useLayoutEffect(() => {
    const element = ref.current;
    return () => {
      const place = element?.getBoundingClientRect();
      if (place && place.height > 0 && !isOnScreen(place)) shapes[name] ??= [place.width, place.height];
    };
  }, [shapes, name]);

  const onBlur = ({ relatedTarget, currentTarget }: FocusEvent) => {
    const shape = late.current;
    if (!shape || (relatedTarget instanceof Node && currentTarget.contains(relatedTarget))) return;
    late.current = null;
    empty(shape);
  };

  return (
    <Tag
      ref={(element: HTMLElement | null) => {
        ref.current = element;
      }}
      className={className}
      aria-label={start === 0 ? label : undefined}
      aria-hidden={box ? true : undefined}
      data-far={box ? true : undefined}
      style={box ? { aspectRatio: `${box[0]} / ${box[1]}` } : undefined}
      onBlur={onBlur}
    >
      {box ? null : children()}
    </Tag>
  );
}

function isOnScreen({ top, bottom }: DOMRectReadOnly): boolean {
  return bottom > 0 && top < window.innerHeight;
}

function shapesOf(kept: Record<string, unknown>, name: string): Shapes {
  kept[name] ??= {};
  return kept[name] as Shapes;
}

/** One observer for all boxes of a list; it looks at what scrolls the list: a dialog, or the window. */
function makeWatch(): Watch {
  const listeners = new Map<Element, OnNear>();
  let observer: IntersectionObserver | null = null;
  return (element, onNear) => {
    observer ??= new IntersectionObserver(
      (entries) => {
        for (const { target, isIntersecting, boundingClientRect } of entries)
          listeners.get(target)?.(isIntersecting, boundingClientRect);
      },
      { root: element.closest('.dialog-body'), rootMargin: `${NEAR} 0px` },
    );
    listeners.set(element, onNear);
    observer.observe(element);
    return () => {
      listeners.delete(element);
      observer?.unobserve(element);
    };
  };
}
