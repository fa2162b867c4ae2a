import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { type ClientHttp2Stream, connect as connectHttp2, type OutgoingHttpHeaders } from "node:http2"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { connect as connectTls, type TLSSocket } from "node:tls"
import { SimulatedClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { openPki, type Pki } from "#pki"
import { type ListenOptions, listen } from "../listen/index.ts"

/** A listener on a free port, and clients of it that behave as badly as they are told to. */
export interface TestListener extends AsyncDisposable {
  readonly port: number
  /** A connection of HTTP/1.1, or what else is said, on which bytes are written by hand. */
  raw(protocols?: string[]): Promise<TLSSocket>
  /** A connection of HTTP/2; its requests are begun and not ended. */
  http2(): TestSession
}

interface TestSession {
  request(headers: OutgoingHttpHeaders): ClientHttp2Stream
  close(): void
  /** Resolves when either end has closed it. */
  readonly closed: Promise<void>
}

const closeGraceMs = 200

/** An authority of its own for each file of tests: to make one takes longer than most of them. */
export async function openTestPki(): Promise<Pki & AsyncDisposable> {
  const directory = await mkdtemp(join(tmpdir(), "wick-listen-"))
  // TLS checks certificates against the real time.
  const clock = new SimulatedClock(performance.timeOrigin + performance.now())
  const pki = await openPki({ directory, serverNames: [], clusterDomain: "cluster.local", clock, log: silentLog })
  return Object.assign(pki, { [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) })
}

export async function startListener(
  { serving, authorityPem, admin }: Pki,
  options: Pick<ListenOptions, "fetch" | "limits"> & Partial<Pick<ListenOptions, "log">>,
): Promise<TestListener> {
  const rim = { host: "127.0.0.1", port: 0, serving, authorityPem, upgrade: () => {}, log: silentLog }
  const listener = await listen({ ...rim, ...options })
  const { port } = listener
  const credential = { ca: authorityPem, cert: admin.certificatePem, key: admin.privateKeyPem }
  return {
    port,
    raw: async (ALPNProtocols = ["http/1.1"]) => {
      const socket = connectTls({ host: "127.0.0.1", port, ...credential, ALPNProtocols })
      socket.on("error", () => {})
      await once(socket, "secureConnect")
      return socket
    },
    http2: () => {
      const session = connectHttp2(`https://127.0.0.1:${port}`, credential)
      session.on("error", () => {})
      const closed = new Promise<void>((resolve) => session.once("close", resolve))
      return {
        closed,
        request: (headers) =>
          session.request(headers, { endStream: headers[":method"] !== "POST" }).on("error", () => {}),
        close: () => session.destroy(),
      }
    },
    [Symbol.asyncDispose]: () => listener.close(closeGraceMs),
  }
}

/** All that comes until the other end closes. */
export async function textOf(stream: AsyncIterable<unknown>): Promise<string> {
  let text = ""
  try {
    for await (const chunk of stream) text += chunk
  } catch {
    // Cut off: what had come until then is what counts.
  }
  return text
}
