import { spawn } from "node:child_process"
import { connect } from "node:net"
import { Duplex } from "node:stream"

/** Connects its own input and output with a port of where it runs. */
const relay = `
const socket = require("node:net").connect(Number(process.argv[1]), "localhost")
socket.on("error", (error) => { process.stderr.write(error.message); process.exit(1) })
socket.on("close", () => process.exit())
process.stdin.pipe(socket).pipe(process.stdout)
`

/** A connection to a port in a network namespace, by a program that enters it; undefined: the machine's own. */
export function connectPort(namespace: string | undefined, port: number): Duplex {
  if (namespace === undefined) return connect(port, "localhost")
  const child = spawn("nsenter", [`--net=${namespace}`, process.execPath, "-e", relay, String(port)])
  // Typed for the streams of the web alone, which these are as good as.
  const joined = { readable: child.stdout, writable: child.stdin } as unknown as Iterable<Uint8Array>
  const stream = Duplex.from(joined)
  const said: Buffer[] = []
  child.stdin.on("error", () => {})
  child.stderr.on("data", (chunk: Buffer) => said.push(chunk))
  child.on("error", (error) => stream.destroy(error))
  child.on("close", (code) => {
    if (code !== 0 && code !== null) stream.destroy(new Error(`port ${port}: ${Buffer.concat(said)}`))
  })
  stream.on("close", () => child.kill("SIGKILL"))
  return stream
}
