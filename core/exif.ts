/**
 * When and where a photo was taken, from its EXIF block (a TIFF file inside the photo). Nothing here trusts a length
 * or an offset from the file, or reads past its end: whatever is not as it should be counts as absent.
 */
export type Place = { readonly latitude: number; readonly longitude: number };
export type Exif = { readonly takenAt: string | null; readonly place: Place | null };

const EXIF_FOLDER = 0x8769;
const GPS_FOLDER = 0x8825;
const DATE_TIME_ORIGINAL = 0x9003;
const GPS = { latitudeRef: 1, latitude: 2, longitudeRef: 3, longitude: 4 };
const PREFIX = 'Exif\0\0';
const ENTRY_BYTES = 12;
/** Where a camera puts EXIF: in the first segments of the file. */
const SEARCHED_BYTES = 256 * 1024;

type Tiff = { view: DataView; isLittle: boolean };

/**
 * `takenAt` is EXIF's DateTimeOriginal as `2024-05-31T18:20:07`: what the camera's clock showed, without a zone, since
 * EXIF has none there. `place` is in degrees, north and east positive. Null is what is absent, or no date, or no place.
 * `tiff` may begin with EXIF's own prefix.
 */
export function readExif(tiff: Uint8Array): Exif {
  const bytes = startsWith(tiff, 0, PREFIX) ? tiff.subarray(PREFIX.length) : tiff;
  const isLittle = startsWith(bytes, 0, 'II');
  if (!isLittle && !startsWith(bytes, 0, 'MM')) return { takenAt: null, place: null };
  const file = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), isLittle };
  const first = uint32(file, 4);
  return {
    takenAt: readTakenAt(file, folderAt(file, first, EXIF_FOLDER)),
    place: readPlace(file, folderAt(file, first, GPS_FOLDER)),
  };
}

/** The EXIF block of a JPEG, without its prefix, or null if there is none whole in the first 256 kB. */
export function exifOfJpeg(bytes: Uint8Array): Uint8Array | null {
  const file = bytes.subarray(0, SEARCHED_BYTES);
  if (file[0] !== 0xff || file[1] !== 0xd8) return null;
  for (let at = 2; file[at] === 0xff; ) {
    const marker = file[at + 1] ?? 0;
    const length = ((file[at + 2] ?? 0) << 8) | (file[at + 3] ?? 0);
    // A segment counts its own length; after the start of the scan (0xda) come pixels.
    if (marker === 0xda || length < 2) return null;
    const end = at + 2 + length;
    if (marker === 0xe1 && startsWith(file, at + 4, PREFIX))
      return end <= file.length ? file.subarray(at + 4 + PREFIX.length, end) : null;
    at = end;
  }
  return null;
}

function readTakenAt(file: Tiff, folder: number | null): string | null {
  const entry = findEntry(file, folder, DATE_TIME_ORIGINAL);
  const place = entry === null ? null : uint32(file, entry + 8);
  if (place === null) return null;
  const parts = /^(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)$/.exec(text(file, place, 19));
  if (!parts) return null;
  const takenAt = `${parts[1]}-${parts[2]}-${parts[3]}T${parts[4]}`;
  const date = new Date(`${takenAt}Z`);
  return Number.isNaN(date.getTime()) || !date.toISOString().startsWith(takenAt) ? null : takenAt;
}

function readPlace(file: Tiff, folder: number | null): Place | null {
  const latitude = readAngle(file, folder, GPS.latitude, GPS.latitudeRef, ['N', 'S']);
  const longitude = readAngle(file, folder, GPS.longitude, GPS.longitudeRef, ['E', 'W']);
  if (latitude === null || longitude === null) return null;
  return Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180 ? { latitude, longitude } : null;
}

/** Degrees from three fractions (degrees, minutes, seconds) and a letter, of which the second means negative. */
function readAngle(
  file: Tiff,
  folder: number | null,
  tag: number,
  refTag: number,
  letters: [string, string],
): number | null {
  const [entry, ref] = [findEntry(file, folder, tag), findEntry(file, folder, refTag)];
  const place = entry === null ? null : uint32(file, entry + 8);
  if (place === null || ref === null) return null;
  const letter = text(file, ref + 8, 1).toUpperCase();
  if (!letters.includes(letter)) return null;
  const [degrees, minutes, seconds] = [0, 8, 16].map((at) => fraction(file, place + at));
  const angle = (degrees ?? Number.NaN) + (minutes ?? Number.NaN) / 60 + (seconds ?? Number.NaN) / 3600;
  if (!Number.isFinite(angle)) return null;
  return letter === letters[1] ? -angle : angle;
}

function fraction(file: Tiff, at: number): number {
  const [above, below] = [uint32(file, at), uint32(file, at + 4)];
  return above === null || below === null ? Number.NaN : above / below;
}

function folderAt(file: Tiff, folder: number | null, tag: number): number | null {
  const entry = findEntry(file, folder, tag);
  return entry === null ? null : uint32(file, entry + 8);
}

/** Where a folder's entry begins: tag and type of 2 bytes each, count and value (or its offset) of 4. */
function findEntry(file: Tiff, folder: number | null, tag: number): number | null {
  const count = folder === null ? null : uint16(file, folder);
  if (folder === null || count === null) return null;
  const end = Math.min(folder + 2 + count * ENTRY_BYTES, file.view.byteLength - ENTRY_BYTES + 1);
  for (let at = folder + 2; at < end; at += ENTRY_BYTES) if (uint16(file, at) === tag) return at;
  return null;
}

function uint16({ view, isLittle }: Tiff, at: number): number | null {
  return at + 2 <= view.byteLength ? view.getUint16(at, isLittle) : null;
}

function uint32({ view, isLittle }: Tiff, at: number): number | null {
  return at + 4 <= view.byteLength ? view.getUint32(at, isLittle) : null;
}

function text({ view }: Tiff, at: number, length: number): string {
  const end = Math.min(at + length, view.byteLength);
  let found = '';
  for (let each = at; each < end; each++) found += String.fromCharCode(view.getUint8(each));
  return found;
}

function startsWith(bytes: Uint8Array, at: number, start: string): boolean {
  return [...start].every((letter, offset) => bytes[at + offset] === letter.charCodeAt(0));
}
