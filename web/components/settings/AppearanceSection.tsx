import { Monitor, Moon, Sun } from 'lucide-react';
import { useState } from 'react';
import { t } from '../../i18n/text.ts';
import { type Appearance, readAppearance, setAppearance } from '../../state/appearance.ts';
import { showToast } from '../../state/toasts.ts';
import { LanguageField } from './LanguageField.tsx';

const CHOICES = [
  { appearance: 'system', label: 'settings.asSystem', icon: Monitor },
  { appearance: 'light', label: 'settings.light', icon: Sun },
  { appearance: 'dark', label: 'settings.dark', icon: Moon },
] as const;

export function AppearanceSection() {
  const [chosen, setChosen] = useState<Appearance>(readAppearance);
  const choose = (appearance: Appearance) => {
    setChosen(appearance);
    if (!setAppearance(appearance)) showToast(t('settings.notKept'));
  };
  return (
    <>
      <fieldset className="appearances">
        <legend className="hidden-visually">{t('settings.colours')}</legend>
        {CHOICES.map(({ appearance, label, icon: Icon }) => (
          <label key={appearance} className="appearance">
            <input
              type="radio"
              name="appearance"
              className="hidden-visually"
              checked={chosen === appearance}
              onChange={() => choose(appearance)}
            />
            <Icon aria-hidden size={24} strokeWidth={1.75} />
            {t(label)}
          </label>
        ))}
      </fieldset>
      <LanguageField />
    </>
  );
}
