import { ArrowLeft, ArrowRight, SlidersHorizontal, Trash2 } from 'lucide-react';
import { PREVIEW_SIDE } from '../darkroom/darkroom.ts';
import { t } from '../i18n/text.ts';
import type { DraftPhoto } from '../state/upload-queue.ts';
import { Button, IconButton } from '../ui/Button.tsx';
import { PhotoCanvas } from './PhotoCanvas.tsx';
import { draftStore } from './the-draft.ts';

type PhotoStageProps = {
  photo: DraftPhoto;
  at: number;
  photos: readonly DraftPhoto[];
  onEdit: () => void;
};

export function PhotoStage({ photo, at, photos, onEdit }: PhotoStageProps) {
  return (
    <div className="stage">
      <div className="stage-photo">
        <PhotoCanvas
          photo={photo}
          maxSide={PREVIEW_SIDE}
          label={photo.altText || t('composer.preview', { position: at + 1 })}
        />
      </div>
      <div className="stage-bar">
        <Button look="quiet" isSmall disabled={!photo.prepared} onClick={onEdit}>
          <SlidersHorizontal aria-hidden size={18} />
          {t('composer.edit')}
        </Button>
        {photos.length > 1 && (
          <>
            <IconButton
              label={t('composer.moveEarlier')}
              disabled={at === 0}
              onClick={() => draftStore.move(at, at - 1)}
            >
              <ArrowLeft aria-hidden className="mirrored" size={20} />
            </IconButton>
            <span className="muted" aria-live="polite">
              {t('composer.positionOf', { position: at + 1, count: photos.length })}
            </span>
            <IconButton
              label={t('composer.moveLater')}
              disabled={at === photos.length - 1}
              onClick={() => draftStore.move(at, at + 1)}
            >
              <ArrowRight aria-hidden className="mirrored" size={20} />
            </IconButton>
          </>
        )}
        <IconButton
          label={t('composer.removePhoto')}
          className="stage-remove"
          onClick={() => draftStore.remove(photo.key)}
        >
          <Trash2 aria-hidden size={20} />
        </IconButton>
      </div>
    </div>
  );
}
