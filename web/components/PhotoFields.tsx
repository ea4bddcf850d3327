import { Link } from 'wouter';
import { limits } from '../../core/limits.ts';
import { Text } from '../i18n/Text.tsx';
import { t } from '../i18n/text.ts';
import { paths } from '../paths.ts';
import type { DraftPhoto } from '../state/upload-queue.ts';
import { Switch, TextArea } from '../ui/Field.tsx';
import { placeText } from './photo-place.ts';
import { draftStore } from './the-draft.ts';

type PhotoFieldsProps = { photo: DraftPhoto; at: number; photos: readonly DraftPhoto[] };

export function PhotoFields({ photo, at, photos }: PhotoFieldsProps) {
  const position = at + 1;
  return (
    <section className="form" aria-label={t('composer.photo', { position })}>
      {photo.knownPostId && (
        <p className="muted">
          <Text
            id="composer.sharedBefore"
            values={{
              link: (
                <Link href={paths.post(photo.knownPostId)} className="text-link">
                  {t('composer.thisPost')}
                </Link>
              ),
            }}
          />
        </p>
      )}
      {photo.isUnreadable && <p className="muted">{t('composer.unreadable')}</p>}
      <TextArea
        label={photos.length > 1 ? t('composer.descriptionOf', { position }) : t('composer.description')}
        hint={t('composer.descriptionHint')}
        rows={2}
        max={limits.altTextMax}
        value={photo.altText}
        onChange={(event) => draftStore.edit(photo.key, { altText: event.target.value })}
        fault={photo.altText.length > limits.altTextMax ? t('composer.descriptionTooLong') : undefined}
      />
      {photo.place && (
        <Switch
          label={t('composer.showPlace')}
          hint={t('composer.showPlaceHint', { place: placeText(photo.place) })}
          isOn={photo.showsPlace}
          onChange={(showsPlace) => draftStore.edit(photo.key, { showsPlace })}
        />
      )}
    </section>
  );
}
