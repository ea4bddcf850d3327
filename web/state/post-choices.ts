import type { PostAudience, PostCard } from '../../core/shapes.ts';

/** What a member decides about a post beside its photos and its caption. */
export type PostChoices = {
  placeName: string;
  audience: PostAudience;
  takesComments: boolean;
  hidesLikeCount: boolean;
};

/** Who is on a photo: `x` and `y` from 0 to 1, from its upper left corner. */
export type TaggedPerson = PostCard['photos'][number]['people'][number];

export const USUAL_CHOICES: PostChoices = {
  placeName: '',
  audience: 'everyone',
  takesComments: true,
  hidesLikeCount: false,
};

export function choicesOf(post: PostCard): PostChoices {
  const { placeName, audience, takesComments, hidesLikeCount } = post;
  return { placeName: placeName ?? '', audience, takesComments, hidesLikeCount };
}
