import { ImageOff } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import type { FilterName } from '../../core/filters.ts';
import { previewPhoto } from '../darkroom/darkroom.ts';
import type { DraftPhoto } from '../state/upload-queue.ts';
import { Placeholder } from '../ui/Placeholder.tsx';

type PhotoCanvasProps = { photo: DraftPhoto; filter?: FilterName; maxSide: number; label?: string };

/** A photo of the draft with its filter. What this browser cannot read is shown as the blur that the server makes. */
export function PhotoCanvas({ photo, filter = photo.filter, maxSide, label }: PhotoCanvasProps) {
  const ref = useRef<HTMLCanvasElement>(null);
  const [isDrawn, setDrawn] = useState(false);
  const { key, prepared, sending } = photo;
  useEffect(() => {
    if (!prepared) return;
    let isStale = false;
    const show = async () => {
      const bitmap = await previewPhoto(key, prepared, maxSide, filter);
      const canvas = ref.current;
      if (!isStale && canvas) {
        canvas.width = bitmap.width;
        canvas.height = bitmap.height;
        canvas.getContext('2d')?.drawImage(bitmap, 0, 0);
        setDrawn(true);
      }
      bitmap.close();
    };
    // Without a preview the photo is sent and shared all the same.
    show().catch(() => undefined);
    return () => {
      isStale = true;
    };
  }, [key, prepared, maxSide, filter]);

  if (!prepared && sending.kind === 'received')
    return <Placeholder thumbhash={sending.thumbhash} className="photo-canvas" />;
  if (!prepared && sending.kind === 'failed')
    return <ImageOff {...named(label)} className="photo-canvas-none" size={28} />;
  return (
    <canvas ref={ref} className="photo-canvas" width={1} height={1} {...named(label)} data-drawn={isDrawn} />
  );
}

/** Without a label it only repeats what is said beside it. */
function named(label: string | undefined) {
  return label ? { role: 'img', 'aria-label': label } : { 'aria-hidden': true };
}
