/** Decodes, scales, frames and colours photos beside the page, so that typing and scrolling never wait for a picture. */
import type { DarkroomReply, DarkroomRequest, DarkroomResult } from './messages.ts';
import { prepare } from './prepare.ts';
import { measure, preview } from './preview.ts';

/** One after the other: two that come at once would both decode the same photo. */
let last: Promise<unknown> = Promise.resolve();

self.addEventListener('message', (event: MessageEvent<DarkroomRequest & { callId: number }>) => {
  const { callId, ...request } = event.data;
  last = last
    .then(() => answer(request))
    .then(
      (result) => reply({ callId, result }, result instanceof ImageBitmap ? [result] : []),
      (error: unknown) => reply({ callId, failure: String(error) }, []),
    );
});

function reply(message: DarkroomReply, transfer: Transferable[]): void {
  self.postMessage(message, { transfer });
}

function answer(request: DarkroomRequest): Promise<DarkroomResult> {
  if (request.kind === 'prepare') return prepare(request.file, request.maxSide, request.isSquare);
  if (request.kind === 'measure') return measure(request.photoKey, request.photo);
  return preview(request);
}
