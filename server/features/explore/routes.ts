import type { PostId } from '../../../core/ids.ts';
import { limits } from '../../../core/limits.ts';
import { pageQuery } from '../../../core/shapes.ts';
import { NotFound } from '../../errors.ts';
import { nextCursor, readCursor } from '../../http/cursors.ts';
import type { Server } from '../../http/server.ts';
import { viewerOf } from '../../http/sessions.ts';
import { hydrateAccounts, presentCard } from '../../hydrate/accounts.ts';
import { hydratePostIds } from '../../hydrate/posts.ts';
import type { App } from '../../infra/app.ts';
import { searchAccounts } from '../accounts/accounts.ts';
import * as explore from './explore.ts';
import { hashtagPage, searchQuery, searchReply, suggestionsReply, tagParams } from './schema.ts';
import { listSuggestions } from './suggestions.ts';

export function exploreRoutes(server: Server, app: App): void {
  server.get(
    '/hashtags/:tag',
    {
      schema: {
        tags: ['explore'],
        summary: 'Posts with a hashtag, newest first',
        params: tagParams,
        querystring: pageQuery,
        response: { 200: hashtagPage },
      },
    },
    async (request) => {
      const viewer = request.viewer?.accountId ?? null;
      const { cursor, limit } = request.query;
      const hashtag = await explore.findHashtag(app, request.params.tag);
      if (!hashtag) throw new NotFound();
      const list = ['hashtag', hashtag.hashtag_id, viewer];
      const postIds: PostId[] = await explore.listHashtagPosts(
        app,
        hashtag.hashtag_id,
        readCursor(app, list, cursor),
        limit,
      );
      const items = await hydratePostIds(app, viewer, postIds, { mayLag: true });
      return {
        tag: hashtag.tag,
        postCount: Number(hashtag.post_count),
        items,
        nextCursor: nextCursor(app, list, postIds.length, limit, postIds.at(-1)),
      };
    },
  );

  server.get(
    '/search',
    {
      schema: {
        tags: ['explore'],
        summary: 'Accounts and hashtags by their first letters',
        querystring: searchQuery,
        response: { 200: searchReply },
      },
    },
    async (request) => {
      const viewer = request.viewer?.accountId ?? null;
      const { q } = request.query;
      const [accountIds, hashtags] = await Promise.all([
        q.startsWith('#') ? [] : searchAccounts(app, q, limits.searchMax),
        q.startsWith('@') ? [] : explore.searchHashtags(app, q, limits.searchMax),
      ]);
      return {
        accounts: await hydrateAccounts(app, viewer, accountIds),
        hashtags: hashtags.map(({ tag, post_count }) => ({ tag, postCount: Number(post_count) })),
      };
    },
  );

  server.get(
    '/suggestions',
    {
      schema: {
        tags: ['explore'],
        summary: 'Whom I could follow: first whom those follow whom I follow, then the liveliest',
        response: { 200: suggestionsReply },
      },
    },
    async (request) => {
      const viewer = viewerOf(request).accountId;
      const suggestions = await listSuggestions(app, viewer);
      const followedBy = new Map(suggestions.map((each) => [String(each.accountId), each.followedBy]));
      const accounts = await hydrateAccounts(
        app,
        viewer,
        suggestions.map((each) => each.accountId),
      );
      const items = accounts
        .filter(({ relationship }) => !relationship.isSelf && relationship.following === 'no')
        .slice(0, limits.searchMax)
        .map((account) => {
          const by = followedBy.get(account.id);
          const cards = by?.accounts.map((each) => presentCard(app, each)) ?? [];
          return { ...account, followedBy: by ? { accounts: cards, count: by.count } : null };
        });
      return { items };
    },
  );
}
