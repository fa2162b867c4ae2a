/** DNS over TCP puts the length of a message before it (RFC 1035 §4.2.2). */
export function frame(message: Uint8Array): Uint8Array {
  const framed = new Uint8Array(message.length + 2)
  framed[0] = message.length >> 8
  framed[1] = message.length & 255
  framed.set(message, 2)
  return framed
}

/** Whole messages out of a stream of bytes. Never holds more than one message and one chunk. */
export class FrameReader {
  #rest: Uint8Array = new Uint8Array()

  push(bytes: Uint8Array): Uint8Array[] {
    const messages: Uint8Array[] = []
    let rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    for (;;) {
      const length = ((rest[0] ?? 0) << 8) | (rest[1] ?? 0)
      if (rest.length < 2 || rest.length < length + 2) break
      messages.push(rest.subarray(2, length + 2))
      rest = rest.subarray(length + 2)
    }
    this.#rest = rest
    return messages
  }
}
