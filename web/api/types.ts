/** Replies whose types the server's schemas do not name. Types only: no schema code comes into the browser. */
import type { z } from 'zod';
import type { Edits } from '../../core/edits.ts';
import type { session } from '../../server/features/accounts/schema.ts';
import type { activityItem } from '../../server/features/activity/schema.ts';
import type { draft } from '../../server/features/drafts/schema.ts';
import type { hashtagPage, searchReply, suggestionsReply } from '../../server/features/explore/schema.ts';
import type { uploaded, uploadState, uploadTicket } from '../../server/features/media/schema.ts';
import type { photoEdits } from '../../server/features/posts/schema.ts';

export type Session = z.infer<typeof session>;
export type Activity = z.infer<typeof activityItem>;
export type SearchReply = z.infer<typeof searchReply>;
export type Suggestions = z.infer<typeof suggestionsReply>;
export type HashtagPage = z.infer<typeof hashtagPage>;
export type Uploaded = z.infer<typeof uploaded>;
export type UploadTicket = z.infer<typeof uploadTicket>;
export type UploadState = z.infer<typeof uploadState>;
export type PhotoEdits = Omit<z.infer<typeof photoEdits>, 'edits'> & { edits: Edits };
export type ServerDraft = z.infer<typeof draft>;
