import type { CommentCard } from '../../core/shapes.ts';
import { useMe } from '../api/accounts.ts';
import { unsentId } from '../api/comments.ts';
import { Comment, type CommentActs } from '../components/Comment.tsx';
import { CommentForm } from '../components/CommentForm.tsx';
import { useTalk } from '../components/use-talk.ts';
import { comment, people } from './samples.ts';
import '../components/comments.css';

const noop = () => undefined;
const ACTS: CommentActs = {
  onLike: noop,
  onReply: noop,
  onDelete: noop,
  onTakeBack: noop,
  onShowLikers: noop,
};
const LONG = 'A sentence of many words, as somebody says it who has much to say about the light. ';

const COMMENTS: [name: string, comment: CommentCard, isOffline?: boolean][] = [
  ['Sent', comment('So quiet.')],
  ['Liked by me and 1.2 million', comment('Who would not?', { liked: true, likeCount: 1_234_567 })],
  ['Mine', comment('#granite, @layla', { canDelete: true, likeCount: 1 })],
  ['A reply, long', comment(LONG.repeat(4), { account: people.long, parentId: '1' })],
  ['Right to left', comment('ضوء الصباح الأول', { account: people.arabic })],
  ['Being sent', comment('On its way', { id: unsentId('a') })],
  ['Waiting', comment('Without a network', { id: unsentId('b') }), true],
];

export function Talk() {
  const me = useMe();
  const talk = useTalk('0');
  return (
    <>
      {COMMENTS.map(([name, each, isOffline = false]) => (
        <figure key={name}>
          <figcaption className="muted">{name}</figcaption>
          <Comment comment={each} isOffline={isOffline} isJustSent={false} acts={ACTS} />
        </figure>
      ))}
      {me && <CommentForm postId="0" talk={talk} me={me} />}
    </>
  );
}
