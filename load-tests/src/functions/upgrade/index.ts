/** A server that agrees to every upgrade, says a word and then nothing, as idle WebSockets do. */
import { createServer } from "node:http"

const server = createServer((_request, response) => response.end("hello\n"))
server.on("upgrade", (_request, socket) => {
  socket.on("error", () => socket.destroy())
  socket.write("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: words\r\n\r\nready\n")
})
server.listen(Number(process.env.PORT ?? 8080), "0.0.0.0")
