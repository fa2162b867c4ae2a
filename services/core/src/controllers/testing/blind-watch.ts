import { StatusError } from "@wick/sdk/api/meta/status-error"
import type { FetchWrapper } from "@wick/sdk/client"

export interface BlindWatch {
  readonly through: FetchWrapper
  /** From now on it sees; what it was to follow has expired meanwhile, so it lists. */
  lift(): void
}

/** A wire on which watches of one resource tell nothing. */
export function blindWatch(plural: string): BlindWatch {
  let isBlind = true
  const lifted = Promise.withResolvers<void>()
  const through: FetchWrapper = (next) => async (request) => {
    const { pathname, searchParams } = new URL(request.url)
    if (!isBlind || !searchParams.has("watch") || !pathname.endsWith(`/${plural}`)) return next(request)
    const aborted = new Promise((_, reject) => request.signal.addEventListener("abort", reject))
    await Promise.race([lifted.promise, aborted])
    return Response.json(new StatusError("Expired", "too old resource version").toStatus(), { status: 410 })
  }
  const lift = (): void => {
    isBlind = false
    lifted.resolve()
  }
  return { through, lift }
}
