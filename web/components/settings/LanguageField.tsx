import { useId } from 'react';
import { isLanguage, type Language, languages } from '../../../core/languages.ts';
import { language } from '../../i18n/messages.ts';
import { t } from '../../i18n/text.ts';
import { chooseLanguage } from '../../state/language.ts';

/** Each in its own words: whoever reads no other finds it. */
const NAMES: Record<Language, string> = {
  en: 'English',
  de: 'Deutsch',
  'pt-BR': 'Português (Brasil)',
  ar: 'العربية',
};

export function LanguageField() {
  const id = useId();
  return (
    <div className="field">
      <label className="field-label" htmlFor={id}>
        {t('settings.language')}
      </label>
      <select
        id={id}
        className="input"
        value={language()}
        onChange={(event) => isLanguage(event.target.value) && chooseLanguage(event.target.value)}
      >
        {languages.map((each) => (
          <option key={each} value={each} lang={each}>
            {NAMES[each]}
          </option>
        ))}
      </select>
    </div>
  );
}
