import { Download } from 'lucide-react';
import { createElement } from 'react';
import type { PostCard } from '../../core/shapes.ts';
import { useMe } from '../api/accounts.ts';
import { originalUrl, useKeptOriginals } from '../api/photos.ts';
import { t } from '../i18n/text.ts';
import type { MenuEntry } from '../ui/Menu.tsx';

/** For the author: one entry for each photo whose untouched file is kept. */
export function useOriginalEntries(post: PostCard): MenuEntry[] {
  const me = useMe();
  const kept = useKeptOriginals(post, me?.id === post.account.id && post.state === 'published');
  return post.photos.flatMap(({ mediaId }, at) =>
    kept.has(mediaId)
      ? [
          {
            label:
              post.photos.length > 1
                ? t('post.downloadOriginalOf', { position: at + 1 })
                : t('post.downloadOriginal'),
            icon: createElement(Download, { size: 20, 'aria-hidden': true }),
            run: () => download(originalUrl(post.id, mediaId)),
          },
        ]
      : [],
  );
}

/** The server gives the file its name. */
function download(url: string): void {
  const link = document.createElement('a');
  link.href = url;
  link.download = '';
  link.click();
}
