/** The catalogues: an area of text is a file for each language, fetched with the code of the page that needs it. */
import loaders from 'virtual:messages';
import { isLanguage, type Language } from '../../core/languages.ts';
import type common from '../messages/en/common.json';
import type offline from '../messages/en/offline.json';
import type { Message } from './format.ts';

type Areas = { common: typeof common; offline: typeof offline };
export type Area = keyof Areas;
export type Key = { [A in Area]: `${A}.${keyof Areas[A] & string}` }[Area];

const texts = new Map<string, Message>();
/** Of the page as it was sent: to change it, the page is loaded anew. */
let current: Language = typeof document === 'undefined' ? 'en' : languageOfPage();

export function language(): Language {
  return current;
}

/** For the server, which draws pages one after the other, each in the language of its reader. */
export function speak(next: Language): void {
  current = next;
}

export async function loadMessages(areas: readonly Area[], of: Language = current): Promise<void> {
  await Promise.all(
    areas.map(async (area) => {
      const load = loaders[`${of}/${area}`];
      if (!load) throw new Error(`There is no catalogue ${of}/${area}.`);
      for (const [name, message] of Object.entries((await load()).default))
        texts.set(`${of}/${area}.${name}`, message);
    }),
  );
}

/** Where the catalogue is not there, the key itself. */
export function messageOf(key: Key): Message {
  return texts.get(`${current}/${key}`) ?? key;
}

function languageOfPage(): Language {
  const { lang } = document.documentElement;
  return isLanguage(lang) ? lang : 'en';
}
