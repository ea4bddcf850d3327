/** Members who go on asking, a few at a time, while servers fail: what they got, by group and by phase. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Person, Reply } from './world.ts';

/** What somebody does again and again: the n-th time. */
export type Act = (n: number) => Promise<Reply>;
export type Answer = {
  group: string;
  phase: string;
  act: string;
  status: number;
  ms: number;
  isPartial: boolean;
};
export type Load = {
  answers: Answer[];
  /** All that is answered from now on belongs to it. */
  phase(name: string): void;
  /** Lets the load go on for so long. */
  lasts(ms: number): Promise<void>;
  of(group: string, phase?: string): Answer[];
  stop(): Promise<void>;
};

const PAUSE_MS = 15;

/** Each group is one member's client with one request at a time; `check` looks at every answer. */
export function startLoad(
  groups: { group: string; acts: Record<string, Act>; check?: (reply: Reply, act: string) => void }[],
): Load {
  const answers: Answer[] = [];
  let phase = 'calm';
  let isRunning = true;
  async function run({ group, acts, check }: (typeof groups)[number]): Promise<void> {
    const all = Object.entries(acts);
    for (let n = 0; isRunning; n++) {
      const [name, act] = all[n % all.length] ?? [];
      if (!name || !act) return;
      const startMs = performance.now();
      const began = phase;
      const reply = await act(Math.floor(n / all.length));
      check?.(reply, name);
      answers.push({
        group,
        // What is under way while the fault comes or goes is told apart by nobody: it counts for the fault.
        phase: began === phase ? phase : 'fault',
        act: name,
        status: reply.status,
        ms: performance.now() - startMs,
        isPartial: reply.body?.isPartial === true,
      });
      await delay(PAUSE_MS);
    }
  }
  const running = Promise.all(groups.map(run));
  let failure: unknown = null;
  running.catch((error) => {
    failure = error;
  });
  return {
    answers,
    phase(name) {
      phase = name;
    },
    async lasts(ms) {
      await delay(ms);
      if (failure) throw failure;
    },
    of: (group, only) =>
      answers.filter((each) => each.group === group && (only === undefined || each.phase === only)),
    async stop() {
      isRunning = false;
      await running;
    },
  };
}

export const isError = ({ status }: Answer): boolean => status >= 500;

/** In ms; of none, 0. */
export function quantile(answers: Pick<Answer, 'ms'>[], part: number): number {
  const sorted = answers.map(({ ms }) => ms).toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0;
}

/** Feed, profile, post, lists, likes: what a member does among people and posts that are there. */
export function everyday(me: Person, other: Person, post: { id: string }): Record<string, Act> {
  return {
    feed: () => me.act('GET', '/feed'),
    like: () => me.act('PUT', `/posts/${post.id}/like`),
    post: () => me.act('GET', `/posts/${post.id}`),
    unlike: () => me.act('DELETE', `/posts/${post.id}/like`),
    profile: () => me.act('GET', `/accounts/${other.id}`),
    posts: () => me.act('GET', `/accounts/${other.id}/posts`),
    comment: (n) => me.act('POST', `/posts/${post.id}/comments`, { body: { text: `comment ${n}` } }),
    unread: () => me.act('GET', '/activity/unread'),
  };
}
