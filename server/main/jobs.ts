/** All jobs of all features. */
import { jobs as accounts } from '../features/accounts/jobs.ts';
import { jobs as comments } from '../features/comments/jobs.ts';
import { jobs as explore } from '../features/explore/jobs.ts';
import { jobs as feed } from '../features/feed/jobs.ts';
import { jobs as graph } from '../features/graph/jobs.ts';
import { jobs as likes } from '../features/likes/jobs.ts';
import { jobs as media } from '../features/media/jobs.ts';
import { jobs as people } from '../features/people/jobs.ts';
import { jobs as posts } from '../features/posts/jobs.ts';
import type { App } from '../infra/app.ts';
import type { Job } from '../infra/queue.ts';

export const jobs: Job<App>[] = [
  ...accounts,
  ...graph,
  ...media,
  ...people,
  ...posts,
  ...likes,
  ...comments,
  ...feed,
  ...explore,
];
export const jobKinds = jobs.map(({ name }) => name);
