import {
  Aperture,
  CloudFog,
  Contrast,
  Droplet,
  Grip,
  type LucideIcon,
  Moon,
  Sun,
  SunMedium,
  Thermometer,
  Triangle,
} from 'lucide-react';
import { useState } from 'react';
import { ADJUSTMENT_NAMES, ADJUSTMENTS, type AdjustmentName, type Look } from '../../core/edits.ts';
import type { Key } from '../i18n/messages.ts';
import { t } from '../i18n/text.ts';
import { useMedia } from '../ui/use-media.ts';
import { Slider } from './Slider.tsx';
import type { Editing } from './use-edits.ts';

const LABELS: Record<AdjustmentName, Key> = {
  brightness: 'editor.brightness',
  contrast: 'editor.contrast',
  warmth: 'editor.warmth',
  saturation: 'editor.saturation',
  highlights: 'editor.highlights',
  shadows: 'editor.shadows',
  fade: 'editor.fade',
  vignette: 'editor.vignette',
  sharpen: 'editor.sharpen',
  grain: 'editor.grain',
};

const ICONS: Record<AdjustmentName, LucideIcon> = {
  brightness: Sun,
  contrast: Contrast,
  warmth: Thermometer,
  saturation: Droplet,
  highlights: SunMedium,
  shadows: Moon,
  fade: CloudFog,
  vignette: Aperture,
  sharpen: Triangle,
  grain: Grip,
};

/** Beside the photo all sliders; below it, where there is little room, one at a time. */
export function AdjustPanel({ editing }: { editing: Editing }) {
  const isWide = useMedia('(min-width: 900px)');
  const [chosen, setChosen] = useState<AdjustmentName>('brightness');
  if (isWide)
    return ADJUSTMENT_NAMES.map((name) => <AdjustSlider key={name} name={name} editing={editing} />);
  return (
    <>
      <div className="editor-slot">
        <AdjustSlider key={chosen} name={chosen} editing={editing} />
      </div>
      <fieldset className="editor-adjustments">
        <legend className="hidden-visually">{t('editor.whatToAdjust')}</legend>
        {ADJUSTMENT_NAMES.map((name) => {
          const Icon = ICONS[name];
          return (
            <label
              key={name}
              className="editor-adjustment"
              data-changed={amountOf(editing.edits.look, name) !== 0}
            >
              <input
                type="radio"
                name="editor-adjustment"
                className="hidden-visually"
                checked={name === chosen}
                onChange={() => setChosen(name)}
              />
              <Icon aria-hidden size={24} />
              <span>{t(LABELS[name])}</span>
            </label>
          );
        })}
      </fieldset>
    </>
  );
}

function AdjustSlider({ name, editing }: { name: AdjustmentName; editing: Editing }) {
  const { edits, settled, slide, settle } = editing;
  return (
    <Slider
      label={t(LABELS[name])}
      value={amountOf(edits.look, name)}
      {...ADJUSTMENTS[name]}
      rest={0}
      onSlide={(value) => slide({ look: adjusted(settled.look, name, value) })}
      onSettle={(value) => settle(name, { look: adjusted(settled.look, name, value) })}
    />
  );
}

function amountOf(look: Look, name: AdjustmentName): number {
  return look.adjustments[name] ?? 0;
}

/** What is 0 is left out. */
function adjusted(look: Look, name: AdjustmentName, value: number): Look {
  const { [name]: _, ...others } = look.adjustments;
  return { ...look, adjustments: value === 0 ? others : { ...others, [name]: value } };
}
