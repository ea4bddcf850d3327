import { CircleAlert, CloudOff, Plus } from 'lucide-react';
import { limits } from '../../core/limits.ts';
import type { DraftPhoto, Sending } from '../state/upload-queue.ts';
import { PhotoCanvas } from './PhotoCanvas.tsx';
import { draftStore } from './the-draft.ts';
import { useReorder } from './use-reorder.ts';

type PhotoStripProps = { photos: readonly DraftPhoto[]; selectedKey: string | null; onAdd: () => void };

const THUMBNAIL_SIDE = 192;

export function PhotoStrip({ photos, selectedKey, onAdd }: PhotoStripProps) {
  const { dragged, onPointerDown, ...drag } = useReorder(draftStore.move);
  return (
    <ol className="strip" aria-label="Photos of this post" {...drag}>
      {photos.map((photo, at) => (
        <li key={photo.key} data-at={at} data-dragged={dragged === at}>
          <button
            type="button"
            className="strip-photo"
            aria-pressed={photo.key === selectedKey}
            aria-label={`Photo ${at + 1} of ${photos.length}, ${stateText(photo.sending)}`}
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
          <button type="button" className="strip-add" aria-label="Add photos" onClick={onAdd}>
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
        `${sending.percent} %`
      ) : sending.kind === 'paused' ? (
        <CloudOff size={22} />
      ) : (
        'Waiting'
      )}
    </span>
  );
}

function stateText(sending: Sending): string {
  if (sending.kind === 'received') return 'received';
  if (sending.kind === 'failed') return `failed: ${sending.reason}`;
  if (sending.kind === 'paused') return `waiting for the connection, ${sending.percent} per cent sent`;
  return sending.kind === 'sending' ? `sending, ${sending.percent} per cent` : 'waiting';
}
