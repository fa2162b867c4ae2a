// What Node's HTTP server and undici need to pass a request on to one address, and nothing else: no choice of a function or
// pod, no headers of its own, no limit, no repeat, no measure.
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { Pool } from "undici"

const [address = ""] = process.argv.slice(2)
const pool = new Pool(`http://${address}`, { connections: 256 })
const server = createServer((request, response) => {
  const { url: path = "/", method = "GET", rawHeaders: headers } = request
  const body = method === "GET" ? null : request
  pool.dispatch(
    { path, method, headers, body },
    {
      onRequestStart: () => undefined,
      onResponseStart: ({ rawHeaders }, status) =>
        void response.writeHead(status, (rawHeaders as Buffer[] | undefined)?.map(String)),
      onResponseData: (_, chunk) => void response.write(chunk),
      onResponseEnd: () => void response.end(),
      onResponseError: () => void response.destroy(),
    },
  )
})
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port))
process.once("disconnect", () => process.exit(0))
