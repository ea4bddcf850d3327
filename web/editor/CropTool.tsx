import { useState } from 'react';
import { type Crop, type Frame, PLAIN_FRAME } from '../../core/edits.ts';
import { cropOf, type Size, turnedSize } from '../../core/frame.ts';
import { CropPanel } from './CropPanel.tsx';
import { CropStage } from './CropStage.tsx';
import { cropToRatio, fitInside, flipped, type Ground, rotated, storedCrop } from './crop-moves.ts';
import type { EditorPhoto } from './Editor.tsx';
import { hasRatio, type RatioName, ratioNameOf, ratioValue } from './ratios.ts';
import type { Editing } from './use-edits.ts';
import './crop.css';

type CropToolProps = { photo: EditorPhoto; size: Size; editing: Editing };

/** The whole picture with the crop on it, and what turns, straightens and crops it. */
export function CropTool({ photo, size, editing }: CropToolProps) {
  const { edits, settled, isSliding, slide, settle } = editing;
  const { frame } = edits;
  const ground = groundOf(size, frame);
  const crop = cropOf(size, frame);
  const [wished, setWished] = useState<RatioName>(() => ratioNameOf(ground, frame.crop));
  // What was undone or turned has another shape: then none is kept.
  const ratio = hasRatio(ground, crop, wished) ? wished : 'free';
  const straighten = useStraighten(size, settled.frame);

  const place = (next: Crop): Frame => ({ ...frame, crop: storedCrop(ground, next) });
  const chooseRatio = (name: RatioName) => {
    setWished(name);
    const value = ratioValue(ground, name);
    if (value !== null) settle(null, { frame: place(cropToRatio(ground, crop, value)) });
  };

  return (
    <>
      <CropStage
        photo={photo}
        size={size}
        ground={ground}
        editing={editing}
        crop={crop}
        keepsRatio={ratio !== 'free'}
        onMove={(next) => slide({ frame: place(next) })}
        onPlace={(control, next) => settle(control, { frame: place(next) })}
      />
      <CropPanel
        frame={frame}
        shown={{ width: crop.width * ground.turned.width, height: crop.height * ground.turned.height }}
        ratio={ratio}
        isSliding={isSliding}
        onRatio={chooseRatio}
        onStraighten={(degrees) => slide({ frame: straighten(degrees) })}
        onStraightened={(degrees) => settle('straighten', { frame: straighten(degrees) })}
        onRotate={() => settle(null, { frame: rotated(settled.frame) })}
        onFlip={() => settle(null, { frame: flipped(settled.frame) })}
        onReset={() => {
          setWished('free');
          settle(null, { frame: PLAIN_FRAME });
        }}
      />
    </>
  );
}

function groundOf(size: Size, frame: Frame): Ground {
  return { turned: turnedSize(size, frame), degrees: frame.degrees };
}

/**
 * The frame at other degrees, its crop drawn inside. It starts from the crop as it was last made by hand, so that what
 * straightening took away comes back when it is straightened back.
 */
function useStraighten(size: Size, settled: Frame): (degrees: number) => Frame {
  const [byHand] = useState(() => new WeakMap<Frame, Crop | null>());
  return (degrees) => {
    const crop = byHand.get(settled) ?? settled.crop;
    const ground = groundOf(size, { ...settled, degrees });
    const frame = { ...settled, degrees, crop: crop && storedCrop(ground, fitInside(ground, crop)) };
    byHand.set(frame, crop);
    return frame;
  };
}
