import type { Scope } from "../followers.ts"
import type { RequestContext } from "../request-context.ts"
import type { ResourceRequest } from "../request-info.ts"
import type { Selection } from "../selection.ts"

const bookmarkEveryMs = 60_000
/** Watches end after half an hour to an hour, so that they spread over servers again. */
const timeoutSecondsMin = 1_800

/** What a watch looks at. */
export function scopeOf({ namespace, query }: ResourceRequest, selection: Selection): Scope {
  const text = JSON.stringify([namespace, query.get("labelSelector"), query.get("fieldSelector")])
  if (namespace === "") return { text, selection }
  return { text, selection: (index) => index.namespace === namespace && selection(index) }
}

/** Bookmarks of a watch, each minute, and its end: when the client wants it, or when it has lasted for long. */
export function keepTime(
  { server, info }: RequestContext,
  bookmarks: boolean,
  { onBookmark, onEnd }: { onBookmark(): void; onEnd(): void },
): { cancel(): void } {
  const { clock, random } = server
  const asked = Number(info.query.get("timeoutSeconds") ?? 0)
  const seconds = asked > 0 ? asked : timeoutSecondsMin + random.below(timeoutSecondsMin)
  const end = clock.timer(seconds * 1_000, onEnd)
  let next: { cancel(): void } | undefined
  const tick = (): void => {
    onBookmark()
    next = clock.timer(bookmarkEveryMs, tick)
  }
  if (bookmarks) next = clock.timer(bookmarkEveryMs, tick)
  return {
    cancel: () => {
      end.cancel()
      next?.cancel()
    },
  }
}
