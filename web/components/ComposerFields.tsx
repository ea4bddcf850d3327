import { useState } from 'react';
import { shownSize } from '../../core/frame.ts';
import { limits } from '../../core/limits.ts';
import type { Me } from '../../server/features/accounts/schema.ts';
import { faultOf } from '../api/client.ts';
import { PREVIEW_SIDE } from '../darkroom/darkroom.ts';
import { t } from '../i18n/text.ts';
import type { Draft } from '../state/draft.ts';
import type { DraftPhoto } from '../state/upload-queue.ts';
import { CompletedText } from './CompletedText.tsx';
import { PeopleDialog, PeopleRow } from './PeopleDialog.tsx';
import { PhotoCanvas } from './PhotoCanvas.tsx';
import { PhotoFields } from './PhotoFields.tsx';
import { PostOptions } from './PostOptions.tsx';
import { ScheduleField } from './ScheduleField.tsx';
import { draftStore } from './the-draft.ts';

type ComposerFieldsProps = { me: Me; draft: Draft; photo: DraftPhoto; at: number; error: unknown };

/** All that is said of the post, and of the photo that is chosen. */
export function ComposerFields({ me, draft, photo, at, error }: ComposerFieldsProps) {
  const [tagsPeople, setTagsPeople] = useState(false);
  const isTooLong = draft.caption.length > limits.captionMax;
  return (
    <>
      <CompletedText
        field={{
          label: t('composer.caption'),
          max: limits.captionMax,
          fault: isTooLong ? t('composer.captionTooLong') : faultOf(error, 'caption'),
        }}
        placeholder={t('composer.captionHint')}
        rows={4}
        value={draft.caption}
        onWrite={draftStore.write}
      />
      <PhotoFields key={photo.key} photo={photo} at={at} photos={draft.photos} />
      <PeopleRow people={photo.people} onOpen={() => setTagsPeople(true)} />
      <PostOptions
        choices={draft.choices}
        isPrivate={me.isPrivate}
        placeFault={faultOf(error, 'placeName')}
        onChange={draftStore.choose}
      />
      <ScheduleField draft={draft} fault={faultOf(error, 'publishAt')} />
      {tagsPeople && (
        <PeopleDialog
          position={at + 1}
          picture={<PhotoCanvas photo={photo} maxSide={PREVIEW_SIDE} />}
          ratio={ratioOf(photo)}
          people={photo.people}
          onChange={(people) => draftStore.edit(photo.key, { people })}
          onClose={() => setTagsPeople(false)}
        />
      )}
    </>
  );
}

/** width / height as it is shown; a square where this browser cannot read the photo. */
function ratioOf({ size, edits }: DraftPhoto): number {
  if (!size) return 1;
  const { width, height } = shownSize(size, edits.frame);
  return width / Math.max(1, height);
}
