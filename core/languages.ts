/** The languages that all text of the client exists in. */
export const languages = ['en', 'de', 'pt-BR', 'ar'] as const;
export type Language = (typeof languages)[number];

/** Chosen in the settings; kept in this cookie, so that the server's first reply is right already. */
export const LANGUAGE_COOKIE = 'language';

export function isLanguage(text: unknown): text is Language {
  return (languages as readonly unknown[]).includes(text);
}

export function directionOf(language: Language): 'ltr' | 'rtl' {
  return language === 'ar' ? 'rtl' : 'ltr';
}

/**
 * Which of ours somebody reads best, by his wishes, best first (BCP 47): the same, or another variant of the same language
 * (pt-PT reads pt-BR, de-AT reads de). English if nothing fits.
 */
export function chooseLanguage(wishes: readonly string[]): Language {
  for (const wish of wishes) {
    const [main] = wish.toLowerCase().split('-');
    const found =
      languages.find((language) => language.toLowerCase() === wish.toLowerCase()) ??
      languages.find((language) => language.toLowerCase().split('-')[0] === main);
    if (found) return found;
  }
  return 'en';
}
