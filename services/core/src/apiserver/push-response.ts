/** Where a pushed body goes: a connection, or a stream that somebody reads. */
export interface Sink {
  write(bytes: Uint8Array): void
  /** Bytes that were written and that nobody has taken yet. */
  unread(): number
  end(): void
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

function streamOf(push: Push): ReadableStream<Uint8Array<ArrayBuffer>> {
  let stop: (() => void) | undefined
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      pull: (controller) => {
        stop ??= push({
          write: (bytes) => controller.enqueue(bytes as Uint8Array<ArrayBuffer>),
          unread: () => -(controller.desiredSize ?? 0),
          end: () => {
            try {
              controller.close()
            } catch {
              // Its reader has closed it already.
            }
          },
        })
      },
      cancel: () => stop?.(),
    },
    { highWaterMark: 0, size: (chunk) => chunk.byteLength },
  )
}
