import { createHash } from "node:crypto"
import { emptyRequest, snapshotResponse } from "#etcd-wire"
import { snapshotChunkSize } from "../limits.ts"
import { headerOf, type Incoming, type Methods, type Outgoing, type Parts } from "../service.ts"
import { makeSnapshot } from "./snapshot-file.ts"

/** The store as a file, sent in pieces; the last piece is the checksum of the others, by which a restore knows it. */
export function snapshotService(parts: Parts, directory: string): Methods {
  return {
    "etcdserverpb.Maintenance/Snapshot": {
      kind: "stream",
      requests: "one",
      request: emptyRequest,
      response: snapshotResponse,
      open: (stream, caller) => {
        const sending = new Sending(parts, stream, directory)
        return {
          ...incoming,
          received: () => sending.start(caller),
          drained: () => sending.resume(),
          closed: () => sending.stop(),
        }
      },
    },
  }
}

const incoming: Incoming = { received: () => {}, drained: () => {}, ended: () => {}, closed: () => {} }

class Sending {
  readonly #parts: Parts
  readonly #stream: Outgoing
  readonly #directory: string
  #stopped = false
  #started = false
  #resume = (): void => {}

  constructor(parts: Parts, stream: Outgoing, directory: string) {
    this.#parts = parts
    this.#stream = stream
    this.#directory = directory
  }

  start(caller: Parameters<Parts["authorize"]>[0]): void {
    if (this.#started) return
    this.#started = true
    this.#parts.authorize(caller, [{ right: "root" }])
    this.#run().then(
      () => this.#stream.end(),
      (error: unknown) => this.#stream.end(error),
    )
  }

  resume(): void {
    this.#resume()
  }

  stop(): void {
    this.#stopped = true
    this.#resume()
  }

  async #run(): Promise<void> {
    await using file = await makeSnapshot(this.#parts, this.#directory)
    const hash = createHash("sha256")
    for (let at = 0; at < file.size && !this.#stopped; ) {
      const blob = await file.read(at, snapshotChunkSize)
      at += blob.length
      hash.update(blob)
      await this.#send(file.size - at, blob)
    }
    if (!this.#stopped) await this.#send(0, hash.digest())
  }

  /** Waits while the client is slow: a snapshot may be larger than memory. */
  async #send(remainingBytes: number, blob: Buffer): Promise<void> {
    const resumed = new Promise<void>((resolve) => (this.#resume = resolve))
    const took = this.#stream.send({ header: headerOf(this.#parts), remainingBytes, blob })
    if (!took && !this.#stopped) await resumed
  }
}
