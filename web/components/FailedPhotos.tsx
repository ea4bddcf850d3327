import { t } from '../i18n/text.ts';
import type { DraftPhoto } from '../state/upload-queue.ts';
import { Button } from '../ui/Button.tsx';
import { draftStore } from './the-draft.ts';

export function FailedPhotos({ photos }: { photos: readonly DraftPhoto[] }) {
  return (
    <ul className="failed-photos" aria-label={t('composer.failedPhotos')}>
      {photos.map((photo, at) =>
        photo.sending.kind === 'failed' ? (
          <li key={photo.key}>
            <div className="notice" data-kind="error" role="alert">
              <p>
                <span className="strong">{t('composer.whichPhoto', { position: at + 1 })}</span>{' '}
                {photo.sending.reason}
              </p>
              <p className="failed-actions">
                <Button
                  look="plain"
                  aria-label={t('composer.retryPhoto', { position: at + 1 })}
                  onClick={() => draftStore.retry(photo.key)}
                >
                  {t('common.tryAgain')}
                </Button>
                <Button
                  look="plain"
                  aria-label={t('composer.removePhotoOf', { position: at + 1 })}
                  onClick={() => draftStore.remove(photo.key)}
                >
                  {t('common.remove')}
                </Button>
              </p>
            </div>
          </li>
        ) : null,
      )}
    </ul>
  );
}
