import type { AnyObject } from "@wick/sdk/api"
import { queryFlag } from "@wick/sdk/api/meta/query-flag"
import { asksForShared, type Held, type SharedSink, sharedListAnswer, sharedWatchAnswer } from "@wick/sdk/client"
import type { Entry } from "../entry.ts"
import type { AnswerForm } from "../negotiation.ts"
import { parseObject } from "../object-bytes.ts"
import type { RequestContext } from "../request-context.ts"
import type { Selection } from "../selection.ts"
import type { ServedResource } from "../served-resource.ts"
import { isServedAsStored, renamed } from "../version.ts"
import type { WatchCache } from "../watch-cache.ts"
import { keepTime, scopeOf } from "./following.ts"
import type { Page } from "./list-page.ts"

/** Whether a part of this process asks, that changes none of what it is given, for objects as they are. */
export function canShare({ request, resource }: RequestContext, { kind, encoding }: AnswerForm): boolean {
  const isPlain = kind === "object" && encoding === "json" && !resource.conversion && !resource.behind
  return isPlain && asksForShared(request)
}

export function shareList({ server, resource }: RequestContext, { entries, meta }: Page): Response {
  const cache = server.store.cache(resource)
  const items = entries.map((entry) => {
    // A page of the past is made of entries of its own, which keep their bytes: of what has not changed there is another.
    const there = cache.get(entry.key)
    return held(resource, there?.revision === entry.revision ? there : entry)
  })
  return sharedListAnswer({ items, metadata: meta })
}

/** From `version`, or from the present: who watches so has listed before. */
export function shareWatch(
  context: RequestContext,
  cache: WatchCache,
  selection: Selection,
  version: string,
): Response {
  const { info, resource } = context
  const bookmarks = queryFlag(info.query, "allowWatchBookmarks") === true
  return sharedWatchAnswer((sink: SharedSink) => {
    let told = 0
    let stop = (): void => {}
    const end = (error?: Error): void => {
      stop()
      sink.onEnd(error)
    }
    const bookmark = (): void => {
      told = cache.revision
      sink.onEvent({ type: "BOOKMARK", resourceVersion: String(told) })
    }
    try {
      const unfollow = cache.follow(version === "" ? cache.revision : Number(version), scopeOf(info, selection), {
        onSeen: (event, type) => {
          told = event.revision
          const entry = (type === "DELETED" ? event.before : event.after) ?? event.after ?? event.before
          if (entry) sink.onEvent({ type, held: held(resource, entry), resourceVersion: String(event.revision) })
        },
        onPresent: () => {
          if (bookmarks && told < cache.revision) bookmark()
        },
        onLost: () => end(),
      })
      const time = keepTime(context, bookmarks, { onBookmark: bookmark, onEnd: () => end() })
      stop = () => {
        unfollow()
        time.cancel()
      }
    } catch (error) {
      end(error as Error)
    }
    return () => stop()
  })
}

/** The entry itself, or what it is in the version that was asked for. */
function held(resource: ServedResource, entry: Entry): Held<AnyObject> {
  if (!resource.custom || isServedAsStored(resource, entry.bytes)) return entry
  return parseObject(renamed(resource, entry.bytes))
}
