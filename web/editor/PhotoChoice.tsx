import { Check } from 'lucide-react';
import { isPlainLook, type Look } from '../../core/edits.ts';
import { PreviewCanvas } from '../darkroom/PreviewCanvas.tsx';
import { t } from '../i18n/text.ts';
import { Button } from '../ui/Button.tsx';
import type { EditorPhoto } from './Editor.tsx';
import { areSameLooks } from './history.ts';

type PhotoChoiceProps = {
  photos: readonly EditorPhoto[];
  selectedKey: string;
  look: Look;
  onSelect: (key: string) => void;
  onUseForAll: () => void;
};

const THUMBNAIL_SIDE = 128;

/** Which photo of the carousel is edited; and the look of this one for all of them. */
export function PhotoChoice({ photos, selectedKey, look, onSelect, onUseForAll }: PhotoChoiceProps) {
  const isSame = photos.every(({ edits }) => areSameLooks(edits.look, look));
  const isUsed = isSame && !isPlainLook(look);
  return (
    <div className="editor-photos">
      <ol className="editor-strip" aria-label={t('editor.photosOfPost')}>
        {photos.map(({ key, picture, edits, label }) => (
          <li key={key}>
            <button
              type="button"
              className="editor-thumbnail"
              aria-current={key === selectedKey}
              aria-label={label}
              onClick={() => onSelect(key)}
            >
              <PreviewCanvas
                className="editor-thumbnail-photo"
                photoKey={key}
                photo={picture}
                maxSide={THUMBNAIL_SIDE}
                edits={edits}
                aria-hidden
              />
            </button>
          </li>
        ))}
      </ol>
      <Button look="quiet" isSmall disabled={isSame} onClick={onUseForAll}>
        {isUsed && <Check aria-hidden size={16} />}
        {isUsed ? t('editor.usedForAll') : t('editor.useForAll')}
      </Button>
      <p className="hidden-visually" role="status">
        {isUsed ? t('editor.allHaveLook', { count: photos.length }) : ''}
      </p>
    </div>
  );
}
