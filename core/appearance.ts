/** Light or dark, where somebody has chosen one of them: in a cookie, so that the server sends the page in it. */
export const themes = ['light', 'dark'] as const;
export type Theme = (typeof themes)[number];
export const THEME_COOKIE = 'pinhole_theme';

export function isTheme(text: string | null | undefined): text is Theme {
  return themes.some((theme) => theme === text);
}
