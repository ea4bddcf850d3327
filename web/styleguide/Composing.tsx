import { useState } from 'react';
import { AccountChoice, ChoiceList } from '../components/ChoiceList.tsx';
import { DraftRow } from '../components/DraftRow.tsx';
import { FailedPhotos } from '../components/FailedPhotos.tsx';
import { PhotoStrip } from '../components/PhotoStrip.tsx';
import { PostOptions } from '../components/PostOptions.tsx';
import { SendingSummary } from '../components/SendingSummary.tsx';
import { useChoiceList } from '../components/use-choice-list.ts';
import type { PostChoices } from '../state/post-choices.ts';
import type { Sending } from '../state/upload-queue.ts';
import { draft, draftPhoto, people } from './samples.ts';
import '../pages/new-post.css';

const noop = () => undefined;
const REASON = 'The server cannot be reached.';
const THUMBHASH = '1QcSHQRnh493V4dIh4eXh1h4kJUI';
const SENDINGS: Sending[] = [
  { kind: 'waiting' },
  { kind: 'sending', percent: 40 },
  { kind: 'paused', percent: 72, reason: REASON },
  { kind: 'received', uploadId: '1', thumbhash: THUMBHASH },
  { kind: 'failed', reason: 'This file is damaged.' },
];
const PHOTOS = SENDINGS.map(draftPhoto);
const PHOTO = { uploadId: '1', url: null, thumbhash: THUMBHASH, isMissing: false };
const DRAFTS = [
  draft('Not shared yet', { photos: [PHOTO, PHOTO] }),
  draft('', { publishAt: '2027-12-01T12:00:00.000Z' }),
  draft('Due, and failed', { failure: 'x', failureCode: 'image_damaged' }),
  draft('A photo is gone', { photos: [{ ...PHOTO, isMissing: true }] }),
];

/** A new post: its photos in each state of their sending, its choices, what a field offers, and drafts. */
export function Composing() {
  const [choices, setChoices] = useState<PostChoices>({
    placeName: 'Reykjavík, Iceland',
    audience: 'followers',
    takesComments: false,
    hidesLikeCount: false,
  });
  const offered = [people.ann, people.long, people.arabic];
  const keys = useChoiceList({ count: offered.length, onChoose: noop, onClose: noop });
  return (
    <div className="styleguide-wide styleguide-stack">
      <PhotoStrip photos={PHOTOS} selectedKey="1" onAdd={noop} />
      <SendingSummary photos={PHOTOS} />
      <FailedPhotos photos={PHOTOS} />
      <PostOptions
        choices={choices}
        isPrivate={false}
        onChange={(change) => setChoices((before) => ({ ...before, ...change }))}
      />
      <ChoiceList
        keys={keys}
        side="flow"
        choices={offered.map((account) => ({
          key: account.handle,
          shown: <AccountChoice account={account} />,
        }))}
        onChoose={noop}
      />
      <ul>
        {DRAFTS.map((each) => (
          <DraftRow key={each.id} draft={each} />
        ))}
      </ul>
    </div>
  );
}
