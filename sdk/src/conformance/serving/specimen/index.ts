/**
 * The function that cases deploy: it tells what it was given, and does what its caller asks. Started with CRASH it ends
 * with that code; PROTOCOL=h2c makes it speak HTTP/2 without TLS; START_MS is how long it takes to listen.
 */
import { readFileSync, statSync, writeFileSync } from "node:fs"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { createServer as createHttp2Server, type Http2ServerRequest, type Http2ServerResponse } from "node:http2"
import { hostname } from "node:os"

const { CRASH, PROTOCOL, PORT = "8080", LISTEN = PORT, START_MS = "0" } = process.env

type Asked = IncomingMessage | Http2ServerRequest
type Answered = ServerResponse | Http2ServerResponse
type Handler = (query: URLSearchParams, request: Asked, response: Answered) => unknown

if (CRASH !== undefined) {
  process.stderr.write("crashing on purpose\n")
  process.exit(Number(CRASH))
}

let inside = 0
let most = 0
let isHealthy = true
let input = "open"
const messagesMax = 100
let messages: Buffer[] = []
let kept = Buffer.alloc(0)
process.stdin
  .on("end", () => {
    input = "ended"
  })
  .resume()

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const number = (query: URLSearchParams, name: string): number => Number(query.get(name) ?? "0")
const json = (response: Answered, body: unknown): unknown => response.end(JSON.stringify(body))

function attempt(action: () => unknown): unknown {
  try {
    return action()
  } catch (error) {
    return { code: (error as NodeJS.ErrnoException).code }
  }
}

function file(path: string): unknown {
  const stat = statSync(path)
  const kind = stat.isDirectory() ? "directory" : stat.isCharacterDevice() ? "character device" : "file"
  return { kind, mode: (stat.mode & 0o7777).toString(8), real: stat.isSymbolicLink() }
}

const handlers: Readonly<Record<string, Handler>> = {
  "/": (_, { headers, method, url, httpVersion }, response) =>
    json(response, {
      ...{ headers, method, url, httpVersion, input, env: process.env, arguments: process.argv.slice(2) },
      ...{ directory: process.cwd(), uid: process.getuid?.(), gid: process.getgid?.(), hostname: hostname() },
    }),
  "/file": (query, _, response) =>
    json(
      response,
      attempt(() => file(query.get("path") ?? "/")),
    ),
  "/read": (query, _, response) =>
    json(
      response,
      attempt(() => ({ text: readFileSync(query.get("path") ?? "", "utf8") })),
    ),
  "/write": (query, _, response) =>
    json(
      response,
      attempt(() => writeFileSync(query.get("path") ?? "", query.get("text") ?? "") ?? { written: true }),
    ),
  "/sleep": async (query, _, response) => {
    inside++
    most = Math.max(most, inside)
    await sleep(number(query, "ms"))
    inside--
    json(response, { most, hostname: hostname() })
  },
  "/chunks": async (query, _, response) => {
    for (let at = 0; at < number(query, "count"); at++) {
      ;(response as ServerResponse).write(`chunk ${at}\n`)
      await sleep(number(query, "ms"))
    }
    response.end()
  },
  "/status": (query, _, response) => {
    response.statusCode = number(query, "code")
    response.end()
  },
  "/length": async (_, request, response) => {
    let length = 0
    for await (const chunk of request) length += (chunk as Buffer).length
    json(response, { length })
  },
  // As a collector of OpenTelemetry's: what it is sent, and whether one message had all of some words.
  "/v1/metrics": async (_, request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    messages = [...messages, Buffer.concat(chunks)].slice(-messagesMax)
    response.setHeader("content-type", "application/x-protobuf")
    response.end()
  },
  "/told": (query, _, response) => {
    const words = query.getAll("word")
    json(response, { told: messages.some((message) => words.every((word) => message.includes(word))) })
  },
  "/healthy": (_, __, response) => {
    response.statusCode = isHealthy ? 200 : 503
    response.end()
  },
  "/sicken": (_, __, response) => {
    isHealthy = false
    response.end()
  },
  // Memory that it keeps.
  "/bloat": (query, _, response) => {
    kept = Buffer.alloc(number(query, "megabytes") * 2 ** 20, 1)
    json(response, { kept: kept.length })
  },
  "/exit": (query) => process.exit(number(query, "code")),
}

async function handle(request: Asked, response: Answered): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://specimen")
  const handler = handlers[pathname]
  if (handler) return void (await handler(searchParams, request, response))
  response.statusCode = 404
  response.end()
}

const server = PROTOCOL === "h2c" ? createHttp2Server(handle) : createServer(handle)
// A protocol that says each thing back, after a while where it is asked to, and goodbye when it is told to end.
server.on("upgrade", (request, socket) => {
  const after = number(new URL(request.url ?? "/", "http://specimen").searchParams, "ms")
  socket.on("error", () => {})
  socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
  socket.on("data", (words: Buffer) => void setTimeout(() => socket.write(words), after))
  process.on("SIGTERM", () => socket.end("goodbye"))
})
setTimeout(() => server.listen(Number(LISTEN)), Number(START_MS))
process.on("SIGTERM", () => {
  server.close(() => process.exit(0))
  if ("closeIdleConnections" in server) server.closeIdleConnections()
})
