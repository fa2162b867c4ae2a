import { createSocket } from "node:dgram"
import { connect } from "node:net"
import { FrameReader, frame } from "./frame.ts"

/** Questions of others' zones that may wait for an answer at once; more are refused. */
const inFlightMax = 512
/** How long one resolver is waited for before the next is asked. */
const resolverTimeoutMs = 2_000

/** Asks the host's resolvers, one after the other, and gives the bytes of the first answer; undefined when none came. */
export class Forwarder {
  readonly #resolvers: () => readonly string[]
  readonly #port: number
  #inFlight = 0

  constructor(resolvers: () => readonly string[], port: number) {
    this.#resolvers = resolvers
    this.#port = port
  }

  async ask(query: Uint8Array, over: "udp" | "tcp"): Promise<Uint8Array | undefined> {
    if (this.#inFlight >= inFlightMax) return undefined
    this.#inFlight++
    try {
      for (const resolver of this.#resolvers()) {
        const signal = AbortSignal.timeout(resolverTimeoutMs)
        const asking =
          over === "udp" ? overUdp(resolver, this.#port, query, signal) : overTcp(resolver, this.#port, query, signal)
        const answer = await asking.catch(() => undefined)
        if (answer) return answer
      }
      return undefined
    } finally {
      this.#inFlight--
    }
  }
}

/** A socket of its own for each question: its port is chance, and only the resolver asked can answer to it. */
function overUdp(resolver: string, port: number, query: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const socket = createSocket({ type: resolver.includes(":") ? "udp6" : "udp4", signal })
    const end = (act: () => void): void => {
      act()
      if (!signal.aborted) socket.close()
    }
    signal.addEventListener("abort", () => reject(signal.reason), { once: true })
    socket.once("error", (error) => end(() => reject(error)))
    socket.on("message", (answer) => {
      if (answer[0] === query[0] && answer[1] === query[1]) end(() => resolve(answer))
    })
    socket.connect(port, resolver, () => socket.send(query))
  })
}

function overTcp(resolver: string, port: number, query: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: resolver, signal })
    const reader = new FrameReader()
    const end = (act: () => void): void => {
      act()
      socket.destroy()
    }
    socket.once("error", (error) => end(() => reject(error)))
    socket.once("close", () => reject(new Error(`${resolver} closed without an answer`)))
    socket.on("data", (bytes: Buffer) => {
      const [answer] = reader.push(bytes)
      if (answer) end(() => resolve(answer))
    })
    socket.write(frame(query))
  })
}
