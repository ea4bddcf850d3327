import { ArrowLeft, ArrowRight, Trash2 } from 'lucide-react';
import { limits } from '../../core/limits.ts';
import type { DraftPhoto } from '../state/upload-queue.ts';
import { Button, IconButton } from '../ui/Button.tsx';
import { TextArea } from '../ui/Field.tsx';
import { FilterChoice } from './FilterChoice.tsx';
import { PhotoCanvas } from './PhotoCanvas.tsx';
import { draftStore } from './the-draft.ts';

type PhotoEditorProps = { photo: DraftPhoto; at: number; photos: readonly DraftPhoto[] };

/** The renditions' largest side: the preview shows the pixels that the server will make. */
const PREVIEW_SIDE = 1_080;

export function PhotoStage({ photo, at, photos }: PhotoEditorProps) {
  return (
    <div className="stage">
      <div className="stage-photo">
        <PhotoCanvas
          photo={photo}
          maxSide={PREVIEW_SIDE}
          label={photo.altText || `Preview of photo ${at + 1}`}
        />
      </div>
      <div className="stage-bar">
        {photos.length > 1 && (
          <>
            <IconButton label="Move earlier" disabled={at === 0} onClick={() => draftStore.move(at, at - 1)}>
              <ArrowLeft aria-hidden size={20} />
            </IconButton>
            <span className="muted" aria-live="polite">
              {at + 1} of {photos.length}
            </span>
            <IconButton
              label="Move later"
              disabled={at === photos.length - 1}
              onClick={() => draftStore.move(at, at + 1)}
            >
              <ArrowRight aria-hidden size={20} />
            </IconButton>
          </>
        )}
        <IconButton
          label="Remove photo"
          className="stage-remove"
          onClick={() => draftStore.remove(photo.key)}
        >
          <Trash2 aria-hidden size={20} />
        </IconButton>
      </div>
    </div>
  );
}

export function PhotoFields({ photo, at, photos }: PhotoEditorProps) {
  const which = photos.length > 1 ? ` of photo ${at + 1}` : '';
  const applyToAll = () => {
    for (const other of photos) draftStore.edit(other.key, { filter: photo.filter });
  };
  return (
    <section className="form" aria-label={`Photo ${at + 1}`}>
      {photo.prepared && <FilterChoice photo={photo} />}
      {photos.length > 1 && photos.some((other) => other.filter !== photo.filter) && (
        <Button look="plain" className="use-for-all" onClick={applyToAll}>
          Use this filter for all photos
        </Button>
      )}
      <TextArea
        label={`Description${which}`}
        hint="For people who cannot see it: what is in the photo?"
        rows={2}
        max={limits.altTextMax}
        value={photo.altText}
        onChange={(event) => draftStore.edit(photo.key, { altText: event.target.value })}
        fault={photo.altText.length > limits.altTextMax ? 'This description is too long.' : undefined}
      />
    </section>
  );
}
