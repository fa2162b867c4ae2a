import { type ClientHttp2Session, connect } from "node:http2"
import { hostPort } from "@wick/sdk/host-port"
import { connectTimeoutMs } from "./connections.ts"

/** The one HTTP/2 connection to a pod, opened when first needed and anew after it broke. */
export class H2Session {
  readonly #origin: string
  #session: Promise<ClientHttp2Session> | undefined

  constructor(address: string, port: number) {
    this.#origin = `http://${hostPort(address, port)}`
  }

  /** Rejects when the pod takes no connection: then nothing was sent. */
  open(): Promise<ClientHttp2Session> {
    this.#session ??= this.#connect()
    return this.#session
  }

  close(): void {
    const session = this.#session
    this.#session = undefined
    session?.then(
      (open) => open.close(),
      () => {},
    )
  }

  #connect(): Promise<ClientHttp2Session> {
    return new Promise((resolve, reject) => {
      const session = connect(this.#origin, { settings: { enablePush: false } })
      const forget = (): void => {
        this.#session = undefined
      }
      session.setTimeout(connectTimeoutMs, () =>
        session.destroy(new Error(`no connection within ${connectTimeoutMs} ms`)),
      )
      session.once("connect", () => {
        session.setTimeout(0)
        resolve(session)
      })
      session.once("close", forget)
      session.once("goaway", forget)
      session.on("error", (error) => {
        forget()
        reject(error)
      })
    })
  }
}
