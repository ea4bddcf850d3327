import { createElement, Fragment, type ReactNode } from 'react';
import { type Arguments, formatParts } from '../../core/messages/format.ts';
import { type Key, language, messageOf } from './messages.ts';

type TextProps = { id: Key; values: Arguments<ReactNode> };

/** A text of the catalogue where an argument is more than text: a link, a time, a name in bold. */
export function Text({ id, values }: TextProps) {
  return createElement(Fragment, null, ...formatParts<ReactNode>(messageOf(id), values, language()));
}
