/** Kubernetes' `Status` object: how the API says no. */
export interface Status {
  kind: "Status"
  apiVersion: "v1"
  metadata: Record<string, unknown>
  status: "Success" | "Failure"
  message?: string
  reason?: StatusReason
  details?: StatusDetails
  code: number
}

export interface StatusDetails {
  name?: string
  group?: string
  kind?: string
  uid?: string
  causes?: StatusCause[]
  retryAfterSeconds?: number
}

export interface StatusCause {
  reason?: string
  message?: string
  /** Path of the field: `spec.template.spec.containers[0].image`. */
  field?: string
}

/** Reason → HTTP status code, as Kubernetes pairs them. */
const codes = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  AlreadyExists: 409,
  Conflict: 409,
  Gone: 410,
  Expired: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  ServiceUnavailable: 503,
  ServerTimeout: 504,
  Timeout: 504,
} as const

export type StatusReason = keyof typeof codes

/** The API's no, as a value that can be thrown: reason, code and details, one to one with a `Status`. */
export class StatusError extends Error {
  override name = "StatusError"
  readonly reason: StatusReason
  readonly code: number
  readonly details: StatusDetails | undefined

  constructor(reason: StatusReason, message: string, details?: StatusDetails, code: number = codes[reason]) {
    super(message)
    this.reason = reason
    this.code = code
    this.details = details
  }

  toStatus(): Status {
    return {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: this.message,
      reason: this.reason,
      ...(this.details && { details: said(this.details) }),
      code: this.code,
    }
  }

  static from(status: Partial<Status>, httpCode: number): StatusError {
    const reason = status.reason ?? reasonOf(httpCode)
    return new StatusError(
      reason,
      status.message ?? `the server answered ${httpCode}`,
      status.details,
      status.code ?? httpCode,
    )
  }
}

/** Without what is empty: the core group has no name, and a collection neither. */
function said(details: StatusDetails): StatusDetails {
  return Object.fromEntries(Object.entries(details).filter(([, value]) => value !== "")) as StatusDetails
}

function reasonOf(httpCode: number): StatusReason {
  const found = Object.entries(codes).find(([, code]) => code === httpCode)
  return (found?.[0] as StatusReason | undefined) ?? (httpCode >= 500 ? "InternalError" : "BadRequest")
}

/** Whether a write was refused because its namespace is being deleted: to try again is of no use. */
export function isNamespaceTerminating(error: unknown): boolean {
  return (
    isStatus(error, "Forbidden") &&
    error.details?.causes?.some(({ reason }) => reason === "NamespaceTerminating") === true
  )
}

/** Whether `error` is the API's no, for one of these reasons when any are given. */
export function isStatus(error: unknown, ...reasons: StatusReason[]): error is StatusError {
  return error instanceof StatusError && (reasons.length === 0 || reasons.includes(error.reason))
}
