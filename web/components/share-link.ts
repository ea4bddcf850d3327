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
  await copy(new URL(path, location.origin).href, t('common.linkCopied'));
}

export async function copyText(text: string): Promise<void> {
  await copy(text, t('common.textCopied'));
}

async function copy(text: string, done: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    showToast(done);
  } catch {
    // Browsers give the clipboard only to pages that came over https.
    showToast(text);
  }
}
