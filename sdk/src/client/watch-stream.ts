import type { AnyObject } from "../api/kind.ts"
import { type Status, StatusError } from "../api/meta/status-error.ts"
import type { WatchEvent } from "./client.ts"

/** Longest event that is taken, in characters. The API refuses objects of more than a few MiB; this is far above. */
const eventCharsMax = 64 * 1024 * 1024

/**
 * Bytes of a watch → events. The stream is one JSON object per line, cut anywhere, even inside a character. An `ERROR`
 * event ends a watch and is thrown; the events before it in the same bytes are given first, at the next `push` or
 * `finish` it is thrown.
 */
export class WatchDecoder<Item> {
  readonly #text = new TextDecoder()
  #rest = ""
  #failed: StatusError | undefined

  push(bytes: Uint8Array): WatchEvent<Item>[] {
    if (this.#failed) throw this.#failed
    const text = this.#rest + this.#text.decode(bytes, { stream: true })
    const events: WatchEvent<Item>[] = []
    let start = 0
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", start)) {
      if (end > start && !this.#take(text.slice(start, end), events)) break
      start = end + 1
    }
    this.#rest = start === 0 ? text : text.slice(start)
    if (this.#rest.length > eventCharsMax) {
      throw new StatusError("RequestEntityTooLarge", `a watch event is longer than ${eventCharsMax} characters`)
    }
    if (this.#failed && events.length === 0) throw this.#failed
    return events
  }

  /** The stream has ended: throws what it ended with, if it was an error. A half event is a lost connection. */
  finish(): void {
    if (this.#failed) throw this.#failed
  }

  #take(line: string, events: WatchEvent<Item>[]): boolean {
    const event = JSON.parse(line) as { type: string; object: unknown }
    if (event.type === "ERROR") {
      const status = event.object as Partial<Status>
      this.#failed = StatusError.from(status, status.code ?? 500)
      return false
    }
    events.push(event as WatchEvent<Item>)
    return true
  }
}

/** Every chunk's events of the body of a watch, until it ends or `signal` aborts, which ends it quietly. */
export async function* readWatch<Item = AnyObject>(
  body: ReadableStream<Uint8Array>,
  signal?: AbortSignal,
): AsyncGenerator<WatchEvent<Item>[], void, undefined> {
  const reader = body.getReader()
  const cancel = (): void => void reader.cancel().catch(() => {})
  signal?.addEventListener("abort", cancel, { once: true })
  const decoder = new WatchDecoder<Item>()
  try {
    while (!signal?.aborted) {
      const { done, value } = await reader.read()
      if (done) break
      const events = decoder.push(value)
      if (events.length > 0) yield events
    }
    if (!signal?.aborted) decoder.finish()
  } catch (error) {
    if (!signal?.aborted) throw error
  } finally {
    signal?.removeEventListener("abort", cancel)
    cancel()
  }
}
