/**
 * The steps from a source to what members see. A photo is decoded once, into a master: raw pixels of the whole picture,
 * upright, sRGB, small, and nothing else, so no metadata can leave with it. Each rendition without a crop is then made
 * from the master, which is three times cheaper than decoding for each; with one, the source is decoded anew, to the
 * size that the crop needs. The master can always be developed anew.
 *
 * Runs in a worker process only (worker.ts): an image may kill the process that decodes it.
 */
import sharp from 'sharp';
import { type Edits, isPlainFrame } from '../../../core/edits.ts';
import type { Place } from '../../../core/exif.ts';
import type { Size } from '../../../core/frame.ts';
import { usesMean } from '../../../core/look/bake.ts';
import { applyLook } from '../../../core/look/engine.ts';
import { carryOut, fit, fitFrame, planFrame } from './framing.ts';
import { type Picture, readMaster, writeMaster } from './master.ts';
import {
  encodeLadder,
  encodeProof,
  encodeWhole,
  makePlaceholder,
  type Placeholder,
  type Rendition,
} from './renditions.ts';
import type { ImageFailureCode, ImageFormat } from './sniff.ts';
import { decodeSource, type Lab, openSource, type Source } from './source.ts';
import { type Stages, timed } from './stages.ts';

/** `width` and `height` are the master's; the source's are as it is seen, upright. */
export type Developed = Placeholder & {
  width: number;
  height: number;
  sourceWidth: number;
  sourceHeight: number;
  sourceFormat: ImageFormat;
  /** What the camera's clock showed, as `2024-05-31T18:20:07`. */
  takenAt: string | null;
  /** In degrees. */
  place: Place | null;
};

export type RenderKind = 'photo' | 'avatar' | 'large' | 'draft';
export type RenderJob = { sourcePath: string; masterPath: string; edits: Edits; kind: RenderKind };

/**
 * `width` and `height` are of what the frame shows, as w1080 has it. Thumbhash and average colour are of the edited
 * picture; empty for 'large', whose photo has them already.
 */
export type Rendered = Placeholder & { renditions: Rendition[]; width: number; height: number };

export type Proof = { bytes: Buffer; width: number; height: number };

/** `width` and `height` are as it is seen, upright. */
export type Inspected = { format: ImageFormat; width: number; height: number; takenAt: string | null };

/** What the parent asks of a worker, one at a time. */
export type Work =
  | { kind: 'develop'; sourcePath: string; masterPath: string }
  | { kind: 'render'; job: RenderJob }
  | { kind: 'proof'; sourcePath: string }
  | { kind: 'inspect'; sourcePath: string };

/** How a worker answers; `fault` is an error that is not the photo's. */
export type Reply = { stages: Stages } & (
  | { outcome: 'done'; value: Developed | Rendered | Proof | Inspected }
  | { outcome: 'refused'; code: ImageFailureCode; message: string; cause: string }
  | { outcome: 'fault'; message: string }
);

const MASTER_BOX = { width: 1080, height: 1920 };
const LARGE_SIDE = 2048;
const LARGE_BOX = { width: LARGE_SIDE, height: LARGE_SIDE };
/** How much longer than w1080 a large rendition must be to be worth its bytes. */
const LARGE_GAIN = 1.2;

/** Only the five decoders that we mean, from memory only: libvips would also render SVG, and read files it names. */
export function hardenSharp(): void {
  sharp.cache(false);
  sharp.concurrency(1);
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({
    operation: ['Jpeg', 'Png', 'Webp', 'Heif', 'Nsgif'].map((name) => `VipsForeignLoad${name}Buffer`),
  });
}

/** Decodes the source and writes the master. Throws an ImageFailure if the source is to blame. */
export async function develop(lab: Lab, sourcePath: string, masterPath: string): Promise<Developed> {
  const { source, master } = await developMaster(lab, sourcePath, masterPath);
  return {
    width: master.width,
    height: master.height,
    sourceWidth: source.size.width,
    sourceHeight: source.size.height,
    sourceFormat: source.format,
    ...source.exif,
    ...(await timed(lab.stages, 'placeholder', () => makePlaceholder(master))),
  };
}

/** Throws an ImageFailure if the source is to blame. */
export async function render(lab: Lab, job: RenderJob): Promise<Rendered> {
  const { kind, edits } = job;
  if (kind === 'large') return renderLarge(lab, job);
  const picture = isPlainFrame(edits.frame)
    ? await drawMaster(lab, job)
    : await drawSource(lab, job, await openSource(lab, job.sourcePath), MASTER_BOX);
  const renditions = await timed(lab.stages, 'encode', () => encodeLadder(picture, kind));
  const placeholder = await timed(lab.stages, 'placeholder', () => makePlaceholder(picture));
  return { renditions, width: picture.width, height: picture.height, ...placeholder };
}

/** Throws an ImageFailure if the source is to blame. */
export async function makeProof(lab: Lab, sourcePath: string): Promise<Proof> {
  const source = await openSource(lab, sourcePath);
  const picture = await decodeSource(lab, source, fit(source.size, LARGE_BOX));
  const bytes = await timed(lab.stages, 'encode', () => encodeProof(picture));
  return { bytes, width: picture.width, height: picture.height };
}

/** Throws an ImageFailure if it is no photo, or too large; what lies behind the header is not looked at. */
export async function inspect(lab: Lab, sourcePath: string): Promise<Inspected> {
  const { format, size, exif } = await openSource(lab, sourcePath);
  return { format, width: size.width, height: size.height, takenAt: exif.takenAt };
}

async function renderLarge(lab: Lab, job: RenderJob): Promise<Rendered> {
  const { frame } = job.edits;
  const source = await openSource(lab, job.sourcePath);
  const small = fitFrame(source.size, frame, MASTER_BOX);
  const large = fitFrame(source.size, frame, LARGE_BOX);
  const rendered = { ...small, renditions: [], thumbhash: '', averageColour: '' };
  if (longSide(large) < longSide(small) * LARGE_GAIN) return rendered;
  const picture = await drawSource(lab, job, source, LARGE_BOX);
  const rendition = await timed(lab.stages, 'encode', () => encodeWhole(picture, `w${LARGE_SIDE}`));
  return { ...rendered, renditions: [rendition] };
}

function longSide({ width, height }: Size): number {
  return Math.max(width, height);
}

/** What the job's edits make of the master; its frame is plain. */
async function drawMaster(lab: Lab, job: RenderJob): Promise<Picture> {
  const master = await findMaster(lab, job);
  await timed(lab.stages, 'look', () => applyLook(lab.engine, master, job.edits.look));
  return master;
}

/**
 * What the job's edits make of the source, within the box. The mean is the whole master's, whatever part is shown: so a
 * crop, and the large rendition, have the same colours. It is found first, so that the master need not stay in memory.
 */
async function drawSource(lab: Lab, job: RenderJob, source: Source, box: Size): Promise<Picture> {
  const { frame, look } = job.edits;
  const meanGrey = usesMean(look) ? lab.engine.meanGrey(await findMaster(lab, job)) : 0;
  const plan = planFrame(source.size, frame, box);
  const decoded = await decodeSource(lab, source, plan.whole, plan.window);
  const picture = await timed(lab.stages, 'frame', () => carryOut(plan, decoded));
  await timed(lab.stages, 'look', () => applyLook(lab.engine, picture, look, meanGrey));
  return picture;
}

async function findMaster(lab: Lab, { sourcePath, masterPath }: RenderJob): Promise<Picture> {
  const found = await timed(lab.stages, 'master', () => readMaster(masterPath));
  return found ?? (await developMaster(lab, sourcePath, masterPath)).master;
}

async function developMaster(lab: Lab, sourcePath: string, masterPath: string) {
  const source = await openSource(lab, sourcePath);
  const master = await decodeSource(lab, source, fit(source.size, MASTER_BOX));
  await timed(lab.stages, 'master', () => writeMaster(masterPath, master));
  return { source, master };
}
