import { type ClientHttp2Session, connect } from "node:http2"

const perConnection = 500
/** What a client of Go allows a server to send, which most clients of the API are: all of it, and of each stream so much. */
const connectionWindowBytes = 2 ** 30
const streamWindowBytes = 4 * 2 ** 20
const stepTimeoutMs = 60_000

/** Where watches are opened: at the API, or at a plain server that is measured beside it. */
export interface WatchTarget {
  readonly api: string
  readonly authority: string
  readonly path: string
  readonly token: string
}

export interface Watching extends AsyncDisposable {
  /** Resolves when `count` more events have come, over all watches together. */
  next(count: number): Promise<void>
  /** Bytes of an event, on average. */
  eventBytes(): number
}

/** Opens watches as streams of a few HTTP/2 connections; resolves when each has answered. */
export async function openWatches({ api, authority, path, token }: WatchTarget, count: number): Promise<Watching> {
  const sessions: ClientHttp2Session[] = []
  let events = 0
  let bytes = 0
  let awaited: { readonly at: number; readonly resolve: () => void } | undefined
  // An event is one line; lines are counted, not read.
  const onData = (chunk: Buffer): void => {
    bytes += chunk.byteLength
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) {
      if (++events === awaited?.at) awaited.resolve()
    }
  }
  for (let opened = 0; opened < count; opened += perConnection) {
    const settings = { initialWindowSize: streamWindowBytes }
    const session = connect(api, { ca: authority, maxSessionMemory: 1_000, settings })
    session.once("connect", () => session.setLocalWindowSize(connectionWindowBytes))
    sessions.push(session)
    const wanted = Math.min(perConnection, count - opened)
    await Promise.all(Array.from({ length: wanted }, () => openWatch(session, path, token, onData)))
  }
  return {
    next: (more) => {
      const at = events + more
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const timer = setTimeout(() => reject(new Error(`${at - events} events did not come`)), stepTimeoutMs)
      awaited = { at, resolve: () => resolve(clearTimeout(timer)) }
      return promise
    },
    eventBytes: () => (events === 0 ? 0 : Math.round(bytes / events)),
    [Symbol.asyncDispose]: async () => {
      for (const session of sessions) session.destroy()
    },
  }
}

function openWatch(
  session: ClientHttp2Session,
  path: string,
  token: string,
  onData: (chunk: Buffer) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ":path": path, authorization: `Bearer ${token}` })
    stream.once("response", ({ ":status": status }) =>
      status === 200 ? resolve() : reject(new Error(`a watch was answered with ${status}`)),
    )
    stream.once("error", reject)
    stream.on("data", onData)
  })
}
