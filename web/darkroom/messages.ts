import type { Edits } from '../../core/edits.ts';
import type { Size } from '../../core/frame.ts';

/**
 * What the page asks of a worker. `maxSide` is in px, of the longer side; `photoKey` tells photos apart. A preview that
 * `isWhole` shows the picture unframed, in the colours that it has when it is framed.
 */
export type DarkroomRequest =
  | { kind: 'prepare'; file: Blob; maxSide: number; isSquare: boolean }
  | { kind: 'measure'; photoKey: string; photo: Blob }
  | { kind: 'preview'; photoKey: string; photo: Blob; maxSide: number; edits: Edits; isWhole: boolean };

/** A JPEG without metadata, its size, and the size of the file that it was made from, both upright. */
export type Prepared = {
  photo: Blob;
  width: number;
  height: number;
  sourceWidth: number;
  sourceHeight: number;
};

export type DarkroomResult = Prepared | Size | ImageBitmap;
export type DarkroomReply = { callId: number; result?: DarkroomResult; failure?: string };
