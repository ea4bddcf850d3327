import { t } from '../i18n/text.ts';
import { showToast } from '../state/toasts.ts';

/** The system's own sheet where there is one (phones), else the clipboard. */
export async function shareLink(path: string): Promise<void> {
  const url = new URL(path, location.origin).href;
  const isPhone = matchMedia('(pointer: coarse)').matches;
  if (isPhone && navigator.share) await navigator.share({ url }).catch(() => undefined);
  else await copyLink(path);
}

export async function copyLink(path: string): Promise<void> {
  const url = new URL(path, location.origin).href;
  try {
    await navigator.clipboard.writeText(url);
    showToast(t('common.linkCopied'));
  } catch {
    // Browsers give the clipboard only to pages that came over https.
    showToast(url);
  }
}
