import { type CanvasHTMLAttributes, useEffect, useRef, useState } from 'react';
import type { Edits } from '../../core/edits.ts';
import { previewPhoto, previewWhole } from './darkroom.ts';
import { latestOnly } from './latest-only.ts';
import { putOn } from './put-on.ts';

type Wish = { photoKey: string; photo: Blob; maxSide: number; edits: Edits; isWhole: boolean };
type PreviewCanvasProps = Omit<Wish, 'isWhole'> &
  CanvasHTMLAttributes<HTMLCanvasElement> & { isWhole?: boolean };

/** A photo with its edits, drawn anew as they change. `data-drawn` is false until there is something to see. */
export function PreviewCanvas({
  photoKey,
  photo,
  maxSide,
  edits,
  isWhole = false,
  ...rest
}: PreviewCanvasProps) {
  const ref = useRef<HTMLCanvasElement>(null);
  const [isDrawn, setDrawn] = useState(false);
  const [show] = useState(() =>
    latestOnly(async (wish: Wish) => {
      const bitmap = await (wish.isWhole ? previewWhole : previewPhoto)(
        wish.photoKey,
        wish.photo,
        wish.maxSide,
        wish.edits,
      ).catch(() => null);
      // Without a preview the photo is sent and shared all the same.
      if (!bitmap) return;
      putOn(ref.current, bitmap);
      setDrawn(true);
    }),
  );
  const { frame, look } = edits;
  useEffect(
    () => show({ photoKey, photo, maxSide, edits: { frame, look }, isWhole }),
    [show, photoKey, photo, maxSide, frame, look, isWhole],
  );
  return <canvas ref={ref} width={1} height={1} data-drawn={isDrawn} {...rest} />;
}
