import { createSocket } from "node:dgram"
import type { AddressInfo } from "node:net"

const headBytes = 12
const typeA = 1
const isAnswer = 0x8180
const pointerToQuestion = 0xc00c

/** A name server to whom every name is this host. */
export async function startDns(): Promise<{ readonly port: number } & AsyncDisposable> {
  const socket = createSocket("udp4")
  socket.on("message", (asked, from) => socket.send(answer(asked), from.port, from.address))
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve))
  return {
    port: (socket.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () => new Promise((resolve) => socket.close(() => resolve())),
  }
}

/** The question again (RFC 1035 §4.1), and one record where an IPv4 address was asked for. */
function answer(asked: Buffer): Buffer {
  let end = headBytes
  while (asked[end] !== 0) end += (asked[end] ?? 0) + 1
  const question = asked.subarray(headBytes, end + 5)
  const type = asked.readUInt16BE(end + 1)
  const head = Buffer.alloc(headBytes)
  asked.copy(head, 0, 0, 2)
  head.writeUInt16BE(isAnswer, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(type === typeA ? 1 : 0, 6)
  if (type !== typeA) return Buffer.concat([head, question])
  const record = Buffer.alloc(16)
  record.writeUInt16BE(pointerToQuestion, 0)
  record.writeUInt16BE(typeA, 2)
  record.writeUInt16BE(1, 4)
  record.writeUInt16BE(4, 10)
  record.set([127, 0, 0, 1], 12)
  return Buffer.concat([head, question, record])
}
