import { FailedPhotos } from '../components/FailedPhotos.tsx';
import { PhotoStrip } from '../components/PhotoStrip.tsx';
import { SendingSummary } from '../components/SendingSummary.tsx';
import type { Sending } from '../state/upload-queue.ts';
import { draftPhoto } from './samples.ts';
import '../pages/new-post.css';

const REASON = 'The server cannot be reached.';
const SENDINGS: Sending[] = [
  { kind: 'waiting' },
  { kind: 'sending', percent: 40 },
  { kind: 'paused', percent: 72, reason: REASON },
  { kind: 'received', uploadId: '1', thumbhash: '1QcSHQRnh493V4dIh4eXh1h4kJUI' },
  { kind: 'failed', reason: 'This file is damaged.' },
];
const PHOTOS = SENDINGS.map(draftPhoto);

/** The photos of a new post, in each state of their sending. */
export function Composing() {
  return (
    <div className="styleguide-wide styleguide-stack">
      <PhotoStrip photos={PHOTOS} selectedKey="1" onAdd={() => undefined} />
      <SendingSummary photos={PHOTOS} />
      <FailedPhotos photos={PHOTOS} />
    </div>
  );
}
