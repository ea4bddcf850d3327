import { useState } from 'react';

/** `size` in px; 'fill' takes the width of what surrounds it. */
type AvatarProps = { url: string | null; name: string; size: number | 'fill' };

/** Beside a name it says nothing new, so it has an empty alternative text. */
export function Avatar({ url, name, size }: AvatarProps) {
  const [failedUrl, setFailedUrl] = useState<string | null>(null);
  const letter = name.match(/[\p{L}\p{N}]/u)?.[0] ?? '·';
  const width = size === 'fill' ? '100%' : size;
  return (
    <span className="avatar" style={{ width }}>
      {url && url !== failedUrl ? (
        <img src={url} alt="" decoding="async" onError={() => setFailedUrl(url)} />
      ) : (
        <span className="avatar-letter" data-letter={letter} aria-hidden />
      )}
    </span>
  );
}
