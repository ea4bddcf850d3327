/**
 * The import law of ARCHITECTURE.md. It changes only with a decision record.
 * main → routes, jobs → http → hydrate → front → store → infra → config, errors, core. Never up; across features only
 * to an earlier one.
 */
import assert from 'node:assert/strict';
import { glob, readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

const root = path.resolve(import.meta.dirname, '..');
const FEATURES = [
  'accounts',
  'graph',
  'media',
  'people',
  'posts',
  'owners',
  'drafts',
  'likes',
  'comments',
  'feed',
  'stories',
  'direct',
  'explore',
  'activity',
  'push',
  'sharing',
  'moderation',
  'live',
  'exports',
];
const LINES_MAX = 400;
const FUNCTION_LINES_MAX = 70;
const COMPONENT_LINES_MAX = 120;

type Layer =
  | 'core'
  | 'config'
  | 'infra'
  | 'schema'
  | 'store'
  | 'front'
  | 'hydrate'
  | 'http'
  | 'routes'
  | 'jobs'
  | 'main'
  | 'web'
  | 'test'
  | 'bench'
  | 'other';

/** What each layer may import, besides its own layer where that is said below. */
const LAW: Record<Layer, Layer[]> = {
  core: ['core'],
  config: ['core', 'config'],
  infra: ['core', 'config', 'infra'],
  schema: ['core', 'schema'],
  store: ['core', 'config', 'infra', 'schema', 'store'],
  front: ['core', 'config', 'infra', 'schema', 'store', 'front'],
  hydrate: ['core', 'config', 'infra', 'schema', 'front', 'hydrate'],
  http: ['core', 'config', 'infra', 'schema', 'front', 'hydrate', 'http'],
  routes: ['core', 'config', 'infra', 'schema', 'store', 'front', 'hydrate', 'http'],
  jobs: ['core', 'config', 'infra', 'schema', 'front'],
  main: [
    'core',
    'config',
    'infra',
    'schema',
    'store',
    'front',
    'hydrate',
    'http',
    'routes',
    'jobs',
    'main',
    'test',
    'bench',
  ],
  web: ['core', 'schema', 'web'],
  test: [
    'core',
    'config',
    'infra',
    'schema',
    'store',
    'front',
    'hydrate',
    'http',
    'routes',
    'jobs',
    'main',
    'web',
    'test',
  ],
  bench: ['core', 'config', 'infra', 'schema', 'front', 'main', 'test', 'bench'],
  other: [],
};

type Import = { from: string; to: string; isTypeOnly: boolean };
const sources = await readSources();
const imports = [...sources].flatMap(([file, text]) => importsOf(file, text));

test('nobody imports upwards', () => {
  const wrong = imports.filter(({ from, to, isTypeOnly }) => {
    const [upper, lower] = [layerOf(from), layerOf(to)];
    if (upper === 'web' && lower === 'schema') return !isTypeOnly;
    return !LAW[upper].includes(lower);
  });
  assert.deepEqual(wrong, []);
});

test('across features only fronts and schemas of earlier features are imported; jobs may import any front', () => {
  const wrong = imports.filter(({ from, to }) => {
    const [upper, lower] = [featureOf(from), featureOf(to)];
    if (!upper || !lower || upper === lower || layerOf(from) === 'test') return false;
    if (layerOf(to) === 'store') return !isSharedStore(to);
    if (layerOf(from) === 'jobs' || layerOf(from) === 'routes') return false;
    return FEATURES.indexOf(lower) > FEATURES.indexOf(upper);
  });
  assert.deepEqual(wrong, []);
});

test('there are no import cycles', () => {
  const graph = Map.groupBy(
    imports.filter(({ isTypeOnly }) => !isTypeOnly),
    ({ from }) => from,
  );
  const done = new Set<string>();
  const cycles: string[][] = [];
  const visit = (file: string, trail: string[]): void => {
    if (trail.includes(file)) cycles.push([...trail.slice(trail.indexOf(file)), file]);
    if (done.has(file) || trail.includes(file)) return;
    for (const { to } of graph.get(file) ?? []) visit(to, [...trail, file]);
    done.add(file);
  };
  for (const file of sources.keys()) visit(file, []);
  assert.deepEqual(cycles, []);
});

test('SQL is written in stores, infra and the operator verbs alone', () => {
  const wrong = [...sources].filter(
    ([file, text]) =>
      /\bsql`/.test(text) &&
      !['store', 'infra', 'main', 'test', 'bench'].includes(layerOf(file)) &&
      file !== 'server/http/health.ts',
  );
  assert.deepEqual(
    wrong.map(([file]) => file),
    [],
  );
});

test('the environment is read in config.ts alone', () => {
  const allowed = [
    'server/config.ts',
    'server/main/',
    'server/infra/postgres',
    'server/infra/images/pool.ts',
    'test/',
    'bench/',
  ];
  const wrong = [...sources].filter(
    ([file, text]) =>
      text.includes('process.env') &&
      !file.endsWith('.test.ts') &&
      !allowed.some((start) => file.startsWith(start)),
  );
  assert.deepEqual(
    wrong.map(([file]) => file),
    [],
  );
});

test('the web framework is known in http/, routes and main alone', () => {
  const wrong = [...sources].filter(
    ([file, text]) =>
      /from '(fastify|@fastify\/[a-z-]+)'/.test(text) &&
      !['http', 'routes', 'main', 'test', 'bench'].includes(layerOf(file)),
  );
  assert.deepEqual(
    wrong.map(([file]) => file),
    [],
  );
});

test('every feature has its place in the list, and files are named by the grammar', async () => {
  const folders = new Set([...sources.keys()].map(featureOf).filter((feature) => feature !== null));
  assert.deepEqual(
    [...folders].filter((feature) => !FEATURES.includes(feature)),
    [],
  );
  const names = [...sources.keys()].map((file) => path.basename(file));
  assert.deepEqual(
    names.filter(
      (name) =>
        !/^([a-z0-9]+(-[a-z0-9]+)*(\.test|\.worker)?\.ts|[A-Z][A-Za-z0-9]*\.tsx|(main|app|lazy-page)\.tsx|vite\.config\.ts|vite-env\.d\.ts)$/.test(
          name,
        ),
    ),
    [],
  );
});

test(`no file has more than ${LINES_MAX} lines, no function more than ${FUNCTION_LINES_MAX}, no component more than ${COMPONENT_LINES_MAX}`, () => {
  const long = [...sources]
    .map(([file, text]) => [file, text.split('\n').length - 1] as const)
    .filter(([, lines]) => lines > LINES_MAX);
  assert.deepEqual(long, []);
  const functions = [...sources]
    .filter(([file]) => !file.endsWith('.test.ts'))
    .flatMap(([file, text]) => functionLengths(file, text));
  assert.deepEqual(
    functions.filter(
      ({ file, lines }) => lines > (file.endsWith('.tsx') ? COMPONENT_LINES_MAX : FUNCTION_LINES_MAX),
    ),
    [],
  );
});

test('no check is silenced, nothing is left to do later', () => {
  const marks =
    /@ts-(ignore|nocheck|expect-error)|biome-ignore|\bas any\b|: any\b|(\/\/|--) *(TODO|FIXME|HACK|XXX)\b/;
  const wrong = [...sources].filter(
    ([file, text]) => file !== 'test/architecture.test.ts' && file !== 'test/world.ts' && marks.test(text),
  );
  assert.deepEqual(
    wrong.map(([file]) => file),
    [],
  );
});

async function readSources(): Promise<Map<string, string>> {
  const files: string[] = [];
  for await (const file of glob('{core,server,web,test,bench}/**/*.{ts,tsx}', { cwd: root }))
    files.push(file);
  return new Map(
    await Promise.all(
      files.sort().map(async (file) => [file, await readFile(path.join(root, file), 'utf8')] as const),
    ),
  );
}

function importsOf(from: string, text: string): Import[] {
  return [
    ...text.matchAll(/^(?:import|export)\s+(type\s+)?(?:[^'"`;]*?\sfrom\s+)?'(\.{1,2}\/[^']+)'/gm),
    ...text.matchAll(/\bimport\(()'(\.{1,2}\/[^']+)'\)/g),
  ]
    .map((match) => ({
      from,
      to: path.join(path.dirname(from), match[2] ?? ''),
      isTypeOnly: match[1]?.trim() === 'type',
    }))
    .filter(({ to }) => /\.tsx?$/.test(to));
}

function layerOf(file: string): Layer {
  const [top, second, ...rest] = file.split('/');
  const name = path.basename(file);
  if (/\.test\.ts$/.test(name) || top === 'test') return 'test';
  if (top === 'core' || top === 'web' || top === 'bench') return top;
  if (top !== 'server') return 'other';
  if (second === 'config.ts' || second === 'errors.ts') return 'config';
  if (second === 'infra' || second === 'http' || second === 'hydrate' || second === 'main') return second;
  if (second !== 'features' || rest.length < 2) return 'other';
  const kind = name.replace('.ts', '');
  return kind === 'schema' || kind === 'store' || kind === 'routes' || kind === 'jobs' ? kind : 'front';
}

function featureOf(file: string): string | null {
  return /^server\/features\/([^/]+)\//.exec(file)?.[1] ?? null;
}

/** next_id belongs to no feature; its statement stands beside the first table that needed it. */
function isSharedStore(file: string): boolean {
  return file === 'server/features/accounts/store.ts';
}

/** Own lines: a function inside another counts for itself. */
function functionLengths(file: string, text: string) {
  const lines = text.split('\n');
  return lines.flatMap((line, at) => {
    const name = /^(?:export )?(?:async )?function\*? (\w+)/.exec(line)?.[1];
    if (!name) return [];
    const end = at + lines.slice(at).indexOf('}');
    return [{ file, name, lines: end - at + 1 - nestedLines(lines.slice(at + 1, end)) }];
  });
}

function nestedLines(body: string[]): number {
  let nested = 0;
  for (let at = 0; at < body.length; at++) {
    const line = body[at] ?? '';
    if (!/(=>|\)(: [^={]+)?) \{$/.test(line) || /^\s*(\} )?(if|for|while|switch|catch|else)\b/.test(line))
      continue;
    const indent = /^\s*/.exec(line)?.[0] ?? '';
    const length = Math.max(
      0,
      body.slice(at + 1).findIndex((each) => each.startsWith(`${indent}}`)),
    );
    nested += length;
    at += length;
  }
  return nested;
}
