import { type Status, StatusError } from "../api/meta/status-error.ts"

/** Longest text of a proxy or a server that speaks no `Status` that is put into an error, in characters. */
const foreignTextMax = 1000

/** A no as a `StatusError`. Servers and proxies that answer no `Status` are understood by code. */
export function refusalOf(text: string, code: number, retryAfter: string | null | undefined): StatusError {
  const status = statusOf(text) ?? { message: text.slice(0, foreignTextMax) || `the server answered ${code}` }
  const retryAfterSeconds = Number(retryAfter)
  if (retryAfterSeconds > 0) status.details = { ...status.details, retryAfterSeconds }
  return StatusError.from(status, code)
}

function statusOf(text: string): Partial<Status> | undefined {
  if (!text.startsWith("{")) return undefined
  try {
    const parsed = JSON.parse(text) as Partial<Status>
    return parsed.kind === "Status" ? parsed : undefined
  } catch {
    return undefined
  }
}
