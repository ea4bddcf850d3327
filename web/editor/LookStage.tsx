import { PLAIN_LOOK } from '../../core/edits.ts';
import { PREVIEW_SIDE } from '../darkroom/darkroom.ts';
import { PreviewCanvas } from '../darkroom/PreviewCanvas.tsx';
import { t } from '../i18n/text.ts';
import type { EditorPhoto } from './Editor.tsx';
import type { Editing } from './use-edits.ts';
import { useHold } from './use-hold.ts';

type LookStageProps = {
  photo: EditorPhoto;
  editing: Editing;
  isComparing: boolean;
  onCompare: (isComparing: boolean) => void;
};

/** The photo as it will be; without its look for as long as it is pressed. */
export function LookStage({ photo, editing, isComparing, onCompare }: LookStageProps) {
  const { isHeld, onKeyDown, onKeyUp, onBlur, ...pointer } = useHold(onCompare);
  const { frame, look } = editing.edits;
  return (
    <div className="editor-stage" {...pointer}>
      <PreviewCanvas
        className="editor-photo"
        photoKey={photo.key}
        photo={photo.picture}
        maxSide={PREVIEW_SIDE}
        edits={{ frame, look: isComparing ? PLAIN_LOOK : look }}
        role="img"
        aria-label={isComparing ? t('editor.beforeOf', { photo: photo.label }) : photo.label}
      />
      {isComparing && <p className="editor-before">{t('editor.before')}</p>}
    </div>
  );
}
