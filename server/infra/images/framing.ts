/**
 * What a frame shows, as pixels. The whole picture is decoded at the scale that gives the part its size. Straightening
 * is done on the picture as it lies upright, and turns and mirroring come last, on the small result: that is the same,
 * since turns about one middle may change places (and a mirror turns the angle round), and it is cheaper.
 */
import type { Crop, Frame } from '../../../core/edits.ts';
import { cropOf, type Size, shownSize, unstraighten } from '../../../core/frame.ts';
import { type Picture, sharpOf, toPicture } from './master.ts';
import type { Window } from './source.ts';

/** How a frame is carried out, in pixels of the upright picture resized to `whole`. */
export type FramePlan = {
  whole: Size;
  /** What is cut out after resizing: the part itself, or, if it is straightened, all that goes into it. */
  window: Window;
  /** The part, before it is turned. */
  part: Size;
  /** From the whole's middle to the part's. */
  middle: { x: number; y: number };
  /** Clockwise. */
  degrees: number;
  turns: 0 | 1 | 2 | 3;
  isMirrored: boolean;
};

/** What the interpolation may reach beyond the part's own pixels. */
const REACH = 4;
/** Less than this moves no corner by a tenth of a pixel. */
const DEGREES_MIN = 0.01;

/** The size in which the frame's part is shown: within the box, never enlarged, at least one pixel. */
export function fitFrame(size: Size, frame: Frame, box: Size): Size {
  return fit(shownSize(size, frame), box);
}

/** Within the box, in the same shape, never enlarged, at least one pixel. */
export function fit(size: Size, box: Size): Size {
  return scaled(size, scaleTo(size, box));
}

export function planFrame(size: Size, frame: Frame, box: Size): FramePlan {
  const { turns, isMirrored } = frame;
  const scale = scaleTo(shownSize(size, frame), box);
  const whole = scaled(size, scale);
  const shown = fitFrame(size, frame, box);
  const part = turns % 2 === 0 ? shown : { width: shown.height, height: shown.width };
  const crop = uprightCrop(cropOf(size, frame), frame);
  const degrees = Math.abs(frame.degrees) < DEGREES_MIN ? 0 : frame.degrees * (isMirrored ? -1 : 1);
  const middle = {
    x: (crop.left + crop.width / 2 - 0.5) * whole.width,
    y: (crop.top + crop.height / 2 - 0.5) * whole.height,
  };
  const window = degrees === 0 ? exactWindow(whole, part, middle) : wideWindow(whole, part, middle, degrees);
  return { whole, window, part, middle, degrees, turns, isMirrored };
}

/** Straightens, cuts, mirrors and turns what was decoded by the plan. */
export async function carryOut(plan: FramePlan, decoded: Picture): Promise<Picture> {
  const { turns, isMirrored } = plan;
  const part = plan.degrees === 0 ? decoded : await straighten(plan, decoded);
  if (turns === 0 && !isMirrored) return part;
  // sharp mirrors before it turns, a frame after: the other way round is the opposite turn.
  return toPicture(
    sharpOf(part)
      .flop(isMirrored)
      .rotate((isMirrored ? 4 - turns : turns) * 90),
  );
}

function scaleTo(size: Size, box: Size): number {
  return Math.min(1, box.width / size.width, box.height / size.height);
}

function scaled({ width, height }: Size, scale: number): Size {
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/** The same part in fractions of the picture before it was mirrored and turned. */
function uprightCrop(crop: Crop, { turns, isMirrored }: Frame): Crop {
  let { left, top, width, height } = crop;
  if (isMirrored) left = 1 - left - width;
  for (let turn = 0; turn < turns; turn++)
    [left, top, width, height] = [top, 1 - left - width, height, width];
  return { left, top, width, height };
}

function exactWindow(whole: Size, part: Size, middle: { x: number; y: number }): Window {
  const start = (side: number, length: number, at: number) =>
    Math.max(0, Math.min(side - length, Math.round(side / 2 + at - length / 2)));
  return {
    left: start(whole.width, part.width, middle.x),
    top: start(whole.height, part.height, middle.y),
    ...part,
    padding: 0,
  };
}

function wideWindow(whole: Size, part: Size, middle: { x: number; y: number }, degrees: number): Window {
  const corners = [-0.5, 0.5].flatMap((x) =>
    [-0.5, 0.5].map((y) => unstraighten(degrees, middle.x + x * part.width, middle.y + y * part.height)),
  );
  const span = (side: number, places: number[]) => {
    const start = Math.floor(Math.min(...places) + side / 2) - REACH;
    const end = Math.ceil(Math.max(...places) + side / 2) + REACH;
    const from = Math.max(0, Math.min(side - 1, start));
    return [from, Math.max(from + 1, Math.min(side, end)) - from] as const;
  };
  const [left, width] = span(
    whole.width,
    corners.map(({ x }) => x),
  );
  const [top, height] = span(
    whole.height,
    corners.map(({ y }) => y),
  );
  return { left, top, width, height, padding: REACH };
}

/**
 * The window was padded with its outermost pixels, so that what lies beyond the picture's edge, where the part touches
 * it, never mixes in. libvips turns about the middle of the first pixel, and gives a rectangle of whole pixels that
 * holds the turned window; its first column and row are found here as libvips finds them (transform.c), and the turned
 * window is moved by less than a pixel, so that the part begins at a whole one.
 */
async function straighten(plan: FramePlan, decoded: Picture): Promise<Picture> {
  const { whole, window, part, middle } = plan;
  const angle = (plan.degrees * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const turn = (x: number, y: number) => ({ x: x * cos - y * sin, y: x * sin + y * cos });
  const first = turn(
    window.left - window.padding + 0.5 - whole.width / 2,
    window.top - window.padding + 0.5 - whole.height / 2,
  );
  const start = {
    x: middle.x - part.width / 2 + 0.5 - first.x,
    y: middle.y - part.height / 2 + 0.5 - first.y,
  };
  const [x, y] = [Math.floor(start.x), Math.floor(start.y)];
  const corners = [0, decoded.width].flatMap((right) => [0, decoded.height].map((down) => turn(right, down)));
  const turned = await toPicture(
    sharpOf(decoded).affine([cos, -sin, sin, cos], {
      odx: x - start.x,
      ody: y - start.y,
      interpolator: 'bicubic',
    }),
  );
  return toPicture(
    sharpOf(turned).extract({
      left: x - Math.round(Math.min(...corners.map((corner) => corner.x))),
      top: y - Math.round(Math.min(...corners.map((corner) => corner.y))),
      width: part.width,
      height: part.height,
    }),
  );
}
