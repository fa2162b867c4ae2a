import type { Clock } from "@wick/sdk/clock"

/** They speak of a connection of HTTP/1.1; what is passed on from one may have them. */
const ofConnection: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
])

/** Writes heads of answers as HTTP/2 wants them: name, value, name, value…, the status first. */
export class AnswerHeads {
  readonly #clock: Clock
  #second = 0
  #date = ""

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** `length` of the body, where it is known. */
  of({ status, headers }: Pick<Response, "status" | "headers">, length?: number): string[] {
    const head = [":status", String(status)]
    let hasLength = false
    let hasDate = false
    for (const [name, value] of headers) {
      if (ofConnection.has(name)) continue
      if (name === "content-length") hasLength = true
      else if (name === "date") hasDate = true
      head.push(name, value)
    }
    if (!hasLength && length !== undefined) head.push("content-length", String(length))
    if (!hasDate) head.push("date", this.#dateNow())
    return head
  }

  #dateNow(): string {
    const second = Math.floor(this.#clock.now() / 1_000)
    if (second !== this.#second) {
      this.#second = second
      this.#date = new Date(second * 1_000).toUTCString()
    }
    return this.#date
  }
}
