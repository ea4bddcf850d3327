import { useId } from 'react';
import { isLanguage, type Language, languages } from '../../../core/languages.ts';
import { useEditMe } from '../../api/accounts.ts';
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
  const edit = useEditMe();
  const choose = async (next: Language) => {
    // Mails come in it, too; where the server cannot be told, this browser at least has it.
    await edit.mutateAsync({ language: next }).catch(() => undefined);
    chooseLanguage(next);
  };
  return (
    <div className="field">
      <label className="field-label" htmlFor={id}>
        {t('settings.language')}
      </label>
      <select
        id={id}
        className="input"
        value={language()}
        disabled={edit.isPending}
        onChange={(event) => isLanguage(event.target.value) && void choose(event.target.value)}
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
