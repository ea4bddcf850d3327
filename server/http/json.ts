/** JSON as we accept it: valid UTF-8 without a byte order mark, at most 32 levels deep, no __proto__. Of equal keys the last counts. */
import secureJson from 'secure-json-parse';
import { Invalid } from '../errors.ts';

const DEPTH_MAX = 32;
const BYTE_ORDER_MARK = '\ufeff';
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Throws Invalid invalid_json. An empty body is undefined. */
export function parseJson(body: Buffer): unknown {
  if (body.length === 0) return undefined;
  try {
    const text = utf8.decode(body);
    if (text.startsWith(BYTE_ORDER_MARK) || isTooDeep(text)) throw new Error('not as we accept it');
    return secureJson.parse(text, null, { protoAction: 'error', constructorAction: 'error' });
  } catch {
    throw new Invalid(
      'invalid_json',
      `The body is not JSON that can be used (UTF-8, at most ${DEPTH_MAX} levels deep).`,
    );
  }
}

/** Counted before parsing, so that 200,000 brackets cost nothing but this loop. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (inString) {
      if (character === '\\') at++;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '{' || character === '[') {
      if (++depth > DEPTH_MAX) return true;
    } else if (character === '}' || character === ']') depth--;
  }
  return false;
}
