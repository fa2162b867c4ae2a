import type { Kind, KindOf } from "@wick/sdk/api"
import { done, keyOf, type Result, Untold, wakeAfter } from "@wick/sdk/controller"
import type { Condition } from "../conditions.ts"
import { sameJson } from "../same-json.ts"
import { type Context, writeStatus } from "./context.ts"

/** What is over by then is not told on the way: most steps of what comes to be take some milliseconds. */
export const untoldMsMax = 1_000

interface Status {
  readonly conditions?: readonly Condition[] | undefined
}

/**
 * Writes the statuses of one loop's objects. What came of something is told at once; that it is under way is told of what
 * takes its time. A new Service goes through a dozen steps which nobody could follow, and each one told is a write, and wakes
 * all who watch.
 */
export class StatusWriter<K extends Kind> {
  readonly #context: Pick<Context, "client" | "clock">
  readonly #kind: K
  readonly #untold: Untold

  constructor(context: Pick<Context, "client" | "clock">, kind: K) {
    this.#context = context
    this.#kind = kind
    this.#untold = new Untold(context.clock, untoldMsMax)
  }

  /** When to look again, where the status may wait. `atOnce`: somebody waits for what it says. */
  async write(object: KindOf<K> & { status?: unknown }, status: Status, { atOnce = false } = {}): Promise<Result> {
    const key = keyOf(object)
    const leftMs = atOnce || !isUnderWay(status) || sameJson(object.status, status) ? 0 : this.#untold.leftMs(key)
    if (leftMs > 0) return wakeAfter(leftMs)
    this.#untold.forget(key)
    await writeStatus(this.#context, this.#kind, object, status)
    return done
  }

  /** The object is gone. */
  forget(key: string): Result {
    this.#untold.forget(key)
    return done
  }
}

function isUnderWay({ conditions = [] }: Status): boolean {
  const failed = conditions.some(({ type, status }) => type === "Ready" && status === "False")
  return !failed && conditions.some(({ status }) => status === "Unknown")
}
