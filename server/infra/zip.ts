/** Many files as one ZIP, made while it is sent: of each file only what is on its way is in memory. Larger than 4 GB where need be (Zip64). */
import { PassThrough, type Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import yazl from 'yazl';

/** `isPacked`: its bytes cannot be made fewer, as those of photos. */
export type FileInZip = { name: string; stream: Readable; isPacked: boolean };

/**
 * Asks for the next file when the one before has been read. What a file or `files` throws breaks the ZIP off, which can then not
 * be opened; when whoever reads goes away, the file under way is closed and `files` is asked for no more.
 */
export function zipOf(files: AsyncIterable<FileInZip>): Readable {
  const zip = new yazl.ZipFile();
  const output = new PassThrough();
  zip.outputStream.pipe(output);
  zip.on('error', (error: Error) => output.destroy(error));
  fill(zip, output, files).catch((error: unknown) => output.destroy(error as Error));
  return output;
}

async function fill(zip: yazl.ZipFile, output: PassThrough, files: AsyncIterable<FileInZip>): Promise<void> {
  for await (const { name, stream, isPacked } of files) {
    const stop = () => void stream.destroy();
    output.once('close', stop);
    if (output.destroyed) stop();
    else zip.addReadStream(stream, name, { compress: !isPacked });
    await finished(stream, { writable: false });
    output.off('close', stop);
  }
  zip.end();
}
