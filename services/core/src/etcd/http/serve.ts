import { createServer, type Server } from "node:http"
import type { TLSSocket } from "node:tls"
import type { Log } from "@wick/sdk/log"
import type { ServerStream } from "#http2"
import type { Admit } from "../grpc/serve.ts"
import type { Page, Pages } from "./pages.ts"

/** Answers what is no gRPC, over HTTP/1.1, on connections that it is handed. */
export function http1Server(pages: Pages, admit: Admit, log: Log): Server {
  return createServer((request, response) => {
    const peer = admit(request.socket as TLSSocket)
    const page =
      typeof peer === "string" ? Promise.resolve(refusal(peer)) : pages.read(request.method ?? "", request.url ?? "/")
    void page.catch(failed(log)).then(({ status, contentType, body }) => {
      response.writeHead(status, { "content-type": contentType, "content-length": Buffer.byteLength(body) })
      response.end(request.method === "HEAD" ? undefined : body)
    })
  })
}

/** One stream of HTTP/2 that asks for a page. */
export function answerPage(stream: ServerStream, pages: Pages, log: Log): void {
  const { method, path } = stream
  void pages
    .read(method, path)
    .catch(failed(log))
    .then(({ status, contentType, body }) => {
      stream.respond([":status", String(status), "content-type", contentType], method === "HEAD")
      if (method === "HEAD") return
      stream.write(Buffer.from(body))
      stream.end()
    })
}

function refusal(reason: string): Page {
  return { status: 403, contentType: "text/plain; charset=utf-8", body: `${reason}\n` }
}

function failed(log: Log): (error: unknown) => Page {
  return (error) => {
    log.error("a page of etcd's API failed", { error: error as Error })
    return { status: 500, contentType: "text/plain; charset=utf-8", body: "internal error\n" }
  }
}
