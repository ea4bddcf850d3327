import { isTheme, THEME_COOKIE, type Theme } from '../../core/appearance.ts';
import { setCookie } from './cookies.ts';
import { readSetting, writeSetting } from './settings.ts';

export type Appearance = 'system' | Theme;

const KEY = 'pinhole.appearance';

export function readAppearance(): Appearance {
  const kept = readSetting(KEY);
  return isTheme(kept) ? kept : 'system';
}

/** Gives whether it will be so again at the next visit. */
export function setAppearance(appearance: Appearance): boolean {
  applyAppearance(appearance);
  const chosen = appearance === 'system' ? null : appearance;
  setCookie(THEME_COOKIE, chosen);
  return writeSetting(KEY, chosen);
}

export function applyAppearance(appearance: Appearance): void {
  if (appearance === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = appearance;
}
