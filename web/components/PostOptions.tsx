import { Globe, MapPin, Users } from 'lucide-react';
import { useId } from 'react';
import { limits } from '../../core/limits.ts';
import { t } from '../i18n/text.ts';
import type { PostChoices } from '../state/post-choices.ts';
import { Field, Switch } from '../ui/Field.tsx';
import './post-options.css';

type PostOptionsProps = {
  choices: PostChoices;
  isPrivate: boolean;
  placeFault?: string | undefined;
  onChange: (change: Partial<PostChoices>) => void;
};

/** Where it was, who may see it, whether it takes comments, and whether its likes are counted for all. */
export function PostOptions({ choices, isPrivate, placeFault, onChange }: PostOptionsProps) {
  const { placeName, takesComments, hidesLikeCount } = choices;
  return (
    <>
      <div className="place-field">
        <Field
          label={t('composer.place')}
          placeholder={t('composer.placeHint')}
          autoComplete="off"
          max={limits.placeNameMax}
          value={placeName}
          onChange={(event) => onChange({ placeName: event.target.value })}
          fault={placeName.length > limits.placeNameMax ? t('composer.placeTooLong') : placeFault}
        />
        <MapPin aria-hidden size={18} />
      </div>
      <Audience {...{ choices, isPrivate, onChange }} />
      <div className="switches">
        <Switch
          label={t('composer.commentsOff')}
          hint={t('composer.commentsOffHint')}
          isOn={!takesComments}
          onChange={(isOff) => onChange({ takesComments: !isOff })}
        />
        <Switch
          label={t('composer.hideLikes')}
          hint={t('composer.hideLikesHint')}
          isOn={hidesLikeCount}
          onChange={(isHidden) => onChange({ hidesLikeCount: isHidden })}
        />
      </div>
    </>
  );
}

const AUDIENCES = [
  { audience: 'everyone', label: 'composer.everyone', icon: Globe },
  { audience: 'followers', label: 'composer.followers', icon: Users },
] as const;

function Audience({ choices, isPrivate, onChange }: Omit<PostOptionsProps, 'placeFault'>) {
  const name = useId();
  if (isPrivate) {
    return (
      <div className="field">
        <p className="field-label">{t('composer.audience')}</p>
        <p className="muted">{t('composer.privateAudience')}</p>
      </div>
    );
  }
  return (
    <fieldset className="audience">
      <legend className="field-label">{t('composer.audience')}</legend>
      <div className="segments">
        {AUDIENCES.map(({ audience, label, icon: Icon }) => (
          <label key={audience} className="segment">
            <input
              type="radio"
              name={name}
              value={audience}
              checked={choices.audience === audience}
              onChange={() => onChange({ audience })}
            />
            <Icon aria-hidden size={18} />
            {t(label)}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
