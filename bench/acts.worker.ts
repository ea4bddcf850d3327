/**
 * Members who like, follow and comment at a steady rate, whatever becomes of it: a process of its own, which keeps a ledger
 * of every answer. The message { isOver: true } ends it, and is answered with the ledger.
 */
export type ActsPlan = {
  base: string;
  members: { accountId: string; token: string }[];
  /** Whom they follow, and what they like and comment on. */
  accountIds: string[];
  postIds: string[];
  perSecond: number;
};
export type Act = {
  kind: 'like' | 'follow' | 'comment';
  accountId: string;
  targetId: string;
  commentId: string | null;
  /** 0: there was no answer. */
  status: number;
  /** When it was asked, ms since the beginning, and how long the answer took. */
  atMs: number;
  tookMs: number;
};

const KINDS = ['like', 'like', 'follow', 'comment'] as const;
const TICK_MS = 5;
const ANSWER_MAX_MS = 20_000;

const ledger: Act[] = [];
const underWay = new Set<Promise<void>>();
let timer: NodeJS.Timeout | undefined;

process.on('message', async (message: ActsPlan | { isOver: true }) => {
  if (!('isOver' in message)) return begin(message);
  clearInterval(timer);
  await Promise.all(underWay);
  process.send?.(ledger);
});
process.once('disconnect', () => process.exit());

function begin(plan: ActsPlan): void {
  const startMs = performance.now();
  let number = 0;
  timer = setInterval(() => {
    const due = ((performance.now() - startMs) * plan.perSecond) / 1_000;
    for (; number < due; number++) {
      const acting = act(plan, number, startMs).finally(() => underWay.delete(acting));
      underWay.add(acting);
    }
  }, TICK_MS);
}

/** No member does the same to the same target twice. */
async function act(plan: ActsPlan, number: number, startMs: number): Promise<void> {
  const kind = KINDS[number % KINDS.length] ?? 'like';
  const member = plan.members[number % plan.members.length];
  const targets = kind === 'follow' ? plan.accountIds : plan.postIds;
  const targetId = targets[number % targets.length];
  if (!member || targetId === undefined) return;
  const askedMs = performance.now();
  const { status, commentId } = await ask(plan.base, member.token, kind, targetId, number);
  ledger.push({
    kind,
    accountId: member.accountId,
    targetId,
    commentId,
    status,
    atMs: askedMs - startMs,
    tookMs: performance.now() - askedMs,
  });
}

async function ask(base: string, token: string, kind: Act['kind'], targetId: string, number: number) {
  const at =
    kind === 'follow'
      ? `/accounts/${targetId}/follow`
      : `/posts/${targetId}/${kind === 'like' ? 'like' : 'comments'}`;
  try {
    const reply = await fetch(`${base}/api/v1${at}`, {
      method: kind === 'comment' ? 'POST' : 'PUT',
      headers: {
        authorization: `Bearer ${token}`,
        ...(kind === 'comment' ? { 'content-type': 'application/json' } : {}),
      },
      body: kind === 'comment' ? JSON.stringify({ text: `Comment number ${number}` }) : null,
      signal: AbortSignal.timeout(ANSWER_MAX_MS),
    });
    const body = await reply.text();
    const commentId = kind === 'comment' && reply.ok ? String(JSON.parse(body).id) : null;
    return { status: reply.status, commentId };
  } catch {
    return { status: 0, commentId: null };
  }
}
