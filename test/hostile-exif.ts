/** EXIF as cameras write it, with words in every place from which something about a person could leak. */
import { app1, app13, type Bytes, bytesOf, jpegComment, withSegments } from './hostile-files.ts';

type Entry = { tag: number; type: 2 | 3 | 4 | 5 | 7; value: string | number | number[] | Uint8Array };

/** Where each camera was: 48° 12′ 34.56″ N, 16° 22′ 11.22″ E. */
export const PLACE = { latitude: 48.2096, longitude: 16.36978 };
export const CANARIES = [
  'CanaryMake',
  'CanaryModel',
  'CanaryArtist',
  'CanaryCopyright',
  'CanaryOwner',
  'CanaryBodySerial',
  'CanaryLensSerial',
  'CanaryMakerNote',
  'CanaryComment',
  'CanaryUniqueId',
  'CanaryArea',
  'CanaryThumbnail',
  'CanaryXmp',
  'CanaryIptc',
  'CanaryJpegComment',
  'CanaryTail',
] as const;

const words = (tag: number, value: string): Entry => ({ tag, type: 2, value: `${value}\0` });
const degrees = (tag: number, whole: number, minutes: number, hundredths: number): Entry => ({
  tag,
  type: 5,
  value: [whole, 1, minutes, 1, hundredths, 100],
});

function payloadOf({ type, value }: Entry): Buffer {
  if (typeof value === 'string') return Buffer.from(value, 'latin1');
  if (value instanceof Uint8Array) return Buffer.from(value);
  const numbers = typeof value === 'number' ? [value] : value;
  const bytes = Buffer.alloc(numbers.length * (type === 3 ? 2 : 4));
  numbers.forEach((each, at) => {
    if (type === 3) bytes.writeUInt16BE(each, at * 2);
    else bytes.writeUInt32BE(each, at * 4);
  });
  return bytes;
}

/** One folder of a TIFF that stands at an offset, the payloads behind it; `next` is where the next folder stands. */
function folder(entries: Entry[], offset: number, next = 0): Buffer {
  const head = Buffer.alloc(2 + entries.length * 12 + 4);
  const payloads: Buffer[] = [];
  let end = offset + head.length;
  head.writeUInt16BE(entries.length, 0);
  entries.forEach((entry, at) => {
    const payload = payloadOf(entry);
    const place = 2 + at * 12;
    const unit = { 2: 1, 3: 2, 4: 4, 5: 8, 7: 1 }[entry.type];
    head.writeUInt16BE(entry.tag, place);
    head.writeUInt16BE(entry.type, place + 2);
    head.writeUInt32BE(payload.length / unit, place + 4);
    if (payload.length <= 4) payload.copy(head, place + 8);
    else {
      head.writeUInt32BE(end, place + 8);
      payloads.push(payload);
      end += payload.length;
    }
  });
  head.writeUInt32BE(next, head.length - 4);
  return Buffer.concat([head, ...payloads]);
}

/** A TIFF with one entry: how the camera was held. */
export function orientationTiff(orientation: number): Bytes {
  return bytesOf(
    'MM\0*',
    Buffer.from([0, 0, 0, 8]),
    folder([{ tag: 0x112, type: 3, value: orientation }], 8),
  );
}

/** A TIFF that tells all that a camera may tell. */
export function tellingTiff(): Bytes {
  const thumbnail = bytesOf(
    Buffer.from([0xff, 0xd8]),
    jpegComment('CanaryThumbnail'),
    Buffer.from([0xff, 0xd9]),
  );
  const first = (exifAt: number, gpsAt: number, nextAt: number) =>
    folder(
      [
        words(0x10f, 'CanaryMake'),
        words(0x110, 'CanaryModel'),
        words(0x13b, 'CanaryArtist'),
        words(0x8298, 'CanaryCopyright'),
        { tag: 0x8769, type: 4, value: exifAt },
        { tag: 0x8825, type: 4, value: gpsAt },
      ],
      8,
      nextAt,
    );
  const exif = (offset: number) =>
    folder(
      [
        words(0x9003, '2024:05:31 18:20:07'),
        { tag: 0x927c, type: 7, value: 'CanaryMakerNote' },
        { tag: 0x9286, type: 7, value: 'ASCII\0\0\0CanaryComment' },
        words(0xa420, 'CanaryUniqueId'),
        words(0xa430, 'CanaryOwner'),
        words(0xa431, 'CanaryBodySerial'),
        words(0xa435, 'CanaryLensSerial'),
      ],
      offset,
    );
  const gps = (offset: number) =>
    folder(
      [
        words(1, 'N'),
        degrees(2, 48, 12, 3456),
        words(3, 'E'),
        degrees(4, 16, 22, 1122),
        { tag: 0x1c, type: 7, value: 'ASCII\0\0\0CanaryArea' },
      ],
      offset,
    );
  const preview = (offset: number, bytesAt: number) =>
    folder(
      [
        { tag: 0x103, type: 3, value: 6 },
        { tag: 0x201, type: 4, value: bytesAt },
        { tag: 0x202, type: 4, value: thumbnail.length },
      ],
      offset,
    );
  const exifAt = 8 + first(0, 0, 0).length;
  const gpsAt = exifAt + exif(0).length;
  const previewAt = gpsAt + gps(0).length;
  const bytesAt = previewAt + preview(0, 0).length;
  return bytesOf(
    ...['MM\0*', Buffer.from([0, 0, 0, 8]), first(exifAt, gpsAt, previewAt), exif(exifAt), gps(gpsAt)],
    ...[preview(previewAt, bytesAt), thumbnail],
  );
}

export const tellingXmp = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description xmlns:exif="http://ns.adobe.com/exif/1.0/" exif:GPSLatitude="48,12.576N" exif:GPSLongitude="16,22.187E"
    xmlns:aux="http://ns.adobe.com/exif/1.0/aux/" aux:SerialNumber="CanaryXmp"/></rdf:RDF></x:xmpmeta>`;

/** The same JPEG, with everything about its owner before it and something behind it. */
export function tellAll(jpeg: Uint8Array): Bytes {
  const iptc = '\x1c\x02\x5a\0\x0aCanaryIptc';
  return bytesOf(
    withSegments(
      jpeg,
      app1('Exif\0\0', tellingTiff()),
      app1('http://ns.adobe.com/xap/1.0/\0', tellingXmp),
      app13('Photoshop 3.0\0', '8BIM\x04\x04\0\0\0\0\0', Buffer.from([iptc.length]), iptc),
      jpegComment('CanaryJpegComment'),
    ),
    'CanaryTail',
  );
}

/** The same JPEG, with a word on how the camera was held. */
export function held(jpeg: Uint8Array, orientation: number): Bytes {
  return withSegments(jpeg, app1('Exif\0\0', orientationTiff(orientation)));
}
