import { useLocation } from 'wouter';
import type { PostCard } from '../../core/shapes.ts';
import { useMe } from '../api/accounts.ts';
import { useLike } from '../api/likes.ts';
import { paths } from '../paths.ts';

/** Likes or unlikes the post; a visitor who is not signed in is led there first. */
export function useLikePost(post: PostCard): (liked: boolean) => void {
  const me = useMe();
  const like = useLike(post.id);
  const [path, navigate] = useLocation();
  return (liked) => {
    if (!me) navigate(paths.signIn(path));
    else if (liked !== post.liked) like.mutate(liked);
  };
}
