import { LANGUAGE_COOKIE, type Language } from '../../core/languages.ts';
import { setCookie } from './cookies.ts';

/** The server sends the page in it from now on; this page is asked for anew, at its place. */
export function chooseLanguage(language: Language): void {
  setCookie(LANGUAGE_COOKIE, language);
  location.reload();
}
