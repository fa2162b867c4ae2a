import { type Push, pushOf, pushResponse, type Sink } from "../push-response.ts"

/** What was seen of an answer's body when it is over. */
export type Seen =
  | { readonly kind: "whole"; readonly bytes: Buffer }
  /** It was longer than what is kept. */
  | { readonly kind: "long" }
  /** Its reader left, or its maker broke off. */
  | { readonly kind: "broken" }

/**
 * The same answer, watched as it goes out: `over` is told once, when its body has ended in whatever way. The first
 * `bytesMax` bytes are kept; the client waits for nothing.
 */
export function tapped(response: Response, bytesMax: number, over: (seen: Seen) => void): Response {
  const tap = new Tap(bytesMax, over)
  const { status, statusText, headers } = response
  const push = pushOf(response)
  if (push) return pushResponse(tappedPush(push, tap), { status, statusText, headers })
  if (response.body === null) {
    tap.end("whole")
    return response
  }
  return new Response(tappedStream(response.body, tap), { status, statusText, headers })
}

class Tap {
  readonly #bytesMax: number
  readonly #over: (seen: Seen) => void
  #kept: Uint8Array[] = []
  #bytes = 0
  #isOver = false

  constructor(bytesMax: number, over: (seen: Seen) => void) {
    this.#bytesMax = bytesMax
    this.#over = over
  }

  take(bytes: Uint8Array): void {
    this.#bytes += bytes.byteLength
    if (this.#bytes > this.#bytesMax) this.#kept = []
    // Its maker may use the memory again.
    else this.#kept.push(Uint8Array.from(bytes))
  }

  end(how: "whole" | "broken"): void {
    if (this.#isOver) return
    this.#isOver = true
    if (how === "broken") this.#over({ kind: "broken" })
    else if (this.#bytes > this.#bytesMax) this.#over({ kind: "long" })
    else this.#over({ kind: "whole", bytes: Buffer.concat(this.#kept) })
    this.#kept = []
  }
}

function tappedPush(push: Push, tap: Tap): Push {
  return (sink) => {
    const watched: Sink = {
      write: (bytes) => {
        tap.take(bytes)
        return sink.write(bytes)
      },
      onDrained: (callback) => sink.onDrained(callback),
      unread: () => sink.unread(),
      end: () => {
        sink.end()
        tap.end("whole")
      },
      cut: () => {
        sink.cut()
        tap.end("broken")
      },
    }
    const stop = push(watched)
    return () => {
      stop()
      tap.end("broken")
    }
  }
}

function tappedStream(body: ReadableStream<Uint8Array>, tap: Tap): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = body.getReader()
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      pull: async (controller) => {
        try {
          const { done, value } = await reader.read()
          if (done) {
            tap.end("whole")
            return controller.close()
          }
          tap.take(value)
          controller.enqueue(value as Uint8Array<ArrayBuffer>)
        } catch (error) {
          tap.end("broken")
          controller.error(error)
        }
      },
      cancel: async (reason) => {
        tap.end("broken")
        await reader.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
}
