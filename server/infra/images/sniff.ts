/** What can be told from a photo's first bytes, and what its sender is told when it is refused. */

export type ImageFailureCode =
  | 'image_type'
  | 'image_damaged'
  | 'image_too_large'
  | 'image_shape'
  | 'image_timeout'
  | 'image_memory'
  | 'image_crashed'
  | 'busy';

/** The message is a sentence for the member who sent the photo. */
export class ImageFailure extends Error {
  override readonly name = 'ImageFailure';
  readonly code: ImageFailureCode;
  constructor(code: ImageFailureCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export type ImageFormat = 'jpeg' | 'png' | 'gif' | 'webp' | 'avif' | 'heic';

/** As many bytes of a file as `sniffFormat` looks at. */
export const SNIFFED_BYTES = 256;

/** Tells the format by content; the file's name and declared type do not count. Throws an ImageFailure 'image_type'. */
export function sniffFormat(bytes: Buffer): ImageFormat {
  const text = bytes.toString('latin1', 0, 12);
  if (text.startsWith('\xff\xd8\xff')) return 'jpeg';
  if (text.startsWith('\x89PNG\r\n\x1a\n')) return 'png';
  if (text.startsWith('GIF87a') || text.startsWith('GIF89a')) return 'gif';
  if (text.startsWith('RIFF') && text.endsWith('WEBP')) return 'webp';
  if (text.slice(4, 8) === 'ftyp') {
    const brands = isoBrands(bytes);
    if (brands.some((brand) => brand === 'avif' || brand === 'avis')) return 'avif';
    if (brands.some((brand) => /^(he[iv][cxms]|mif1|msf1)$/.test(brand))) return 'heic';
  }
  throw new ImageFailure(
    'image_type',
    'This is not a photo that we can read. Send a JPEG, HEIC, PNG, WebP, AVIF or GIF.',
  );
}

/** The brands in the first box of an ISO media file: the major one, four bytes of version, the compatible ones. */
function isoBrands(bytes: Buffer): string[] {
  const end = Math.min(bytes.readUInt32BE(0), bytes.length, SNIFFED_BYTES);
  const brands: string[] = [];
  for (let at = 8; at + 4 <= end; at += at === 8 ? 8 : 4) brands.push(bytes.toString('latin1', at, at + 4));
  return brands;
}
