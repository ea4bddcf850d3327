import { t } from '../i18n/text.ts';
import type { DraftPhoto } from '../state/upload-queue.ts';

/** How the sending goes, in one line, for all photos together. */
export function SendingSummary({ photos }: { photos: readonly DraftPhoto[] }) {
  const received = photos.filter((photo) => photo.sending.kind === 'received').length;
  const paused = photos.flatMap(({ sending }) => (sending.kind === 'paused' ? [sending.reason] : []));
  const isSending = photos.some((photo) => ['waiting', 'sending', 'paused'].includes(photo.sending.kind));
  return (
    <p className="muted sending-summary" role="status">
      {paused[0]
        ? t('composer.sendingGoesOn', { reason: paused[0] })
        : isSending
          ? t('composer.sendingPhotos', { received, count: photos.length })
          : ''}
    </p>
  );
}
