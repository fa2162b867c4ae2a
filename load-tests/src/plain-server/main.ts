// What Node's own HTTP/2 needs to send a line to many streams, and nothing else: each stream is answered and kept, and a
// message from the parent with a number is a line of so many bytes for all of them.
import { readFileSync } from "node:fs"
import { createSecureServer, type ServerHttp2Stream } from "node:http2"
import type { AddressInfo } from "node:net"

const [certificate = "", key = ""] = process.argv.slice(2)
const server = createSecureServer({ cert: readFileSync(certificate), key: readFileSync(key), maxSessionMemory: 256 })
const streams = new Set<ServerHttp2Stream>()
server.on("stream", (stream: ServerHttp2Stream) => {
  stream.respond({ ":status": 200 })
  streams.add(stream)
  stream.on("error", () => {})
  stream.once("close", () => streams.delete(stream))
})
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port))
process.on("message", (bytes: number) => {
  const line = Buffer.alloc(bytes, "x")
  line[bytes - 1] = 0x0a
  for (const stream of streams) stream.write(line)
})
process.once("disconnect", () => process.exit(0))
