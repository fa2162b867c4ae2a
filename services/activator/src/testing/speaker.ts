import { createServer, request, type ServerResponse } from "node:http"
import { createServer as createH2Server, connect as h2connect, type ServerHttp2Stream } from "node:http2"
import { type AddressInfo, connect, type Server, type Socket } from "node:net"
import type { Duplex, Readable } from "node:stream"

export type Protocol = "HTTP/1.1" | "h2c" | "upgrade"

/** One request, as its application sees it. */
export interface Turn {
  /** Sends the head and the first words. */
  begin(words: string): void
  say(words: string): void
}

export interface Speaker extends AsyncDisposable {
  readonly port: number
  /** Resolves with the next request. */
  next(): Promise<Turn>
}

/** An application of one protocol that says what the test wants, when it wants it. */
export async function startSpeaker(protocol: Protocol): Promise<Speaker> {
  const turns: Turn[] = []
  const waiting: ((turn: Turn) => void)[] = []
  const take = (turn: Turn): void => {
    const waiter = waiting.shift()
    if (waiter) waiter(turn)
    else turns.push(turn)
  }
  const server: Server = protocol === "h2c" ? h2Server(take) : h1Server(take)
  const sockets = new Set<Socket>()
  server.on("connection", (socket: Socket) => {
    sockets.add(socket)
    socket.on("error", () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return {
    port: (server.address() as AddressInfo).port,
    next: () => {
      const turn = turns.shift()
      return turn ? Promise.resolve(turn) : new Promise((resolve) => waiting.push(resolve))
    },
    [Symbol.asyncDispose]: async () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

function h1Server(take: (turn: Turn) => void): Server {
  const server = createServer((_request, response: ServerResponse) =>
    take({ begin: (words) => response.write(words), say: (words) => response.write(words) }),
  )
  server.on("upgrade", (_request, socket: Duplex) => {
    socket.on("error", () => {})
    const head = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: words\r\n\r\n"
    take({ begin: (words) => socket.write(head + words), say: (words) => socket.write(words) })
  })
  return server
}

function h2Server(take: (turn: Turn) => void): Server {
  const server = createH2Server()
  server.on("stream", (stream: ServerHttp2Stream) => {
    stream.on("error", () => {})
    const begin = (words: string): void => {
      stream.respond({ ":status": 200 })
      stream.write(words)
    }
    take({ begin, say: (words) => stream.write(words) })
  })
  return server as unknown as Server
}

/** What a client has been told so far. */
export interface Heard {
  status: number
  words: string
  /** How it ended: `whole` as the protocol wants it, `cut` otherwise. */
  end: "whole" | "cut" | undefined
}

/** Sends one request to host app.test and writes down what comes. */
export function listenTo(port: number, protocol: Protocol): Heard {
  const heard: Heard = { status: 0, words: "", end: undefined }
  const follow = (source: Readable): void => {
    source.on("data", (chunk: Buffer) => {
      heard.words += chunk
    })
    source.on("end", () => {
      heard.end ??= "whole"
    })
    source.on("error", () => {
      heard.end ??= "cut"
    })
  }
  if (protocol === "h2c") {
    const session = h2connect(`http://127.0.0.1:${port}`)
    const stream = session.request({ ":path": "/", ":authority": "app.test" })
    stream.on("response", (headers) => {
      heard.status = Number(headers[":status"])
    })
    follow(stream)
    stream.on("close", () => session.destroy())
  } else if (protocol === "upgrade") {
    const socket = connect(port, "127.0.0.1")
    socket.write("GET / HTTP/1.1\r\nhost: app.test\r\nconnection: upgrade\r\nupgrade: words\r\n\r\n")
    follow(socket)
    socket.on("data", () => {
      heard.status = Number(heard.words.split(" ")[1])
    })
    socket.on("close", () => {
      heard.end ??= "cut"
    })
  } else {
    const sent = request({ host: "127.0.0.1", port, agent: false, headers: { host: "app.test" } }, (answer) => {
      heard.status = answer.statusCode ?? 0
      follow(answer)
    })
    sent.on("error", () => {
      heard.end ??= "cut"
    })
    sent.end()
  }
  return heard
}
