import { Suspense, useState } from 'react';
import { type Edits, PLAIN_EDITS } from '../../core/edits.ts';
import { LazyEditor } from '../components/lazy-editor.ts';
import { Button } from '../ui/Button.tsx';

const WIDTH = 1080;
const HEIGHT = 810;
const noop = () => undefined;

/** What covers the whole screen. The viewer is not among it: a photo of a post opens that, here as well. */
export function Covers() {
  const [pictures, setPictures] = useState<Blob[]>([]);
  const [selected, setSelected] = useState('0');
  const [edits, setEdits] = useState<Record<string, Edits>>({});
  const photos = pictures.map((picture, at) => ({
    key: `${at}`,
    picture,
    edits: edits[`${at}`] ?? PLAIN_EDITS,
    label: `Photo ${at + 1}`,
  }));
  const open = async (count: number) => {
    setSelected('0');
    setPictures(await Promise.all(Array.from({ length: count }, (_, at) => drawPicture(at))));
  };
  const close = () => setPictures([]);
  return (
    <p className="styleguide-row">
      <Button look="quiet" onClick={() => void open(1)}>
        The editor
      </Button>
      <Button look="quiet" onClick={() => void open(3)}>
        The editor with three photos
      </Button>
      {photos.length > 0 && (
        <Suspense>
          <LazyEditor
            photos={photos}
            selectedKey={selected}
            onSelect={setSelected}
            onChange={(key, changed) => setEdits((before) => ({ ...before, [key]: changed }))}
            onUseForAll={noop}
            doneLabel="Done"
            onDone={close}
            onCancel={close}
          />
        </Suspense>
      )}
    </p>
  );
}

/** All colours, from dark to light: something for a filter to work on. */
async function drawPicture(at: number): Promise<Blob> {
  const canvas = new OffscreenCanvas(WIDTH, HEIGHT);
  const context = canvas.getContext('2d');
  if (!context) throw new Error('this browser draws nothing');
  const hues = context.createLinearGradient(0, 0, WIDTH, 0);
  const lights = context.createLinearGradient(0, 0, 0, HEIGHT);
  for (let stop = 0; stop <= 6; stop++) hues.addColorStop(stop / 6, `hsl(${stop * 60 + at * 30} 70% 50%)`);
  lights.addColorStop(0, '#fffc');
  lights.addColorStop(0.5, '#8880');
  lights.addColorStop(1, '#000c');
  for (const style of [hues, lights]) {
    context.fillStyle = style;
    context.fillRect(0, 0, WIDTH, HEIGHT);
  }
  return canvas.convertToBlob({ type: 'image/jpeg' });
}
