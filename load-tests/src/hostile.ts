import { connect as h2connect } from "node:http2"
import { connect, type Socket } from "node:net"
import { connect as tlsConnect } from "node:tls"

/** Clients that are no good, and how their connections ended: the first line of what they were told, or why they were not. */
export type Ends = Record<string, number>

const dropEveryMs = 1_000
const megabyte = 1024 * 1024

/** Connections that say `words` and then a byte a second, until each has ended or `seconds` have passed. */
export async function drip(open: () => Socket, count: number, words: string, seconds: number): Promise<Ends> {
  const sockets = Array.from({ length: count }, open)
  const ends = sockets.map((socket) => endOf(socket))
  for (const socket of sockets) socket.write(words)
  const drops = setInterval(() => {
    for (const socket of sockets) if (socket.writable) socket.write("x")
  }, dropEveryMs)
  const enough = setTimeout(() => {
    for (const socket of sockets) socket.destroy()
  }, seconds * 1_000)
  const told = await Promise.all(ends)
  clearInterval(drops)
  clearTimeout(enough)
  return counted(told)
}

/** Connections that ask and never read what they are given. */
export async function neverRead(port: number, head: string, count: number, seconds: number): Promise<Ends> {
  const sockets = Array.from({ length: count }, () => connect(port, "127.0.0.1"))
  for (const socket of sockets) {
    socket.on("error", () => {})
    socket.write(head)
  }
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000))
  // Who has been cut off learns of it by reading.
  const ends = sockets.map((socket) => endOf(socket, megabyte))
  return counted(await Promise.all(ends))
}

/** Streams `bytes` each way over HTTP/1.1 in chunks; resolves with how much came back. */
export function mirrored(port: number, host: string, bytes: number): Promise<number> {
  const socket = connect(port, "127.0.0.1")
  const chunk = Buffer.concat([Buffer.from("10000\r\n"), Buffer.alloc(0x1_00_00, "x"), Buffer.from("\r\n")])
  let received = 0
  socket.write(`POST / HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n`)
  let left = bytes
  const send = (): void => {
    while (left > 0) {
      left -= 0x1_00_00
      if (!socket.write(chunk)) {
        socket.once("drain", send)
        return
      }
    }
    socket.write("0\r\n\r\n")
  }
  send()
  return new Promise((resolve) => {
    socket.on("data", (part: Buffer) => {
      received += part.length
    })
    socket.on("error", () => {})
    socket.on("close", () => resolve(received))
  })
}

/** The same over HTTP/2. */
export function mirroredByH2(port: number, host: string, bytes: number): Promise<number> {
  const session = h2connect(`http://127.0.0.1:${port}`)
  const stream = session.request({ ":method": "POST", ":path": "/", ":authority": host })
  const chunk = Buffer.alloc(0x1_00_00, "x")
  let received = 0
  let left = bytes
  const send = (): void => {
    while (left > 0) {
      left -= chunk.length
      if (!stream.write(chunk)) {
        stream.once("drain", send)
        return
      }
    }
    stream.end()
  }
  send()
  return new Promise((resolve) => {
    session.on("error", () => resolve(received))
    stream.on("data", (part: Buffer) => {
      received += part.length
    })
    stream.on("error", () => {})
    stream.on("close", () => {
      session.destroy()
      resolve(received)
    })
  })
}

/** Streams that are opened and reset at once, as many as the connection lives to see. */
export function resetStreams(port: number, host: string, count: number): Promise<Ends> {
  const session = h2connect(`http://127.0.0.1:${port}`)
  let sent = 0
  return new Promise((resolve) => {
    let why = "still open"
    session.on("error", (error) => {
      why = error.message
    })
    session.on("goaway", (code) => {
      why = `goaway ${code}`
    })
    session.on("close", () => resolve({ [why]: 1, "streams sent": sent }))
    const turn = (): void => {
      for (let at = 0; at < 100 && sent < count && !session.closed && !session.destroyed; at++) {
        const stream = session.request({ ":path": "/1", ":authority": host })
        stream.on("error", () => {})
        stream.close(8)
        sent++
      }
      if (sent < count && !session.closed && !session.destroyed) setImmediate(turn)
      else session.destroy()
    }
    session.once("connect", turn)
  })
}

/** A body of `bytes` to the API, whose answer is read. */
export function largeBody(port: number, bytes: number): Promise<string> {
  const socket = tlsConnect({ port, host: "127.0.0.1", rejectUnauthorized: false, ALPNProtocols: ["http/1.1"] })
  const chunk = Buffer.alloc(megabyte, "x")
  socket.write(`POST /api/v1/namespaces/default/configmaps HTTP/1.1\r\nhost: x\r\ncontent-length: ${bytes}\r\n\r\n`)
  let left = bytes
  const send = (): void => {
    while (left > 0 && socket.writable) {
      left -= chunk.length
      if (!socket.write(chunk)) {
        socket.once("drain", send)
        return
      }
    }
  }
  send()
  return endOf(socket)
}

/** The first line that a connection is told, or how it ended without; at most `bytesMax` are read of the rest. */
function endOf(socket: Socket, bytesMax = Number.POSITIVE_INFINITY): Promise<string> {
  return new Promise((resolve) => {
    let heard = ""
    let bytes = 0
    let why = "closed"
    socket.on("data", (chunk: Buffer) => {
      bytes += chunk.length
      if (heard.length < 100) heard += chunk.toString("latin1")
      if (bytes > bytesMax) socket.destroy()
    })
    socket.on("error", (error: NodeJS.ErrnoException) => {
      why = error.code ?? error.message
    })
    socket.on("end", () => socket.destroy())
    socket.on("close", () => resolve(heard === "" ? why : (heard.split("\r\n")[0] ?? "")))
  })
}

export function counted(all: readonly string[]): Ends {
  const ends: Ends = {}
  for (const one of all) ends[one] = (ends[one] ?? 0) + 1
  return ends
}
