import { generateKeyPairSync } from "node:crypto"
import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { createServer } from "node:https"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { systemClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { SignJWT } from "jose/jwt/sign"
import { openPki } from "#pki"

/** An issuer of tokens as a server of its own: OpenID Connect discovery and keys over TLS, by an authority of its own. */
export interface TestIssuer extends AsyncDisposable {
  readonly url: string
  readonly authorityPem: string
  /** Requests are taken and not answered. */
  silent: boolean
  /** A token for the audience `wick`, good for an hour. */
  token(algorithm: "RS256" | "ES256", subject: string, claims?: Readonly<Record<string, unknown>>): Promise<string>
}

export async function startTestIssuer(): Promise<TestIssuer> {
  await using undo = new AsyncDisposableStack()
  const directory = await mkdtemp(join(tmpdir(), "wick-issuer-"))
  undo.defer(() => rm(directory, { recursive: true, force: true }))
  const pki = await openPki({
    clock: systemClock,
    log: silentLog,
    directory,
    serverNames: ["127.0.0.1"],
    clusterDomain: "issuer.local",
  })
  const keys = {
    RS256: generateKeyPairSync("rsa", { modulusLength: 2048 }),
    ES256: generateKeyPairSync("ec", { namedCurve: "P-256" }),
  }
  const { privateKeyPem: key, certificatePem: cert } = pki.serving
  const server = createServer({ key, cert }, ({ url }, answer) => {
    if (issuer.silent) return
    const jwks = Object.entries(keys).map(([kid, { publicKey }]) => ({ ...publicKey.export({ format: "jwk" }), kid }))
    const discovery = { issuer: issuer.url, jwks_uri: `${issuer.url}/keys` }
    answer.end(JSON.stringify(url === "/keys" ? { keys: jwks } : discovery))
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  undo.defer(() => {
    server.closeAllConnections()
    server.close()
  })
  const done = undo.move()
  const issuer: TestIssuer = {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    authorityPem: pki.authorityPem,
    silent: false,
    token: (algorithm, subject, claims = {}) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: algorithm, kid: algorithm })
        .setIssuer(issuer.url)
        .setAudience("wick")
        .setSubject(subject)
        .setExpirationTime("1h")
        .sign(keys[algorithm].privateKey),
    [Symbol.asyncDispose]: () => done.disposeAsync(),
  }
  return issuer
}
