import type { DraftPhoto } from '../state/upload-queue.ts';

/** How the sending goes, in one line, for all photos together. */
export function SendingSummary({ photos }: { photos: readonly DraftPhoto[] }) {
  const received = photos.filter((photo) => photo.sending.kind === 'received').length;
  const paused = photos.flatMap(({ sending }) => (sending.kind === 'paused' ? [sending.reason] : []));
  const isSending = photos.some((photo) => ['waiting', 'sending', 'paused'].includes(photo.sending.kind));
  return (
    <p className="muted sending-summary" role="status">
      {paused[0]
        ? `${withoutAdvice(paused[0])} Sending goes on by itself.`
        : isSending
          ? `Sending photos: ${received} of ${photos.length} received`
          : ''}
    </p>
  );
}

/** "Try again …" is what we do already. */
function withoutAdvice(sentence: string): string {
  return sentence.replace(/ ?Try again[^.]*\./, '');
}
