/** Where a pushed body goes: a connection, or a stream that somebody reads. */
export interface Sink {
  /** False when it has enough for now: who can wait goes on when it is drained. */
  write(bytes: Uint8Array): boolean
  /** Calls back once, when what was written has been taken. */
  onDrained(callback: () => void): void
  /** Bytes that were written and that nobody has taken yet. */
  unread(): number
  end(): void
  /** Ends at once, in a way that nobody takes for the end of the body: what is unread is thrown away. */
  cut(): void
}

/** Begins to push into `sink`; the function that it returns is called when nobody listens any more. */
export type Push = (sink: Sink) => () => void

const pushes = new WeakMap<Response, Push>()

/**
 * An answer whose body is pushed by its maker, event by event, for as long as somebody listens: from the moment at which
 * somebody does. The rim takes it over with `pushOf` and lets it write straight to the connection, which for thousands of
 * watches saves a stream, its queue and a round of promises each; anybody else reads `body` as of any other response.
 */
export function pushResponse(push: Push, init: ResponseInit): Response {
  const response = new Response(streamOf(push), init)
  pushes.set(response, push)
  return response
}

/** What pushes the body of a response; undefined for a response whose body is there. */
export function pushOf(response: Response): Push | undefined {
  return pushes.get(response)
}

/** A body in parts that are made one after the other, as fast as they are taken: no more than one of them is in memory. */
export function pushParts(parts: Iterator<Uint8Array>): Push {
  return (sink) => {
    let isOver = false
    const go = (): void => {
      while (!isOver) {
        const { done, value } = parts.next()
        if (done) {
          isOver = true
          sink.end()
        } else if (!sink.write(value)) {
          sink.onDrained(go)
          return
        }
      }
    }
    go()
    return () => {
      isOver = true
    }
  }
}

function streamOf(push: Push): ReadableStream<Uint8Array<ArrayBuffer>> {
  let stop: (() => void) | undefined
  let drained: (() => void) | undefined
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      pull: (controller) => {
        const go = drained
        drained = undefined
        go?.()
        stop ??= push({
          write: (bytes) => {
            controller.enqueue(bytes as Uint8Array<ArrayBuffer>)
            return false
          },
          onDrained: (callback) => {
            drained = callback
          },
          unread: () => -(controller.desiredSize ?? 0),
          end: () => {
            try {
              controller.close()
            } catch {
              // Its reader has closed it already.
            }
          },
          cut: () => controller.error(new Error("the body was cut off: it was read too slowly")),
        })
      },
      cancel: () => stop?.(),
    },
    { highWaterMark: 0, size: (chunk) => chunk.byteLength },
  )
}
