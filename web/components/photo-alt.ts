import type { AccountCard, Photo } from '../../core/shapes.ts';
import { t } from '../i18n/text.ts';

/** Its description; where there is none, whose photo it is. */
export function altOf(photo: Photo, account: AccountCard, position: number, count: number): string {
  if (photo.altText) return photo.altText;
  const name = account.name || account.handle;
  return count > 1 ? t('feed.photoOfBy', { position, count, name }) : t('feed.photoBy', { name });
}
