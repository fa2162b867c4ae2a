import type { AnyObject } from "../api/kind.ts"
import type { WatchEvent } from "./client.ts"

/**
 * An API server in this very process has every object already: who asks it, and says that he changes none, may be given
 * them as they are, instead of bytes that he parses and keeps a second time. It is the same request, with the same rights
 * and the same answer; only what carries it is shorter. A server that knows nothing of this answers with bytes.
 */
export abstract class SharedObject {
  abstract get name(): string
  abstract get namespace(): string
  abstract get resourceVersion(): string
  /**
   * The object without its managedFields; made again when nobody has had it for long. Never change it. Throws a StatusError
   * `Expired` when it was written again and the store has forgotten what it was.
   */
  abstract object(): AnyObject
  /** What is known of an object that has expired: its name and its labels. */
  abstract remains(): AnyObject
}

/** An object that is shared, or one that is the asker's own. */
export type Held<Item> = Item | SharedObject

export interface SharedList {
  readonly items: readonly Held<AnyObject>[]
  readonly metadata: { readonly resourceVersion?: string; readonly continue?: string }
}

/** `resourceVersion` is the event's: a deleted object is told as it last was. */
export interface SharedEvent<Item = AnyObject> {
  readonly type: WatchEvent<never>["type"]
  /** Absent from a bookmark. */
  readonly held?: Held<Item>
  readonly resourceVersion: string
}

export interface SharedSink {
  onEvent(event: SharedEvent): void
  /** With an error if it is to be told of one. */
  onEnd(error?: Error): void
}

/** Begins to tell; the function that it returns ends it. */
export type SharedWatch = (sink: SharedSink) => () => void

const asked = new WeakSet<Request>()
const lists = new WeakMap<Response, SharedList>()
const watches = new WeakMap<Response, SharedWatch>()

/** Whose request this is promises to change nothing of what he is given. */
export function askForShared(request: Request): void {
  asked.add(request)
}

export function asksForShared(request: Request): boolean {
  return asked.has(request)
}

/** An answer without a body, that only who has asked for it can read. */
export function sharedListAnswer(list: SharedList): Response {
  const response = new Response(null)
  lists.set(response, list)
  return response
}

export function sharedWatchAnswer(watch: SharedWatch): Response {
  const response = new Response(null)
  watches.set(response, watch)
  return response
}

export function sharedListOf(response: Response): SharedList | undefined {
  return lists.get(response)
}

export function sharedWatchOf(response: Response): SharedWatch | undefined {
  return watches.get(response)
}

/** All events that have come, at each turn, until the watch ends or `signal` aborts, which ends it quietly. */
export async function* readSharedWatch<Item = AnyObject>(
  watch: SharedWatch,
  signal: AbortSignal,
): AsyncGenerator<SharedEvent<Item>[], void, undefined> {
  let waiting: SharedEvent<Item>[] = []
  let end: { readonly error?: Error | undefined } | undefined
  let wake = (): void => {}
  const wakeUp = (): void => wake()
  const stop = watch({
    onEvent: (event) => {
      waiting.push(event as SharedEvent<Item>)
      wake()
    },
    onEnd: (error) => {
      end = { error }
      wake()
    },
  })
  signal.addEventListener("abort", wakeUp, { once: true })
  try {
    while (!signal.aborted) {
      if (waiting.length > 0) {
        const events = waiting
        waiting = []
        yield events
      } else if (end) {
        if (end.error) throw end.error
        return
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    }
  } finally {
    signal.removeEventListener("abort", wakeUp)
    stop()
  }
}
