import { FlipHorizontal2, RotateCcw, RotateCwSquare } from 'lucide-react';
import { DEGREES_MAX, type Frame, isPlainFrame } from '../../core/edits.ts';
import type { Size } from '../../core/frame.ts';
import { t } from '../i18n/text.ts';
import { Button } from '../ui/Button.tsx';
import { RATIO_NAMES, RATIOS, type RatioName } from './ratios.ts';
import { Slider } from './Slider.tsx';
import { toolPanel } from './ToolTabs.tsx';

type CropPanelProps = {
  frame: Frame;
  /** What is left of the picture, in its pixels. */
  shown: Size;
  ratio: RatioName;
  isSliding: boolean;
  onRatio: (ratio: RatioName) => void;
  onStraighten: (degrees: number) => void;
  onStraightened: (degrees: number) => void;
  onRotate: () => void;
  onFlip: () => void;
  onReset: () => void;
};

const STEP_DEGREES = 0.1;

export function CropPanel({ frame, shown, ratio, isSliding, ...props }: CropPanelProps) {
  const { onRatio, onStraighten, onStraightened, onRotate, onFlip, onReset } = props;
  return (
    <div className="editor-panel" {...toolPanel('crop')}>
      <Slider
        label={t('editor.straighten')}
        value={frame.degrees}
        min={-DEGREES_MAX}
        max={DEGREES_MAX}
        step={STEP_DEGREES}
        rest={0}
        unit="°"
        onSlide={onStraighten}
        onSettle={onStraightened}
      />
      <fieldset className="editor-ratios">
        <legend className="hidden-visually">{t('editor.shape')}</legend>
        {RATIO_NAMES.map((name) => (
          <label key={name} className="editor-ratio">
            <input
              type="radio"
              name="editor-ratio"
              className="hidden-visually"
              checked={name === ratio}
              onChange={() => onRatio(name)}
            />
            <span>{ratioText(name)}</span>
          </label>
        ))}
      </fieldset>
      <div className="editor-turns">
        <Button look="plain" onClick={onRotate}>
          <RotateCwSquare aria-hidden size={20} />
          {t('editor.rotate')}
        </Button>
        <Button look="plain" onClick={onFlip}>
          <FlipHorizontal2 aria-hidden size={20} />
          {t('editor.flip')}
        </Button>
        <Button look="plain" disabled={isPlainFrame(frame)} onClick={onReset}>
          <RotateCcw aria-hidden size={20} />
          {t('editor.reset')}
        </Button>
        <p className="editor-size muted" aria-live={isSliding ? 'off' : 'polite'}>
          <span className="hidden-visually">{t('editor.size')} </span>
          <span dir="ltr">
            {Math.round(shown.width)} × {Math.round(shown.height)}
          </span>
        </p>
      </div>
    </div>
  );
}

function ratioText(name: RatioName): string {
  if (name === 'free') return t('editor.free');
  return name === 'original' ? t('editor.original') : RATIOS[name];
}
