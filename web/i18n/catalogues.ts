/** web/messages as modules for Vite: `virtual:messages` knows all, and fetches each when it is asked for. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Plugin } from 'vite';
import { languages } from '../../core/languages.ts';
import { compileMessage } from '../../core/messages/compile.ts';
import type { Message } from '../../core/messages/format.ts';

const FOLDER = path.resolve(import.meta.dirname, '../messages');
const ALL = 'virtual:messages';
/** What the server says alone. */
const SERVERS = 'server';

/** The names of the areas; English has them all. */
export async function listAreas(): Promise<string[]> {
  const names = await readdir(path.join(FOLDER, 'en'));
  return names.map((name) => path.basename(name, '.json')).sort();
}

/** As they are written. */
export async function readCatalogue(language: string, area: string): Promise<Record<string, string>> {
  return JSON.parse(await readFile(path.join(FOLDER, language, `${area}.json`), 'utf8'));
}

/** What a language does not say yet is said in English; a test finds it. */
async function compileCatalogue(language: string, area: string): Promise<Record<string, Message>> {
  const [english, own] = await Promise.all([
    readCatalogue('en', area),
    readCatalogue(language, area).catch(() => ({})),
  ]);
  const texts = Object.entries({ ...english, ...own });
  return Object.fromEntries(texts.map(([name, text]) => [name, compileMessage(text)]));
}

export function catalogues(): Plugin {
  return {
    name: 'catalogues',
    resolveId: (id) => (id === ALL || id.startsWith(`${ALL}/`) ? `\0${id}` : undefined),
    async load(id) {
      if (id === `\0${ALL}`) return await listAll();
      const [, language, area] = /^\0virtual:messages\/([^/]+)\/([^/]+)$/.exec(id) ?? [];
      if (!language || !area) return;
      for (const each of ['en', language]) this.addWatchFile(path.join(FOLDER, each, `${area}.json`));
      return `export default ${JSON.stringify(await compileCatalogue(language, area))}`;
    },
  };
}

async function listAll(): Promise<string> {
  const areas = (await listAreas()).filter((area) => area !== SERVERS);
  const entries = languages.flatMap((language) =>
    areas.map((area) => `'${language}/${area}': () => import('${ALL}/${language}/${area}')`),
  );
  return `export default {${entries.join(', ')}}`;
}
