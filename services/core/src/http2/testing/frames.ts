import { errorCode } from "../error-code.ts"
import { frameFlag, frameHeadBytes, frameType, readUint31, readUint32, writeFrameHead, writeUint32 } from "../frame.ts"
import { HeaderDecoder } from "../hpack/decoder.ts"
import { encodeAlone } from "../hpack/testing/encode-alone.ts"

/** A frame as a client may send it, right or wrong. */
export function frame(type: number, flags: number, id: number, payload: Buffer | string = ""): Buffer {
  const bytes = Buffer.from(payload)
  const head = Buffer.alloc(frameHeadBytes)
  writeFrameHead(head, 0, bytes.length, type, flags, id)
  return Buffer.concat([head, bytes])
}

const numbers = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 4)
  values.forEach((value, at) => {
    writeUint32(bytes, at * 4, value)
  })
  return bytes
}

/** Settings as pairs of a name's number and a value. */
export function settings(...pairs: [number, number][]): Buffer {
  const payload = Buffer.concat(pairs.map(([name, value]) => Buffer.concat([Buffer.from([0, name]), numbers(value)])))
  return frame(frameType.settings, 0, 0, payload)
}
export const settingsTaken = frame(frameType.settings, frameFlag.ack, 0)

export const getHead = [":method", "GET", ":scheme", "http", ":path", "/"]
export const postHead = [":method", "POST", ":scheme", "http", ":path", "/"]

/** A head that ends its stream, unless `more` follows. */
export function head(id: number, list: readonly string[] = getHead, more = list === postHead): Buffer {
  const flags = frameFlag.endHeaders | (more ? 0 : frameFlag.endStream)
  return frame(frameType.headers, flags, id, encodeAlone(list))
}

export function data(id: number, payload: Buffer | string, end = false): Buffer {
  return frame(frameType.data, end ? frameFlag.endStream : 0, id, payload)
}

export const reset = (id: number, code: number = errorCode.cancel): Buffer =>
  frame(frameType.resetStream, 0, id, numbers(code))
export const windowUpdate = (id: number, increment: number): Buffer =>
  frame(frameType.windowUpdate, 0, id, numbers(increment))
export const ping = (text = "8 bytes!", flags = 0): Buffer => frame(frameType.ping, flags, 0, text)
export const goAway = (code: number = errorCode.noError): Buffer => frame(frameType.goAway, 0, 0, numbers(0, code))

const codeNames = Object.fromEntries(Object.entries(errorCode).map(([name, code]) => [code, name]))

/** What a server says, a line for each frame; texts that go on are cut. */
export class Transcript {
  readonly #decoder = new HeaderDecoder(4096)
  #rest: Buffer = Buffer.alloc(0)

  read(bytes: Buffer): string[] {
    const all = Buffer.concat([this.#rest, bytes])
    const lines: string[] = []
    let at = 0
    while (all.length - at >= frameHeadBytes && all.length - at >= frameHeadBytes + all.readUIntBE(at, 3)) {
      const end = at + frameHeadBytes + all.readUIntBE(at, 3)
      lines.push(this.#line(all[at + 3] ?? 0, all[at + 4] ?? 0, readUint31(all, at + 5), all.subarray(at + 9, end)))
      at = end
    }
    this.#rest = all.subarray(at)
    return lines
  }

  #line(type: number, flags: number, id: number, payload: Buffer): string {
    const end = (flags & frameFlag.endStream) === 0 ? "" : " end"
    switch (type) {
      case frameType.data:
        return `DATA ${id} ${payload.length > 20 ? `${payload.length} bytes` : JSON.stringify(String(payload))}${end}`
      case frameType.headers:
        return `HEADERS ${id} ${this.#decoder.decode(payload, 1_000_000)?.join(" ")}${end}`
      case frameType.resetStream:
        return `RST_STREAM ${id} ${codeNames[readUint32(payload, 0)]}`
      case frameType.settings: {
        if ((flags & frameFlag.ack) !== 0) return "SETTINGS ack"
        const pairs = Array.from({ length: payload.length / 6 }, (_, at) => payload.subarray(at * 6, at * 6 + 6))
        return `SETTINGS ${pairs.map((pair) => `${pair.readUInt16BE(0)}=${pair.readUInt32BE(2)}`).join(" ")}`
      }
      case frameType.ping:
        return `PING ${(flags & frameFlag.ack) === 0 ? "" : "ack "}${payload}`
      case frameType.goAway:
        return `GOAWAY ${readUint31(payload, 0)} ${codeNames[readUint32(payload, 4)]} ${payload.subarray(8)}`.trim()
      case frameType.windowUpdate:
        return `WINDOW_UPDATE ${id} ${readUint31(payload, 0)}`
      default:
        return `frame ${type} ${flags} ${id} ${payload.toString("hex")}`
    }
  }
}
