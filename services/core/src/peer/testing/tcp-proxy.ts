import { once } from "node:events"
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net"

/** A path between two members that can be harmed: cut, silent, or broken after so many bytes. */
export class TcpProxy implements AsyncDisposable {
  readonly #server: Server
  readonly #pairs = new Set<readonly [near: Socket, far: Socket]>()
  #refuses = false
  #isSilent = false
  #breakAfter = Number.POSITIVE_INFINITY
  /** Connections so far. */
  connections = 0
  /** Bytes passed on so far from who connected. */
  passed = 0

  /** Where connections go. */
  target: string

  private constructor(target: string) {
    this.target = target
    this.#server = createServer((near) => {
      if (this.#refuses) return near.destroy()
      this.connections++
      const { hostname, port } = new URL(this.target)
      const far = connect(Number(port), hostname)
      const pair = [near, far] as const
      this.#pairs.add(pair)
      near.on("data", (bytes: Buffer) => this.#pass(bytes, pair))
      far.on("data", (bytes: Buffer) => this.#isSilent || near.write(bytes))
      for (const socket of pair) {
        socket.on("error", () => {})
        socket.on("close", () => this.#break(pair))
      }
    })
  }

  static async to(target: string): Promise<TcpProxy> {
    const proxy = new TcpProxy(target)
    proxy.#server.listen(0, "127.0.0.1")
    await once(proxy.#server, "listening")
    return proxy
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Breaks every connection, and takes no new ones. */
  cut(): void {
    this.#refuses = true
    this.breakAll()
  }

  breakAll(): void {
    for (const pair of this.#pairs) this.#break(pair)
  }

  /** From now on nothing is passed on either way, and nobody is told: as when a cable is pulled, or a process frozen. */
  silence(): void {
    this.#isSilent = true
  }

  /** Undoes `cut` and `silence`; what was lost stays lost. */
  mend(): void {
    this.#refuses = false
    this.#isSilent = false
  }

  /** Breaks the connections once, when so many more bytes have passed from who connected. */
  breakAfter(bytes: number): void {
    this.#breakAfter = this.passed + bytes
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut()
    this.#server.close()
    await once(this.#server, "close")
  }

  #pass(bytes: Buffer, pair: readonly [Socket, Socket]): void {
    if (this.#isSilent) return
    this.passed += bytes.length
    if (this.passed > this.#breakAfter) {
      this.#breakAfter = Number.POSITIVE_INFINITY
      this.breakAll()
    } else pair[1].write(bytes)
  }

  #break(pair: readonly [Socket, Socket]): void {
    this.#pairs.delete(pair)
    for (const socket of pair) socket.destroy()
  }
}
