import { LANGUAGE_COOKIE, type Language } from '../../core/languages.ts';

const YEAR_SECONDS = 365 * 24 * 60 * 60;

/** The server sends the page in it from now on; this page is asked for anew, at its place. */
export function chooseLanguage(language: Language): void {
  // Not by the Cookie Store API, which pages that came over plain http do not have.
  Object.assign(document, {
    cookie: `${LANGUAGE_COOKIE}=${language}; path=/; max-age=${YEAR_SECONDS}; samesite=lax`,
  });
  location.reload();
}
