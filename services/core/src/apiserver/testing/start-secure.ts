import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { builtinFaces, builtinKinds } from "@wick/sdk/api"
import type { Fetch } from "@wick/sdk/client"
import { seededRandom, systemClock } from "@wick/sdk/clock"
import { type Log, silentLog } from "@wick/sdk/log"
import { frontProxyName, openPki, type Pki, writeKubeconfig } from "#pki"
import { createMemoryStorage } from "#store"
import {
  type ApiServer,
  bootstrapObjects,
  createApiServer,
  createSecurity,
  ensureBootstrapObjects,
  type Guard,
  listen,
  openTrust,
  type TrustOptions,
} from "../index.ts"

/** The API server as it stands in a cluster: TLS, a kubeconfig, policy and admission; only the store is in memory. */
export interface SecureTestApi extends AsyncDisposable {
  readonly server: ApiServer
  /** As a master, without a socket. */
  readonly fetch: Fetch
  /** What stands behind the socket. */
  readonly guard: Guard
  /** What a start does to a store that may have been started before. */
  bootstrap(): Promise<void>
  readonly pki: Pki
  readonly directory: string
  /** Of the administrator. */
  readonly kubeconfig: string
  readonly url: string
}

export async function startSecureTestApi(log: Log = silentLog, options?: TrustOptions): Promise<SecureTestApi> {
  await using undo = new AsyncDisposableStack()
  const directory = await mkdtemp(join(tmpdir(), "wick-api-"))
  undo.defer(() => rm(directory, { recursive: true, force: true }))
  const common = { clock: systemClock, random: seededRandom(1), log }
  const pki = await openPki({
    ...common,
    directory: join(directory, "pki"),
    serverNames: [],
    clusterDomain: "cluster.local",
  })
  const storage = createMemoryStorage(common)
  undo.defer(() => storage.close())
  const trust = await openTrust(options, { ...common, ownIssuers: [pki.tokens.issuer] })
  const security = createSecurity({ ...common, storage, tokens: pki.tokens, ...trust })
  undo.defer(() => security.close())
  const server = createApiServer({
    ...common,
    storage,
    kinds: builtinKinds,
    faces: builtinFaces,
    virtual: security.virtual,
    issuer: security.issuer,
    admission: security.admission,
    authorize: security.authorize,
    nodeProxy: () => undefined,
    serviceCidr: "10.235.0.0/16",
    frontProxy: pki.frontProxy.client,
    version: "v1.36.0",
  })
  undo.use(server)
  await Promise.all([server.ready, security.ready])
  const fetch = server.fetchAs({ name: "admin", groups: ["system:masters"] })
  const address = { ip: "192.168.1.7", port: 6443, clusterIp: "10.235.0.1" }
  const frontProxyPem = pki.frontProxy.authorityPem
  const objects = bootstrapObjects(address, { clientPem: pki.authorityPem, frontProxyPem, frontProxyName })
  const bootstrap = (): Promise<void> => ensureBootstrapObjects(fetch, objects)
  await bootstrap()
  const guard = security.guard(server)
  const listener = await listen({
    ...common,
    ...guard,
    host: "127.0.0.1",
    port: 0,
    serving: pki.serving,
    authorityPem: pki.authorityPem,
  })
  undo.defer(() => listener.close(100))
  const url = `https://127.0.0.1:${listener.port}`
  const kubeconfig = join(directory, "kubeconfig")
  const user = { name: "admin", credential: pki.admin }
  await writeKubeconfig(kubeconfig, { cluster: "wick", server: url, authorityPem: pki.authorityPem, user })
  const done = undo.move()
  return {
    server,
    fetch,
    guard,
    bootstrap,
    pki,
    directory,
    kubeconfig,
    url,
    [Symbol.asyncDispose]: () => done.disposeAsync(),
  }
}
