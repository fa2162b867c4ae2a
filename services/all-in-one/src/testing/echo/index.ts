import { createServer } from "node:http"

const { CRASH, DELAY_MS = "0", PORT = "8080", VERSION = "0", K_REVISION = "", LISTEN = PORT } = process.env

if (CRASH !== undefined) {
  process.stderr.write("crashing on purpose\n")
  process.exit(Number(CRASH))
}

/** Requests in this process. */
let inside = 0

/**
 * Answers what it is, how many requests are in it and what it was asked, after as long as it is told to wait; or exits, if
 * it is told to.
 */
createServer((request, response) => {
  const url = new URL(request.url ?? "/", "http://function")
  const exit = url.searchParams.get("exit")
  if (exit !== null) process.exit(Number(exit))
  const delayMs = Number(url.searchParams.get("delay") ?? DELAY_MS)
  inside++
  response.on("close", () => inside--)
  const answer = { inside, version: VERSION, revision: K_REVISION, path: url.pathname, headers: request.headers }
  setTimeout(() => response.end(JSON.stringify(answer)), delayMs)
}).listen(Number(LISTEN))
