/**
 * What can go wrong for a member, each with a stable code and a sentence that a person can act on.
 * Features throw these; http/ alone turns them into status and body. Any other error is a bug: 500.
 */
/** `code` and `params` are for clients that have a sentence of their own for it, in another language. */
export type FieldFault = {
  path: string;
  message: string;
  code: string;
  params?: Record<string, string | number>;
};

export class ExpectedError extends Error {
  readonly status: number;
  readonly code: string;
  readonly retryAfterSeconds: number | undefined;
  readonly fields: FieldFault[] | undefined;
  constructor(
    status: number,
    code: string,
    message: string,
    more: { retryAfterSeconds?: number; fields?: FieldFault[] } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.retryAfterSeconds = more.retryAfterSeconds;
    this.fields = more.fields;
  }
}

/** 400: the request itself is wrong. */
export class Invalid extends ExpectedError {
  constructor(code: string, message: string, fields?: FieldFault[]) {
    super(400, code, message, fields ? { fields } : {});
  }
}

/** 401: no session, or wrong credentials. */
export class Unauthenticated extends ExpectedError {
  constructor(code = 'unauthenticated', message = 'Sign in first.') {
    super(401, code, message);
  }
}

/** 403: known, and not allowed. What the viewer may not even see is NotFound. */
export class Forbidden extends ExpectedError {
  constructor(code: string, message: string) {
    super(403, code, message);
  }
}

/** 404: does not exist, or must look as though it did not. One body for all. */
export class NotFound extends ExpectedError {
  constructor() {
    super(404, 'not_found', 'This does not exist, or you may not see it.');
  }
}

/** 409: clashes with what is there already. */
export class Conflict extends ExpectedError {
  constructor(code: string, message: string, fields?: FieldFault[]) {
    super(409, code, message, fields ? { fields } : {});
  }
}

/** 413 or 422: what was sent cannot be used: bytes of a photo, or whom a post names. */
export class Unusable extends ExpectedError {
  constructor(status: 413 | 422, code: string, message: string) {
    super(status, code, message);
  }
}

/** 429: too often. */
export class Limited extends ExpectedError {
  constructor(retryAfterSeconds: number, message = 'That was too often. Try again later.') {
    super(429, 'limited', message, { retryAfterSeconds });
  }
}

/** 503: not now. */
export class Unavailable extends ExpectedError {
  constructor(code: string, message: string, retryAfterSeconds = 5) {
    super(503, code, message, { retryAfterSeconds });
  }
}
