/** The PNGs of web/public/icons, from web/public/icon.svg: `node ops/icons.mjs`, and commit them. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';

const PUBLIC = path.resolve(import.meta.dirname, '../web/public');
const BACKGROUND = '#161616';
/** Of a maskable icon only the middle is sure to be seen: a circle of 80 %. */
const SAFE = 0.8;

const svg = await readFile(path.join(PUBLIC, 'icon.svg'));
const square = Buffer.from(String(svg).replace(/ rx="\d+"/, ''));
const draw = (source, size) => sharp(source, { density: 600 }).resize(size, size);
const save = (picture, name) =>
  picture.png({ palette: true, effort: 10 }).toFile(path.join(PUBLIC, 'icons', name));

await save(draw(svg, 192), '192.png');
await save(draw(svg, 512), '512.png');
// iOS rounds the corners itself.
await save(draw(square, 180), 'apple-180.png');
const inner = Math.round(512 * SAFE);
await save(
  draw(square, inner).extend({
    top: Math.floor((512 - inner) / 2),
    bottom: Math.ceil((512 - inner) / 2),
    left: Math.floor((512 - inner) / 2),
    right: Math.ceil((512 - inner) / 2),
    background: BACKGROUND,
  }),
  'maskable-512.png',
);
