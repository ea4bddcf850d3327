import { readSetting, writeSetting } from './settings.ts';

export type Appearance = 'system' | 'light' | 'dark';

const KEY = 'pinhole.appearance';

export function readAppearance(): Appearance {
  const kept = readSetting(KEY);
  return kept === 'light' || kept === 'dark' ? kept : 'system';
}

/** Gives whether it will be so again at the next visit. */
export function setAppearance(appearance: Appearance): boolean {
  applyAppearance(appearance);
  return writeSetting(KEY, appearance === 'system' ? null : appearance);
}

export function applyAppearance(appearance: Appearance): void {
  if (appearance === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = appearance;
}
