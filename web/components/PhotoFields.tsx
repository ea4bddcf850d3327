import { Link } from 'wouter';
import { limits } from '../../core/limits.ts';
import { paths } from '../paths.ts';
import type { DraftPhoto } from '../state/upload-queue.ts';
import { Switch, TextArea } from '../ui/Field.tsx';
import { placeText } from './photo-place.ts';
import { draftStore } from './the-draft.ts';

type PhotoFieldsProps = { photo: DraftPhoto; at: number; photos: readonly DraftPhoto[] };

export function PhotoFields({ photo, at, photos }: PhotoFieldsProps) {
  const which = photos.length > 1 ? ` of photo ${at + 1}` : '';
  return (
    <section className="form" aria-label={`Photo ${at + 1}`}>
      {photo.knownPostId && (
        <p className="muted">
          You have shared this photo before, in{' '}
          <Link href={paths.post(photo.knownPostId)} className="text-link">
            this post
          </Link>
          .
        </p>
      )}
      {photo.isUnreadable && (
        <p className="muted">
          This browser cannot show this kind of file. It is sent as it is; you can edit it once it is shared.
        </p>
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
      {photo.place && (
        <Switch
          label="Show where it was taken"
          hint={`${placeText(photo.place)}: everybody who sees the post sees the place. Off, the post does not tell it.`}
          isOn={photo.showsPlace}
          onChange={(showsPlace) => draftStore.edit(photo.key, { showsPlace })}
        />
      )}
    </section>
  );
}
