import { callFrame, readCall } from "./call-frames.ts"
import type { Connection } from "./connection.ts"
import { callSizeMax, callsMax } from "./limits.ts"

/** Bytes of questions that one peer may have this member work on; what comes on top is turned away. */
const workSizeMax = 16 * callSizeMax

/** Answers the calls that come over one connection, in whatever order they are done. */
export class CallAnswers {
  readonly #connection: Connection
  readonly #answer: (request: Uint8Array) => Promise<Uint8Array>
  #calls = 0
  #size = 0

  constructor(connection: Connection, answer: (request: Uint8Array) => Promise<Uint8Array>) {
    this.#connection = connection
    this.#answer = answer
  }

  called(payload: Buffer): void {
    const { id, body } = readCall(payload)
    if (this.#calls >= callsMax || this.#size >= workSizeMax) {
      this.#connection.sendFrame(callFrame("call-refused", id, Buffer.from("it is at work on too much already")))
      return
    }
    this.#calls++
    this.#size += body.length
    this.#answer(body)
      .then(
        (answer) => this.#connection.sendFrame(callFrame("answer", id, answer)),
        (error: Error) => this.#connection.sendFrame(callFrame("call-failed", id, Buffer.from(error.message))),
      )
      .finally(() => {
        this.#calls--
        this.#size -= body.length
      })
  }
}
