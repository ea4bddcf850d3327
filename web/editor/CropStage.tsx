import {
  type CSSProperties,
  type KeyboardEvent,
  type RefObject,
  useLayoutEffect,
  useRef,
  useState,
} from 'react';
import type { Crop, Frame } from '../../core/edits.ts';
import type { Size } from '../../core/frame.ts';
import { PREVIEW_SIDE } from '../darkroom/darkroom.ts';
import { PreviewCanvas } from '../darkroom/PreviewCanvas.tsx';
import type { Key } from '../i18n/messages.ts';
import { t } from '../i18n/text.ts';
import { type Ground, type Handle, moveCrop, resizeCrop, scaleCrop } from './crop-moves.ts';
import type { EditorPhoto } from './Editor.tsx';
import { useCropGestures } from './use-crop-gestures.ts';
import type { Editing } from './use-edits.ts';

type CropStageProps = {
  photo: EditorPhoto;
  /** The picture's, in px. */
  size: Size;
  ground: Ground;
  editing: Editing;
  crop: Crop;
  keepsRatio: boolean;
  /** While it is moved. */
  onMove: (crop: Crop) => void;
  onPlace: (control: string | null, crop: Crop) => void;
};

/** Corners last: where a small crop makes them overlap, they lie above the sides. */
const HANDLES: readonly { label: Key; handle: Handle }[] = [
  { label: 'editor.top', handle: { x: 0, y: -1 } },
  { label: 'editor.right', handle: { x: 1, y: 0 } },
  { label: 'editor.bottom', handle: { x: 0, y: 1 } },
  { label: 'editor.left', handle: { x: -1, y: 0 } },
  { label: 'editor.topLeft', handle: { x: -1, y: -1 } },
  { label: 'editor.topRight', handle: { x: 1, y: -1 } },
  { label: 'editor.bottomRight', handle: { x: 1, y: 1 } },
  { label: 'editor.bottomLeft', handle: { x: -1, y: 1 } },
];

/** Around the picture, so that its corners can be taken hold of. */
const MARGIN_PX = 26;
const KEY_STEP = 0.01;
const KEY_LEAP = 0.05;

/** The whole picture stays where it is; the crop is moved on it, or by its corners and sides, or with two fingers. */
export function CropStage({
  photo,
  size,
  ground,
  editing,
  crop,
  keepsRatio,
  onMove,
  onPlace,
}: CropStageProps) {
  const stage = useRef<HTMLDivElement>(null);
  const room = useRoom(stage);
  const { edits, settled, isSliding } = editing;
  const { turned } = ground;
  const scale = Math.min(room.width / turned.width, room.height / turned.height);
  const picture = { width: turned.width * scale, height: turned.height * scale };
  const gestures = useCropGestures({ ground, crop, keepsRatio, picture, onMove, onPlace });

  const onKeyDown = (event: KeyboardEvent, handle: Handle | null) => {
    const next = byKey(event, { ground, crop, keepsRatio }, handle);
    if (!next) return;
    event.preventDefault();
    onPlace('crop by key', next);
  };
  return (
    <div ref={stage} className="editor-stage crop-stage" data-moving={isSliding}>
      <div className="crop-picture" style={picture} {...gestures}>
        <PreviewCanvas
          className="crop-canvas"
          photoKey={photo.key}
          photo={photo.picture}
          maxSide={PREVIEW_SIDE}
          edits={settled}
          isWhole
          role="img"
          aria-label={t('editor.wholeOf', { photo: photo.label })}
          style={turnedAs(edits.frame, { width: size.width * scale, height: size.height * scale })}
        />
        <button
          type="button"
          className="crop-box"
          aria-label={t('editor.cropArea')}
          aria-description={t('editor.cropAreaHelp')}
          style={percent(crop)}
          onKeyDown={(event) => onKeyDown(event, null)}
        >
          <span className="crop-thirds" aria-hidden />
        </button>
        {HANDLES.map(({ label, handle }) => (
          <button
            key={label}
            type="button"
            className="crop-handle"
            data-x={handle.x}
            data-y={handle.y}
            aria-label={t(label)}
            aria-description={t('editor.handleHelp')}
            style={placeOf(crop, handle)}
            onKeyDown={(event) => onKeyDown(event, handle)}
          />
        ))}
      </div>
    </div>
  );
}

type Held = { ground: Ground; crop: Crop; keepsRatio: boolean };

function byKey(event: KeyboardEvent, { ground, crop, keepsRatio }: Held, handle: Handle | null): Crop | null {
  const step = event.shiftKey ? KEY_LEAP : KEY_STEP;
  if (!handle && (event.key === '+' || event.key === '=')) return scaleCrop(ground, crop, 1 + KEY_LEAP);
  if (!handle && event.key === '-') return scaleCrop(ground, crop, 1 / (1 + KEY_LEAP));
  const right = { ArrowLeft: -step, ArrowRight: step }[event.key] ?? 0;
  const down = { ArrowUp: -step, ArrowDown: step }[event.key] ?? 0;
  if (right === 0 && down === 0) return null;
  return handle
    ? resizeCrop(ground, crop, handle, { right, down }, keepsRatio)
    : moveCrop(ground, crop, right, down);
}

/** Written from the last to the first: turned, mirrored, straightened. `shown` is its size before it is turned. */
function turnedAs({ turns, isMirrored, degrees }: Frame, shown: Size): CSSProperties {
  return {
    ...shown,
    transform: `translate(-50%, -50%) rotate(${degrees}deg) scaleX(${isMirrored ? -1 : 1}) rotate(${turns * 90}deg)`,
  };
}

function percent({ left, top, width, height }: Crop): CSSProperties {
  return {
    left: `${left * 100}%`,
    top: `${top * 100}%`,
    width: `${width * 100}%`,
    height: `${height * 100}%`,
  };
}

function placeOf(crop: Crop, { x, y }: Handle): CSSProperties {
  return {
    left: `${(crop.left + (crop.width * (x + 1)) / 2) * 100}%`,
    top: `${(crop.top + (crop.height * (y + 1)) / 2) * 100}%`,
  };
}

/** In px, for the picture. */
function useRoom(stage: RefObject<HTMLElement | null>): Size {
  const [room, setRoom] = useState<Size>({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const element = stage.current;
    if (!element) return;
    const measure = () =>
      setRoom({
        width: Math.max(0, element.clientWidth - 2 * MARGIN_PX),
        height: Math.max(0, element.clientHeight - 2 * MARGIN_PX),
      });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [stage]);
  return room;
}
