import { CircleAlert, CloudOff, Plus } from 'lucide-react';
import { limits } from '../../core/limits.ts';
import { t } from '../i18n/text.ts';
import type { DraftPhoto, Sending } from '../state/upload-queue.ts';
import { PhotoCanvas } from './PhotoCanvas.tsx';
import { draftStore } from './the-draft.ts';
import { useReorder } from './use-reorder.ts';

type PhotoStripProps = { photos: readonly DraftPhoto[]; selectedKey: string | null; onAdd: () => void };

const THUMBNAIL_SIDE = 192;

export function PhotoStrip({ photos, selectedKey, onAdd }: PhotoStripProps) {
  const { dragged, onPointerDown, ...drag } = useReorder(draftStore.move);
  return (
    <ol className="strip" aria-label={t('composer.photosOfPost')} {...drag}>
      {photos.map((photo, at) => (
        <li key={photo.key} data-at={at} data-dragged={dragged === at}>
          <button
            type="button"
            className="strip-photo"
            aria-pressed={photo.key === selectedKey}
            aria-label={t('composer.photoState', {
              position: at + 1,
              count: photos.length,
              state: stateText(photo.sending),
            })}
            onClick={() => draftStore.select(photo.key)}
            onPointerDown={(event) => onPointerDown(event, at)}
          >
            <PhotoCanvas photo={photo} maxSide={THUMBNAIL_SIDE} />
            <SendingMark sending={photo.sending} />
          </button>
        </li>
      ))}
      {photos.length < limits.photosPerPost && (
        <li>
          <button type="button" className="strip-add" aria-label={t('composer.addPhotos')} onClick={onAdd}>
            <Plus aria-hidden size={24} />
          </button>
        </li>
      )}
    </ol>
  );
}

function SendingMark({ sending }: { sending: Sending }) {
  if (sending.kind === 'received') return null;
  if (sending.kind === 'failed') {
    return (
      <span className="strip-state" data-failed="true" aria-hidden>
        <CircleAlert size={24} />
      </span>
    );
  }
  return (
    <span className="strip-state" aria-hidden>
      {sending.kind === 'sending' ? (
        t('composer.percent', { percent: sending.percent })
      ) : sending.kind === 'paused' ? (
        <CloudOff size={22} />
      ) : (
        t('composer.waiting')
      )}
    </span>
  );
}

function stateText(sending: Sending): string {
  if (sending.kind === 'received') return t('composer.stateReceived');
  if (sending.kind === 'failed') return t('composer.stateFailed', { reason: sending.reason });
  if (sending.kind === 'paused') return t('composer.statePaused', { percent: sending.percent });
  return sending.kind === 'sending'
    ? t('composer.stateSending', { percent: sending.percent })
    : t('composer.stateWaiting');
}
