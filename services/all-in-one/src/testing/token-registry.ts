import { execFileSync } from "node:child_process"
import { randomUUID } from "node:crypto"
import { readFileSync } from "node:fs"
import { request } from "node:http"
import { createServer } from "node:https"
import type { AddressInfo } from "node:net"
import { networkInterfaces } from "node:os"
import { join } from "node:path"

export interface TokenRegistry extends AsyncDisposable {
  /** `HOST:PORT`, as images of it are named. */
  readonly address: string
  readonly authorityFile: string
  /** What was asked of it, and how it was answered. */
  readonly asked: string[]
  /** The registry that it stands before. */
  standBefore(registry: string): void
}

export const porter = { username: "porter", password: "let:me:in" }
const lifetimeMs = 60_000

/**
 * A registry as the public ones are: TLS by a private authority, on an address that is not this machine's loopback, and
 * nothing without a token, which `/token` makes for whoever knows the name and the password.
 */
export async function startTokenRegistry(directory: string): Promise<TokenRegistry> {
  const host = outerAddress()
  const [keyFile, authorityFile] = [join(directory, "registry.key"), join(directory, "registry.crt")]
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", keyFile]
  const names = ["-subj", "/CN=registry", "-addext", `subjectAltName=IP:${host}`]
  execFileSync("openssl", ["req", "-x509", ...key, "-out", authorityFile, ...names], { stdio: "ignore" })
  const asked: string[] = []
  const tokens = new Map<string, { scope: string; untilMs: number }>()
  const wanted = `Basic ${Buffer.from(`${porter.username}:${porter.password}`).toString("base64")}`
  let behind = ""
  let address = ""
  const allowed = (authorization: string, path: string): boolean => {
    const token = tokens.get(authorization.replace(/^Bearer /, ""))
    if (!token || token.untilMs < Date.now()) return false
    const [, repository] = token.scope.split(":")
    return path.startsWith(`/v2/${repository}/`)
  }
  const server = createServer(
    { key: readFileSync(keyFile), cert: readFileSync(authorityFile) },
    (incoming, response) => {
      const url = new URL(incoming.url ?? "/", `https://${address}`)
      response.on("finish", () => asked.push(`${incoming.method} ${url.pathname} ${response.statusCode}`))
      const { authorization = "" } = incoming.headers
      if (url.pathname === "/token") {
        if (authorization !== wanted) return response.writeHead(401).end()
        const token = randomUUID()
        tokens.set(token, { scope: url.searchParams.get("scope") ?? "", untilMs: Date.now() + lifetimeMs })
        return response.end(JSON.stringify({ token, expires_in: lifetimeMs / 1_000 }))
      }
      if (!allowed(authorization, url.pathname)) {
        const challenge = `Bearer realm="https://${address}/token",service="${address}"${scopeOf(url)}`
        return response.writeHead(401, { "www-authenticate": challenge }).end()
      }
      const headers = { ...incoming.headers, host: behind }
      const onward = request(`http://${behind}${incoming.url}`, { method: incoming.method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(response)
      })
      onward.on("error", () => response.destroy())
      return incoming.pipe(onward)
    },
  )
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  address = `${host}:${(server.address() as AddressInfo).port}`
  return {
    address,
    authorityFile,
    asked,
    standBefore: (registry) => {
      behind = registry
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function scopeOf({ pathname }: URL): string {
  const repository = /^\/v2\/(.+)\/(?:manifests|blobs)\//.exec(pathname)?.[1]
  return repository ? `,scope="repository:${repository}:pull"` : ""
}

/** Where other machines would find this one: registries on the loopback network are trusted more. */
function outerAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses = []) => addresses)
  const outer = all.find(({ internal, family }) => !internal && family === "IPv4")
  if (!outer) throw new Error("this machine has no address beside its loopback")
  return outer.address
}
