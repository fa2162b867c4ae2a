import type { Http2ServerRequest, ServerHttp2Session } from "node:http2"
import type { Incoming } from "./body-limit.ts"

/** How many requests of a session are open; as many objects as there are connections. */
const open = new WeakMap<object, { count: number }>()

/** Closes a session on which nothing has gone either way for `idleMs`, unless somebody still waits there for an answer. */
export function closeWhenIdle(session: ServerHttp2Session, idleMs: number): void {
  const requests = { count: 0 }
  open.set(session, requests)
  // The timer begins anew with whatever goes over the session, the end of a request too.
  session.setTimeout(idleMs)
  session.on("timeout", () => {
    // To close it only would be to wait for a client that has perhaps not even begun to speak HTTP/2.
    if (requests.count === 0) session.destroy()
  })
}

/** Counts a request of HTTP/2 for as long as it is open. */
export function countRequest(incoming: Incoming): void {
  const { stream } = incoming as Http2ServerRequest
  const requests = stream?.session && open.get(stream.session)
  if (!requests) return
  requests.count += 1
  stream.once("close", () => {
    requests.count -= 1
  })
}
