import { connect } from "node:net"

/** What an application speaks without TLS. */
export type Protocol = "http1" | "h2c"

export interface Finding {
  readonly protocol: Protocol
  /** It has said something. One that hangs up or keeps silent is taken for HTTP/1, and the next pod is asked again. */
  readonly isSure: boolean
}

/** Whoever has not answered the preface by then is no HTTP/2 server. */
const answerMsMax = 1000

const frameHeadBytes = 9
const settingsFrame = 4
/** RFC 9113 §3.4: with this a client begins, and its settings, here none, follow. */
const preface = Buffer.concat([
  Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1"),
  Buffer.from([0, 0, 0, settingsFrame, 0, 0, 0, 0, 0]),
])
/** GOAWAY without an error, so that the application finds nothing amiss in our leaving. */
const farewell = Buffer.from([0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])

/**
 * Finds out what the application at an address speaks, by what it says to the beginning of HTTP/2: its own settings, which
 * every HTTP/2 server sends first, or anything else. Tells `undefined` where it takes no connection.
 */
export function findProtocol(address: string, port: number, tell: (finding: Finding | undefined) => void): void {
  const socket = connect({ host: address, port, autoSelectFamily: false })
  let isConnected = false
  let heard: Buffer = Buffer.alloc(0)
  let told = false
  const end = (finding: Finding | undefined): void => {
    if (told) return
    told = true
    if (finding?.protocol === "h2c") socket.end(farewell)
    socket.destroySoon()
    tell(finding)
  }
  const unanswered = (): void => end(isConnected ? { protocol: "http1", isSure: heard.length > 0 } : undefined)
  socket.setTimeout(answerMsMax, unanswered)
  socket.on("connect", () => {
    isConnected = true
    socket.write(preface)
  })
  socket.on("data", (chunk: Buffer) => {
    heard = Buffer.concat([heard, chunk])
    if (heard.length >= frameHeadBytes) end({ protocol: beginsHttp2(heard) ? "h2c" : "http1", isSure: true })
  })
  socket.on("error", unanswered)
  socket.on("close", unanswered)
}

/** A frame of settings that belongs to no stream and answers none. */
function beginsHttp2(heard: Buffer): boolean {
  return heard[3] === settingsFrame && heard[4] === 0 && heard.readUInt32BE(5) === 0
}
