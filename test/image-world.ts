/** A real image worker and a folder that go with the test. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import sharp from 'sharp';
import { type Edits, type Frame, PLAIN_FRAME, PLAIN_LOOK } from '../core/edits.ts';
import {
  ImageFailure,
  type ImageFailureCode,
  type Rendered,
  type RenderJob,
  startImageWorkers,
} from '../server/infra/images/pool.ts';

export const fixtures = path.join(import.meta.dirname, 'fixtures');

/** `send` puts bytes into the folder as a photo that was uploaded, and develops it; `render` renders it. */
export async function startImageWorld(
  t: TestContext,
  options: Partial<Parameters<typeof startImageWorkers>[0]> = {},
) {
  const folder = await mkdtemp(path.join(tmpdir(), 'pinhole-images-'));
  const workers = startImageWorkers({ count: 1, ...options });
  t.after(async () => {
    await workers.stop();
    await rm(folder, { recursive: true, force: true });
  });
  const sourcePath = path.join(folder, 'original');
  const masterPath = path.join(folder, 'masters', 'master');
  async function send(bytes: Uint8Array) {
    await writeFile(sourcePath, bytes);
    return workers.develop(sourcePath, masterPath);
  }
  const render = (kind: RenderJob['kind'] = 'photo', edits: Partial<Edits> = {}) =>
    workers.render({
      sourcePath,
      masterPath,
      kind,
      edits: { frame: PLAIN_FRAME, look: PLAIN_LOOK, ...edits },
    });
  /** The master's pixels, three bytes each. */
  const masterPixels = async () => (await readFile(masterPath)).subarray(16);
  return { workers, sourcePath, masterPath, send, render, masterPixels };
}

/** A frame that differs from the plain one in what is named. */
export function framed(frame: Partial<Frame>): Partial<Edits> {
  return { frame: { ...PLAIN_FRAME, ...frame } };
}

export function shapesOf({ renditions }: Rendered): [string, number, number][] {
  return renditions.map(({ name, width, height }) => [name, width, height]);
}

/** Pictures of one reddish colour. */
export function plainPicture(width: number, height: number) {
  return sharp({ create: { width, height, channels: 3, background: '#c85028' } });
}

/** For `assert.rejects`: a failure of that code, with a sentence for the member. */
export function isFailure(code: ImageFailureCode) {
  return (error: unknown) => {
    assert.ok(error instanceof ImageFailure, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, /^[A-Z].*\.$/);
    return true;
  };
}
