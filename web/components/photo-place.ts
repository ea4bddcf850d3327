import type { Place } from '../../core/exif.ts';

const DECIMALS = 4;

/** Degrees, to about ten metres: "52.5200, 13.4050". */
export function placeText({ latitude, longitude }: Place): string {
  return `${latitude.toFixed(DECIMALS)}, ${longitude.toFixed(DECIMALS)}`;
}

/** On a map that anybody can read without an account. */
export function mapUrl({ latitude, longitude }: Place): string {
  const [north, east] = [latitude.toFixed(DECIMALS), longitude.toFixed(DECIMALS)];
  return `https://www.openstreetmap.org/?mlat=${north}&mlon=${east}#map=14/${north}/${east}`;
}

/** No more precise than it is shown. */
export function roughly({ latitude, longitude }: Place): Place {
  return { latitude: Number(latitude.toFixed(DECIMALS)), longitude: Number(longitude.toFixed(DECIMALS)) };
}
