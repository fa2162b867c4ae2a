import { type ChildProcess, spawn } from "node:child_process"
import { randomBytes } from "node:crypto"
import { mkdir, rm } from "node:fs/promises"
import { connect, type Socket } from "node:net"
import { join } from "node:path"
import type { Duplex } from "node:stream"
import { RuntimeError } from "../runtime.ts"

const idBytes = 8
const connected = 0

/**
 * Joins clients of a unix socket with ports of the network in which it runs. A client says the port, in two bytes, and is
 * told a byte: zero, and what follows is the port's; or another, and why there is no connection.
 */
const relay = `
const net = require("node:net")
const serve = (client) => client.once("data", (head) => {
  client.pause()
  if (head.length > 2) client.unshift(head.subarray(2))
  const port = net.connect({ port: head.readUInt16BE(0), host: "localhost", allowHalfOpen: true })
  const refuse = (error) => client.end(Buffer.concat([Buffer.from([1]), Buffer.from(error.message)]))
  port.once("error", refuse)
  client.on("error", () => port.destroy())
  port.once("connect", () => {
    port.off("error", refuse)
    port.on("error", () => client.destroy())
    client.write(Buffer.from([${connected}]))
    client.pipe(port).pipe(client)
  })
})
net.createServer({ allowHalfOpen: true }, serve).listen(process.argv[1], () => process.stdout.write("ready"))
process.stdin.on("end", () => process.exit()).resume()
`

/** Connections to ports of a pod, by one program that stands in its network for all of them. */
export class PortRelay {
  readonly #namespace: string | undefined
  readonly #directory: string
  readonly #open = new Set<Socket>()
  #child: ChildProcess | undefined
  #ready: Promise<string> | undefined

  /** Without a namespace, the ports are the machine's own. */
  constructor(namespace: string | undefined, directory: string) {
    this.#namespace = namespace
    this.#directory = directory
  }

  /** Rejects when nobody listens there. */
  async connect(port: number): Promise<Duplex> {
    if (this.#namespace === undefined) return this.#join(connect(port, "localhost"))
    this.#ready ??= this.#start(this.#namespace)
    const socket = await this.#join(connect({ path: await this.#ready, allowHalfOpen: true }))
    const number = Buffer.alloc(2)
    number.writeUInt16BE(port)
    socket.write(number)
    const first = await readSome(socket)
    if (first[0] !== connected) {
      socket.destroy()
      throw new RuntimeError("failed", first.toString("utf8", 1) || "the pod's network has gone")
    }
    socket.unshift(first.subarray(1))
    return socket
  }

  close(): void {
    for (const socket of this.#open) socket.destroy()
    this.#child?.stdin?.end()
  }

  async #join(socket: Socket): Promise<Socket> {
    this.#open.add(socket)
    socket.on("close", () => this.#open.delete(socket))
    await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject))
    return socket
  }

  async #start(namespace: string): Promise<string> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    const path = join(this.#directory, `${randomBytes(idBytes).toString("hex")}.sock`)
    const args = [`--net=${namespace}`, process.execPath, "-e", relay, path]
    const child = spawn("nsenter", args, { stdio: ["pipe", "pipe", "ignore"] })
    this.#child = child
    child.on("close", () => void rm(path, { force: true }))
    await new Promise((resolve, reject) => {
      child.stdout.once("data", resolve)
      child.once("error", reject)
      child.once("close", () => reject(new RuntimeError("failed", "the pod's network cannot be entered")))
    })
    return path
  }
}

/** What comes first; nothing, when there is no more. */
function readSome(socket: Socket): Promise<Buffer> {
  return new Promise((resolve) => {
    const take = (): void => {
      const chunk = socket.read() as Buffer | null
      if (chunk === null && !socket.readableEnded && !socket.destroyed) return
      for (const name of ["readable", "end", "close"]) socket.off(name, take)
      resolve(chunk ?? Buffer.alloc(0))
    }
    for (const name of ["readable", "end", "close"]) socket.on(name, take)
  })
}
