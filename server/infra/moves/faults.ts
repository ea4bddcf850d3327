/** What can go wrong with a move, in sentences for the operator. */

/** Nothing was done, or nothing more can be: the sentence says what to mend. */
export class MoveRefused extends Error {
  readonly isForOperator = true;
}

/** Stands still between two steps: it can be resumed or undone. */
export class MoveStopped extends Error {
  readonly isForOperator = true;

  constructor(reason: string) {
    super(
      `${reason} The move stands still, and nothing is lost. To go on: ./pinhole shard move --resume. To take it back: ./pinhole shard move --undo. Until then the source keeps its log for it, which fills its disk slowly.`,
    );
  }
}

/** A server, or the way to it, is gone: the step is done again on new connections. */
export class ConnectionLost extends Error {
  readonly isForOperator = true;
  readonly server: string;

  constructor(server: string, cause: unknown) {
    super(`${server} does not answer (${reasonOf(cause)})`, { cause });
    this.server = server;
  }
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.message || ('code' in cause ? String(cause.code) : cause.name);
}
