import type { Clock } from "../clock/index.ts"
import type { Fetch } from "./client.ts"

export type FetchWrapper = (next: Fetch) => Fetch

/** `compose(fetch, a, b)`: a request meets `a` first, then `b`, then `fetch`. */
export function compose(fetch: Fetch, ...wrappers: FetchWrapper[]): Fetch {
  return wrappers.reduceRight((next, wrap) => wrap(next), fetch)
}

/** Adds `Authorization: Bearer …`; `token` is asked at each request, so that it may be renewed underneath. */
export function bearerToken(token: () => string | Promise<string>): FetchWrapper {
  return (next) => async (request) => {
    request.headers.set("authorization", `Bearer ${await token()}`)
    return next(request)
  }
}

export interface RetryOptions {
  readonly clock: Clock
  /** Attempts in all, the first one counted. */
  readonly attemptsMax?: number
  /** Longest wait that a server may ask for; asked for more, its answer is handed on. */
  readonly waitMsMax?: number
}

/**
 * Tries again what is safe to try again: a request that the server put off (429 with Retry-After: it was not begun);
 * and a read that met a passing trouble (5xx with Retry-After, a lost connection). A write that met either may have
 * been carried out, so its caller decides.
 */
export function retry({ clock, attemptsMax = 5, waitMsMax = 30_000 }: RetryOptions): FetchWrapper {
  return (next) => async (request) => {
    const read = request.method === "GET" || request.method === "HEAD"
    for (let attempt = 1; ; attempt++) {
      const last = attempt >= attemptsMax
      const copy = last || request.body === null ? request : request.clone()
      let response: Response
      try {
        response = await next(copy)
      } catch (error) {
        if (last || !read || request.signal.aborted) throw error
        await clock.sleep(connectionBackoffMs(attempt), request.signal)
        continue
      }
      const waitMs = putOffMs(response, read)
      if (waitMs === undefined || waitMs > waitMsMax || last) return response
      await response.body?.cancel()
      await clock.sleep(waitMs, request.signal)
    }
  }
}

/** How long the server asks to wait before this request is tried again, if it may be. */
function putOffMs(response: Response, read: boolean): number | undefined {
  const passing = response.status === 429 || (read && response.status >= 500)
  const seconds = response.headers.get("retry-after")
  if (!passing || seconds === null) return undefined
  const waitMs = Number(seconds) * 1000
  return Number.isFinite(waitMs) && waitMs >= 0 ? waitMs : undefined
}

/** The first retry is at once: it is mostly a kept-alive connection that the server closed meanwhile. */
function connectionBackoffMs(attempt: number): number {
  return attempt === 1 ? 0 : Math.min(50 * 2 ** attempt, 2000)
}
