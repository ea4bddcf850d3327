/** Handles, hashtags and mentions: one grammar for server and browser. */
import { limits } from './limits.ts';

const HANDLE = /^[A-Za-z0-9](?:[A-Za-z0-9._]*[A-Za-z0-9_])?$/;
/** Letters, marks, numbers and the underscore of any script; at least one that is not a digit. */
const HASHTAG = /(?<![\p{L}\p{M}\p{N}_&#/])#([\p{L}\p{M}\p{N}_]{1,60})(?![\p{L}\p{M}\p{N}_#])/gu;
const FOLDED_HASHTAG = /^(?!\p{N}+$)[\p{L}\p{M}\p{N}_]{1,60}$/u;
// Not with the flag i: together with u it would take the Kelvin sign for k, and the long s for s.
const MENTION =
  /(?<![\p{L}\p{M}\p{N}_./@])@([A-Za-z0-9](?:[A-Za-z0-9._]{0,28}[A-Za-z0-9_])?)(?![A-Za-z0-9_@])/gu;

/** Names that would shadow a page, pose as the operator, or confuse. */
const RESERVED = new Set(
  `about account accounts activity admin administrator api app assets auth blog contact dashboard developer docs
  everyone explore feed health help home index info legal login logout mail me media mod moderator moderators new
  news null official operator owner p password photo photos pinhole post posts press privacy profile reset root
  search security sessions settings setup sign-in sign-out sign-up signin signout signup staff status support sysop
  system tags team terms undefined upload uploads user users verified webmaster www`
    .split(/\s+/)
    .map(skeleton),
);

/** The one form under which a handle is unique: lower case. */
export function foldHandle(handle: string): string {
  return handle.toLowerCase();
}

type HandleFault = { code: string; message: string; params?: Record<string, number> };

/** Why a handle cannot be had, or null. ASCII only, so that no two handles look alike by script. */
export function handleFault(handle: string): HandleFault | null {
  const folded = foldHandle(handle);
  if (folded.length < limits.handleMin || folded.length > limits.handleMax)
    return {
      code: 'handle_length',
      message: `A handle has ${limits.handleMin} to ${limits.handleMax} characters.`,
      params: { min: limits.handleMin, max: limits.handleMax },
    };
  if (!HANDLE.test(handle) || folded.includes('..'))
    return {
      code: 'handle_form',
      message:
        'A handle is made of the letters a to z, digits, dots and underscores, and starts with a letter or digit.',
    };
  if (RESERVED.has(skeleton(folded))) return { code: 'handle_reserved', message: 'This handle is reserved.' };
  return null;
}

/**
 * What a handle looks like at a glance: handles of equal skeleton cannot both exist, so that nobody poses as
 * another with l for 1, 0 for o, rn for m, or a dot more. (A small ASCII part of Unicode TR 39.)
 */
export function skeleton(handle: string): string {
  return foldHandle(handle)
    .replace(/[._]/g, '')
    .replace(/rn/g, 'm')
    .replace(/vv/g, 'w')
    .replace(/0/g, 'o')
    .replace(/[1i|]/g, 'l')
    .replace(/5/g, 's');
}

/** The hashtags of a text, folded, without #, each once, in order. */
export function hashtagsIn(text: string): string[] {
  const found = [...text.normalize('NFC').matchAll(HASHTAG)].map((match) => foldHashtag(match[1] ?? ''));
  return [...new Set(found.filter((tag) => FOLDED_HASHTAG.test(tag)))];
}

/** The handles that a text mentions, folded, without @, each once, in order. */
export function mentionsIn(text: string): string[] {
  return [...new Set([...text.matchAll(MENTION)].map((match) => foldHandle(match[1] ?? '')))];
}

/** The form under which a hashtag is found: NFKC, lower case. */
export function foldHashtag(tag: string): string {
  return tag.normalize('NFKC').toLowerCase();
}

export type TextPart = { kind: 'text' | 'hashtag' | 'mention'; text: string; target: string };

/** Cuts a caption into plain text, hashtags and mentions, for showing them as links. Joined texts give the caption. */
export function splitText(text: string): TextPart[] {
  const marks = [
    ...[...text.matchAll(HASHTAG)]
      .map((match) => ({
        kind: 'hashtag' as const,
        at: match.index,
        text: match[0],
        target: foldHashtag(match[1] ?? ''),
      }))
      .filter((mark) => FOLDED_HASHTAG.test(mark.target)),
    ...[...text.matchAll(MENTION)].map((match) => ({
      kind: 'mention' as const,
      at: match.index,
      text: match[0],
      target: foldHandle(match[1] ?? ''),
    })),
  ].sort((a, b) => a.at - b.at);
  const parts: TextPart[] = [];
  let end = 0;
  for (const mark of marks) {
    if (mark.at > end) parts.push({ kind: 'text', text: text.slice(end, mark.at), target: '' });
    parts.push({ kind: mark.kind, text: mark.text, target: mark.target });
    end = mark.at + mark.text.length;
  }
  if (end < text.length) parts.push({ kind: 'text', text: text.slice(end), target: '' });
  return parts;
}
