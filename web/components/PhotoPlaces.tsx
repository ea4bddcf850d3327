import { MapPin } from 'lucide-react';
import type { Photo } from '../../core/shapes.ts';
import { t } from '../i18n/text.ts';
import { mapUrl, placeText } from './photo-place.ts';

/** Where the photos were taken, for those whose author shows it; photos of one spot share a line. */
export function PhotoPlaces({ photos }: { photos: readonly Photo[] }) {
  const places = new Map(photos.flatMap(({ place }) => (place ? [[placeText(place), place] as const] : [])));
  if (places.size === 0) return null;
  return (
    <ul className="places muted" aria-label={t('post.takenAt')}>
      {[...places].map(([text, place]) => (
        <li key={text}>
          <a href={mapUrl(place)} target="_blank" rel="noopener noreferrer nofollow">
            <MapPin aria-hidden size={14} />
            {text}
          </a>
        </li>
      ))}
    </ul>
  );
}
