import { Link } from 'wouter';
import { splitText } from '../../core/text.ts';
import { paths } from '../paths.ts';

/** A member's text, with its hashtags and mentions as links. */
export function RichText({ text }: { text: string }) {
  let at = 0;
  return splitText(text).map((part) => {
    const key = at;
    at += part.text.length;
    if (part.kind === 'text') return <span key={key}>{part.text}</span>;
    const href = part.kind === 'hashtag' ? paths.hashtag(part.target) : paths.profile(part.target);
    return (
      <Link key={key} href={href} className="text-link" dir="auto">
        {part.text}
      </Link>
    );
  });
}
