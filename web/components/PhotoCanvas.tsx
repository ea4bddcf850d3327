import { ImageOff } from 'lucide-react';
import { PreviewCanvas } from '../darkroom/PreviewCanvas.tsx';
import type { DraftPhoto } from '../state/upload-queue.ts';
import { Placeholder } from '../ui/Placeholder.tsx';

type PhotoCanvasProps = { photo: DraftPhoto; maxSide: number; label?: string };

/** A photo of the draft with its edits. What this browser cannot read is shown as the blur that the server makes. */
export function PhotoCanvas({ photo, maxSide, label }: PhotoCanvasProps) {
  const { key, prepared, edits, sending } = photo;
  if (!prepared && sending.kind === 'received')
    return <Placeholder thumbhash={sending.thumbhash} className="photo-canvas" />;
  if (!prepared && sending.kind === 'failed')
    return <ImageOff {...named(label)} className="photo-canvas-none" size={28} />;
  if (!prepared)
    return <canvas className="photo-canvas" width={1} height={1} data-drawn="false" aria-hidden />;
  return (
    <PreviewCanvas
      key={key}
      className="photo-canvas"
      photoKey={key}
      photo={prepared}
      maxSide={maxSide}
      edits={edits}
      {...named(label)}
    />
  );
}

/** Without a label it only repeats what is said beside it. */
function named(label: string | undefined) {
  return label ? { role: 'img', 'aria-label': label } : { 'aria-hidden': true };
}
