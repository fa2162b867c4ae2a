import { createServer, request } from "node:http"
import type { AddressInfo } from "node:net"

export const guardName = "porter"
export const guardPassword = "let:me:in"

/** Stands before a registry and lets in whoever knows the name and the password (HTTP Basic). */
export async function startGuard(host: string): Promise<{ readonly host: string } & AsyncDisposable> {
  const wanted = `Basic ${Buffer.from(`${guardName}:${guardPassword}`).toString("base64")}`
  const server = createServer((incoming, response) => {
    if (incoming.headers.authorization !== wanted) {
      response.writeHead(401, { "www-authenticate": 'Basic realm="guarded"' }).end()
      return
    }
    const options = { method: incoming.method, headers: { ...incoming.headers, host } }
    const onward = request(`http://${host}${incoming.url}`, options, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    onward.on("error", () => response.destroy())
    incoming.pipe(onward)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
