import type { FilterName } from '../../core/filters.ts';

/** What the page asks of the worker. `maxSide` is in px, of the longer side; `photoKey` tells photos apart. */
export type DarkroomRequest =
  | { kind: 'prepare'; file: Blob; maxSide: number; isSquare: boolean }
  | { kind: 'preview'; photoKey: string; photo: Blob; maxSide: number; filter: FilterName };

export type Prepared = { photo: Blob; width: number; height: number };

export type DarkroomReply = { callId: number; result?: Prepared | ImageBitmap; failure?: string };
