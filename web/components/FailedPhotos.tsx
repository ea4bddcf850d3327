import type { DraftPhoto } from '../state/upload-queue.ts';
import { Button } from '../ui/Button.tsx';
import { draftStore } from './the-draft.ts';

export function FailedPhotos({ photos }: { photos: readonly DraftPhoto[] }) {
  return (
    <ul className="failed-photos" aria-label="Photos that could not be sent">
      {photos.map((photo, at) =>
        photo.sending.kind === 'failed' ? (
          <li key={photo.key} className="notice" data-kind="error" role="alert">
            <p>
              <span className="strong">Photo {at + 1}:</span> {photo.sending.reason}
            </p>
            <p className="failed-actions">
              <Button
                look="plain"
                aria-label={`Try again to send photo ${at + 1}`}
                onClick={() => draftStore.retry(photo.key)}
              >
                Try again
              </Button>
              <Button
                look="plain"
                aria-label={`Remove photo ${at + 1}`}
                onClick={() => draftStore.remove(photo.key)}
              >
                Remove
              </Button>
            </p>
          </li>
        ) : null,
      )}
    </ul>
  );
}
