/** Where a frame lies on its picture: the one geometry that the editor shows and the image workers follow. */
import type { Crop, Frame } from './edits.ts';

export type Size = { readonly width: number; readonly height: number };

/** No side of a crop may be shorter than this part of the picture's, so that a crop is never a line. */
export const CROP_SIDE_MIN = 0.02;
/** Rounding in clients may put a corner this much of a side outside; more is drawn back. */
const SLACK = 1e-6;

/** The picture's size after its quarter turns. */
export function turnedSize({ width, height }: Size, frame: Pick<Frame, 'turns'>): Size {
  return frame.turns % 2 === 0 ? { width, height } : { width: height, height: width };
}

/**
 * The part that is shown: inside the picture at every corner, whatever the frame says. A crop that reaches over an edge
 * is first moved inside, then made smaller about its middle. `size` is the picture's before it is turned.
 */
export function cropOf(size: Size, frame: Frame): Crop {
  const turned = turnedSize(size, frame);
  const wanted = frame.crop ?? wholeCrop(turned, frame.degrees);
  return frame.crop ? drawInside(turned, frame.degrees, wanted) : wanted;
}

/** What the frame shows, in pixels of the picture (not rounded). */
export function shownSize(size: Size, frame: Frame): Size {
  const turned = turnedSize(size, frame);
  const crop = cropOf(size, frame);
  return { width: crop.width * turned.width, height: crop.height * turned.height };
}

/** The largest part of the picture's own shape about its middle that has no empty corner when straightened. */
export function wholeCrop(turned: Size, degrees: number): Crop {
  return centredCrop(turned, degrees, turned.width / turned.height);
}

/** The largest part of the given shape (width / height) about the picture's middle. */
export function centredCrop(turned: Size, degrees: number, ratio: number): Crop {
  const { cos, sin } = turnOf(degrees);
  const height = Math.min(
    turned.width / (ratio * cos + Math.abs(sin)),
    turned.height / (cos + ratio * Math.abs(sin)),
  );
  const part = { width: (height * ratio) / turned.width, height: height / turned.height };
  return { left: (1 - part.width) / 2, top: (1 - part.height) / 2, ...part };
}

/** Whether no corner of the crop lies outside the straightened picture. */
export function isInside(turned: Size, degrees: number, crop: Crop): boolean {
  return reach(turned, degrees, crop) <= 1 + SLACK;
}

/** Pixels of the turned picture from its middle, where a point of the crop lies on the picture before it was straightened. */
export function unstraighten(degrees: number, x: number, y: number): { x: number; y: number } {
  const { cos, sin } = turnOf(degrees);
  return { x: x * cos + y * sin, y: y * cos - x * sin };
}

function turnOf(degrees: number) {
  const angle = (degrees * Math.PI) / 180;
  return { cos: Math.cos(angle), sin: Math.sin(angle) };
}

function middleOf(turned: Size, crop: Crop) {
  return {
    x: (crop.left + crop.width / 2 - 0.5) * turned.width,
    y: (crop.top + crop.height / 2 - 0.5) * turned.height,
  };
}

/** How far the outermost corner lies from the middle, where 1 is the picture's edge. */
function reach(turned: Size, degrees: number, crop: Crop): number {
  const middle = middleOf(turned, crop);
  const [x, y] = [(crop.width * turned.width) / 2, (crop.height * turned.height) / 2];
  const corners = [
    unstraighten(degrees, middle.x - x, middle.y - y),
    unstraighten(degrees, middle.x + x, middle.y - y),
    unstraighten(degrees, middle.x - x, middle.y + y),
    unstraighten(degrees, middle.x + x, middle.y + y),
  ];
  return Math.max(
    ...corners.flatMap((corner) => [
      Math.abs(corner.x) / (turned.width / 2),
      Math.abs(corner.y) / (turned.height / 2),
    ]),
  );
}

/** Moves the crop towards the picture's middle as far as it must, then makes it smaller if it still does not fit. */
export function drawInside(turned: Size, degrees: number, crop: Crop): Crop {
  if (isInside(turned, degrees, crop)) return crop;
  const { cos, sin } = turnOf(degrees);
  const bound = {
    x: (crop.width * turned.width * cos + crop.height * turned.height * Math.abs(sin)) / 2,
    y: (crop.height * turned.height * cos + crop.width * turned.width * Math.abs(sin)) / 2,
  };
  const scale = Math.min(1, turned.width / 2 / bound.x, turned.height / 2 / bound.y);
  const room = { x: turned.width / 2 - bound.x * scale, y: turned.height / 2 - bound.y * scale };
  const middle = middleOf(turned, crop);
  const inner = unstraighten(degrees, middle.x, middle.y);
  const x = Math.max(-room.x, Math.min(room.x, inner.x));
  const y = Math.max(-room.y, Math.min(room.y, inner.y));
  const [width, height] = [crop.width * scale, crop.height * scale];
  return {
    left: (x * cos - y * sin) / turned.width + 0.5 - width / 2,
    top: (x * sin + y * cos) / turned.height + 0.5 - height / 2,
    width,
    height,
  };
}
