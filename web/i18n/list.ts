import { createElement, Fragment, type ReactNode } from 'react';
import { language } from './messages.ts';

/** "ann, bob and 12 others", as the language joins them. English as the British write it: no comma before "and". */
export function listOf(items: readonly ReactNode[]): ReactNode {
  const locale = language() === 'en' ? 'en-GB' : language();
  const parts = new Intl.ListFormat(locale).formatToParts(items.map((_, at) => String(at)));
  const nodes = parts.map(({ type, value }) => (type === 'element' ? items[Number(value)] : value));
  return createElement(Fragment, null, ...nodes);
}
