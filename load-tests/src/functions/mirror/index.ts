/** A server that gives back what it is sent, as it comes; and to who sends nothing, as many bytes as the path says. */
import { createServer, type ServerResponse } from "node:http"

const chunk = Buffer.alloc(64 * 1024, "x")

function produce(response: ServerResponse, bytes: number): void {
  let left = bytes
  const more = (): void => {
    while (left > 0) {
      const part = chunk.subarray(0, left)
      left -= part.length
      if (!response.write(part)) {
        response.once("drain", more)
        return
      }
    }
    response.end()
  }
  more()
}

const server = createServer((request, response) => {
  if (request.method === "GET") produce(response, Number(request.url?.slice(1) ?? 0))
  else request.pipe(response)
})
server.listen(Number(process.env.PORT ?? 8080), "0.0.0.0")
