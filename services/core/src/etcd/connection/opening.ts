import { ClientFrames, type Frame, frameFlag, frameHeadSize, frameType, preface } from "./client-frames.ts"
import { HeaderMender } from "./header-mender.ts"

/** Bytes that a client may send before it has taken our settings: what an impatient one's first calls take, many times over. */
export const openingSizeMax = 1024 * 1024
/** Settings that set nothing: clients of gRPC call nothing before they have had some. */
const noSettings = Buffer.from([0, 0, 0, frameType.settings, 0, 0, 0, 0, 0])
const nothing = Buffer.alloc(0)

export type Opened =
  /** More has to come; the reply, which may be empty, is what the client is sent. */
  | { readonly kind: "waiting"; readonly reply: Buffer }
  /** What the server is to be given; what follows passes through the mender first, if there is one. */
  | { readonly kind: "open"; readonly bytes: Buffer; readonly mender: Mender | undefined }
  | { readonly kind: "refused" }

/** Mends all that a client sends, from some frame on. */
export interface Mender {
  push(chunk: Buffer): readonly Buffer[]
}

/**
 * The first bytes of a connection, up to its first call, which tells whether this client writes URLs where HTTP/2 wants
 * a host, as etcd's up to 3.4 do when they are given URLs. Such a connection is mended as long as it lives, others
 * are not looked at again.
 *
 * Clients of gRPC wait for the server's settings before they call, so they are sent some from here. The client says that
 * it took them; the server did not send them and must not hear of it.
 */
export class Opening {
  readonly #frames = new ClientFrames()
  readonly #headers = new HeaderMender()
  readonly #passed: Buffer[] = []
  #start: Buffer | undefined = nothing
  #size = 0
  #settings: "unsent" | "sent" | "taken" = "unsent"

  push(chunk: Buffer): Opened {
    this.#size += chunk.length
    if (this.#size > openingSizeMax) return { kind: "refused" }
    let rest = chunk
    if (this.#start !== undefined) {
      rest = Buffer.concat([this.#start, chunk])
      const expected = preface.subarray(0, rest.length)
      if (!rest.subarray(0, preface.length).equals(expected)) return { kind: "open", bytes: rest, mender: undefined }
      this.#start = rest.length < preface.length ? rest : undefined
      if (this.#start !== undefined) return { kind: "waiting", reply: nothing }
      this.#passed.push(preface)
      rest = rest.subarray(preface.length)
    }
    const replies = this.#frames.push(rest).map((frame) => this.#take(frame))
    if (this.#headers.blocks > 0 && this.#settings !== "sent") return this.#open()
    if (this.#settings === "unsent") {
      this.#settings = "sent"
      replies.unshift(noSettings)
    }
    return { kind: "waiting", reply: Buffer.concat(replies) }
  }

  /** What is answered at once. */
  #take(frame: Frame): Buffer {
    const { type, flags, bytes } = frame
    const isAnswer = (flags & frameFlag.ack) !== 0
    if (type === frameType.settings && isAnswer && this.#settings === "sent") this.#settings = "taken"
    // Who makes no call for long asks whether anybody is there.
    else if (type === frameType.ping && !isAnswer && this.#headers.blocks === 0) return echo(bytes)
    else this.#passed.push(...this.#headers.take(frame))
    return nothing
  }

  #open(): Opened {
    const [frames, headers] = [this.#frames, this.#headers]
    if (headers.mended > 0) {
      const push = (chunk: Buffer) => frames.push(chunk).flatMap((frame) => headers.take(frame))
      return { kind: "open", bytes: Buffer.concat(this.#passed), mender: { push } }
    }
    const bytes = Buffer.concat([...this.#passed, ...headers.rest(), frames.rest()])
    return { kind: "open", bytes, mender: undefined }
  }
}

function echo(ping: Buffer): Buffer {
  const answer = Buffer.from(ping)
  answer[frameHeadSize - 5] = frameFlag.ack
  return answer
}
