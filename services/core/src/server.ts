import { createHash } from "node:crypto"
import { once } from "node:events"
import { type AddressInfo, createServer as createTcpServer } from "node:net"
import { join } from "node:path"
import { builtinFaces, builtinKinds } from "@wick/sdk/api"
import { type Client, compose, createClient, type Fetch } from "@wick/sdk/client"
import type { Clock, Random } from "@wick/sdk/clock"
import { fence, type LeadershipTerm, type Mandate } from "@wick/sdk/controller"
import { hostPort } from "@wick/sdk/host-port"
import type { Log } from "@wick/sdk/log"
import { createMetrics, type Metrics } from "@wick/sdk/metrics"
import {
  type ApiServer,
  bootstrapObjects,
  createApiServer,
  createSecurity,
  type EncryptedStorage,
  ensureBootstrapObjects,
  type Guard,
  keysInStore,
  lightRequest,
  listen,
  type NodeProxy,
  openAudit,
  openEncryptedStorage,
  openTrust,
  remoteNodes,
  type Security,
  type SharedKeys,
  type TrustOptions,
  type UserInfo,
} from "#apiserver"
import type { BackupOptions } from "#backup"
import { frontProxyName, openPki, type Pki, readSigningRequest } from "#pki"
import type { Cluster, MemberStorage } from "#store"
import { type ElectedLoopsOptions, electLoops } from "./elected-loops.ts"
import { type ExternalStore, type OpenedStore, openStore } from "./external-store.ts"
import { type KeptKubeconfig, keepKubeconfig } from "./keep-kubeconfig.ts"
import { openMembersDoor } from "./membership/index.ts"
import { callsFirst, type Precedence } from "./precedence.ts"
import { moveServiceAddresses } from "./service-addresses.ts"
import { claimStore } from "./store-claim.ts"
import { storeHealth } from "./store-health.ts"
import type { TraceTarget } from "./trace-component.ts"

export interface ControlPlaneOptions {
  /** Name of this host, by which people know who leads. */
  readonly name?: string | undefined
  /** `store/`, `pki/`, `encryption/` and `audit/` are kept in here. */
  readonly directory: string
  /** Secrets are sealed under a key that is made now. */
  readonly newEncryptionKey?: boolean
  /** Where the API listens; the first address is the kubeconfig's. */
  readonly hosts: readonly string[]
  /** 0: any that is free. */
  readonly port: number
  /** Address at which pods reach the API server. */
  readonly nodeAddress: string
  readonly serviceCidr: string
  readonly clusterDomain: string
  /** Written when the API is ready. */
  readonly kubeconfigPath: string
  /** What `/version` says, of the form v1.x.y. */
  readonly version: string
  /** Kubelets of this host. Those of others are asked at their own doors. */
  readonly nodeProxy: NodeProxy
  /** What the registry of this host has, once it is open: the other hosts' registries may ask for it. */
  readonly ownImages?: (() => ((request: Request) => Promise<Response>) | undefined) | undefined
  /** Who is believed beside the cluster's own certificates and tokens. */
  readonly trust?: TrustOptions | undefined
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly metrics?: Metrics | undefined
  /** Where traces of what the control plane does go; nowhere unless given. */
  readonly traces?: TraceTarget | undefined
  /** Kept there instead of in `store/`. */
  readonly store?: ExternalStore | undefined
  /** Where etcd's clients are answered; nowhere unless it is given. An external store answers them itself. */
  readonly etcd?: { readonly host: string; readonly port: number } | undefined
  /** Where the store is backed up to, and how; nowhere unless it is given. */
  readonly backup?: Pick<BackupOptions, "destination" | "passphrase" | "snapshotEveryMs" | "retention"> | undefined
  /** Where other members of the store reach this one; absent: it has none. */
  readonly peer?: { readonly host: string; readonly port: number } | undefined
  /** Resolves when the rest of the platform runs too: calls of functions at zero may be waiting for that. Absent: nobody does. */
  readonly up?: Promise<void> | undefined
  /** The disk has failed: the process should end and be started anew. */
  readonly onFailure: (error: Error) => void
}

export interface ControlPlane extends AsyncDisposable {
  readonly url: string
  readonly pki: Pki
  /** The API for a part of this process: no socket, no token. */
  fetchAs(user: UserInfo): Fetch
  /** With a term: its writes end with it. */
  clientAs(user: UserInfo, term?: LeadershipTerm): Client
  /** The right to run what may run only once in the cluster. */
  readonly mandate: Mandate
  /** Who we are to those who contend for it. */
  readonly identity: string
  /** Absent: calls need not go first. */
  readonly precedence: Precedence | undefined
  /** Who keeps the store together; absent where no other host can join. */
  readonly cluster: Cluster | undefined
  /** A kubeconfig in which all hosts are named, also those that come later. */
  keepKubeconfig(kept: KeptKubeconfig): Promise<Disposable>
  /** Services of this host's loopback, `namespace/name` → port, that webhooks may be registered by. */
  readonly localServices: Map<string, number>
}

const closeGraceMs = 500
const self: UserInfo = { name: "system:apiserver", groups: ["system:masters"] }

/** Store, API server, scheduler and controllers of one member, joined. Resolves when the API answers. */
export async function startControlPlane(given: ControlPlaneOptions): Promise<ControlPlane> {
  const options = { ...given, port: given.port || (await freePort(given.hosts[0])) }
  const { directory, clock, random, log, clusterDomain } = options
  await using undo = new AsyncDisposableStack()
  const name = options.name ?? "member"
  const etcdNames = options.etcd === undefined ? [] : [options.etcd.host]
  const serverNames = [...options.hosts, ...etcdNames, options.nodeAddress, firstAddress(options.serviceCidr)]
  const pki = await openPki({ directory: join(directory, "pki"), serverNames, clusterDomain, clock, log })
  const peer = options.peer && { ...options.peer, clientUrl: apiUrl(options) }
  const stored = await openStore({ ...options, name, peer, pki })
  undo.defer(() => stored.storage.close())
  if (options.store)
    undo.use(await claimStore({ ...claimantOf(name, pki), ...stored, clock, log, onLost: options.onFailure }))
  const sealing = { directory: join(directory, "encryption"), newKey: options.newEncryptionKey ?? false }
  const shared = await sharedKeys(options, stored, pki)
  const encrypted = await openEncryptedStorage(stored.storage, { ...sealing, shared, clock, log })
  undo.defer(() => encrypted.close())
  const { storage } = encrypted
  const trust = await openTrust(options.trust, { ownIssuers: [pki.tokens.issuer], clock, log })
  undo.defer(() => trust.close())
  const metrics = createMetrics()
  const localServices = new Map<string, number>()
  const security = createSecurity({ storage, tokens: pki.tokens, localServices, clock, random, log, metrics, ...trust })
  undo.defer(() => security.close())
  await security.ready
  let elsewhere: NodeProxy = () => undefined
  const nodeProxy: NodeProxy = (node) => options.nodeProxy(node) ?? elsewhere(node)
  const checks = stored.member && options.peer ? undo.use(storeHealth(stored.member, clock)).checks : []
  const healthChecks = [...encrypted.healthChecks, ...checks]
  const api = undo.use(createServer({ ...options, nodeProxy }, { storage, healthChecks, security, pki, metrics }))
  await api.ready
  if (options.peer) elsewhere = await remoteNodes({ pki, client: createClient({ fetch: api.fetchAs(self) }) })
  await ensureObjects(options, api, bootstrapObjects(apiAddress(options, stored), trusted(pki)))
  const audit = undo.use(await openAudit({ directory: join(directory, "audit"), clock, log, metrics }))
  const guard = guarded(options, { stored, security, api, audit, pki })
  const url = await open(options, pki, guard, undo)
  const cluster = options.peer && stored.member?.cluster
  const reached = { server: url, authorityPem: pki.authorityPem, cluster, log }
  undo.use(
    await keepKubeconfig({ path: options.kubeconfigPath, user: { name: "admin", credential: pki.admin } }, reached),
  )
  const { member, mandate } = stored
  if (member !== undefined) await openAroundMember(options, member, pki, undo)
  const clientAs: ControlPlane["clientAs"] = (user, term) => {
    const fetch = api.fetchAs(user)
    return createClient({
      fetch: term === undefined ? fetch : compose(fetch, fence(term)),
      newRequest: lightRequest,
    })
  }
  undo.defer(() => mandate[Symbol.dispose]?.())
  const identity = `${name}_${member?.cluster.self ?? "external"}`
  const apiServers = member && apiServersOf(member.cluster)
  const precedence = await callsFirst(storage, options.up, clock)
  undo.use(startLoops({ clientAs, mandate, identity, precedence, ...(apiServers && { apiServers }) }, pki, options))
  const stack = undo.move()
  return {
    url,
    pki,
    mandate,
    identity,
    precedence,
    cluster,
    localServices,
    keepKubeconfig: (kept) => keepKubeconfig(kept, reached),
    fetchAs: (user) => api.fetchAs(user),
    clientAs,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

/** A home's authority is its own, or was copied with it to another host, which has another name. */
function claimantOf(name: string, { authorityPem }: Pki): { owner: string; name: string } {
  return { owner: createHash("sha256").update(`${name}\n${authorityPem}`).digest("hex"), name }
}

/** How hosts tell each other of new keys of encryption; one that is alone tells nobody. */
async function sharedKeys(
  { peer }: ControlPlaneOptions,
  { member }: OpenedStore,
  pki: Pki,
): Promise<SharedKeys | undefined> {
  if (!peer || !member) return undefined
  await member.confirmRead()
  return keysInStore(member, pki.sharedSecret("keys of encryption at rest"))
}

function trusted({ authorityPem, frontProxy }: Pki): Parameters<typeof bootstrapObjects>[1] {
  return { clientPem: authorityPem, frontProxyPem: frontProxy.authorityPem, frontProxyName }
}

/** What is always there; before it Services whose addresses lead nowhere any more, of which `kubernetes` may be one. */
async function ensureObjects(
  { serviceCidr, clock, log }: ControlPlaneOptions,
  api: ApiServer,
  objects: ReturnType<typeof bootstrapObjects>,
): Promise<void> {
  const fetch = api.fetchAs(self)
  const range = { serviceCidr, firstAddress: firstAddress(serviceCidr) }
  await moveServiceAddresses({ client: createClient({ fetch }), ...range, clock, log })
  await ensureBootstrapObjects(fetch, objects)
}

interface ServerParts extends Pick<EncryptedStorage, "storage" | "healthChecks"> {
  readonly security: Security
  readonly pki: Pki
  /** Of the API itself, at its own /metrics. */
  readonly metrics: Metrics
}

function createServer(options: ControlPlaneOptions, parts: ServerParts): ApiServer {
  const { storage, healthChecks, security, pki, metrics } = parts
  const { clock, random, log, nodeProxy, serviceCidr, version } = options
  const { admission, virtual, authorize, issuer } = security
  return createApiServer({
    storage,
    kinds: builtinKinds,
    faces: builtinFaces,
    virtual,
    issuer,
    healthChecks,
    admission,
    authorize,
    nodeProxy,
    notesCauses: options.traces !== undefined,
    serviceCidr,
    frontProxy: pki.frontProxy.client,
    version,
    clock,
    random,
    log,
    metrics,
  })
}

interface Guarding {
  readonly stored: OpenedStore
  readonly security: Security
  readonly api: ApiServer
  readonly audit: Awaited<ReturnType<typeof openAudit>>
  readonly pki: Pki
}

/** Who comes in meets the door of the members first, which the audit log is not to read, then the API. */
function guarded(options: ControlPlaneOptions, { stored, security, api, audit, pki }: Guarding): Guard {
  const { member } = stored
  if (member === undefined) return security.guard(audit.over(api))
  const members = openMembersDoor({
    cluster: member.cluster,
    joinable: options.peer !== undefined,
    directory: options.directory,
    authorityPem: pki.authorityPem,
    serviceCidr: options.serviceCidr,
    authorize: security.authorize,
    client: createClient({ fetch: api.fetchAs(self) }),
    images: () => options.ownImages?.(),
    log: options.log,
  })
  const guard = security.guard(members.over(audit.over(api)))
  return {
    ...guard,
    fetch: async (request, from) => members.public(request) ?? guard.fetch(request, from),
  }
}

/** Opens the API to the network. Resolves with where it is reached. */
async function open(options: ControlPlaneOptions, pki: Pki, guard: Guard, undo: AsyncDisposableStack): Promise<string> {
  const { hosts, port, log } = options
  const { serving, authorityPem } = pki
  for (const host of hosts) {
    const listener = await listen({
      host,
      port,
      serving,
      authorityPem,
      log,
      fetch: guard.fetch,
      upgrade: guard.upgrade,
    })
    undo.defer(() => listener.close(closeGraceMs))
  }
  return apiUrl(options)
}

/** What only a store of our own has: a door for etcd's clients, and backups. */
async function openAroundMember(
  options: ControlPlaneOptions,
  storage: MemberStorage,
  pki: Pki,
  undo: AsyncDisposableStack,
): Promise<void> {
  const { etcd, backup, directory, clock, random, log, metrics } = options
  if (etcd !== undefined) undo.use(await openEtcd(options, etcd, storage, pki))
  if (backup === undefined) return
  const { startBackup } = await import("#backup")
  undo.use(await startBackup({ ...backup, storage, home: directory, clock, random, log, metrics }))
}

/** The store as it is, ciphertext and all, for the administrators of the cluster and nobody else. */
async function openEtcd(
  { directory, hosts, clock, random, log }: ControlPlaneOptions,
  address: { readonly host: string; readonly port: number },
  storage: MemberStorage,
  { serving, authorityPem }: Pki,
): Promise<AsyncDisposable> {
  const { startEtcd } = await import("#etcd")
  const tls = { serving, authorityPem, organizations: self.groups }
  const advertisedHost = ["0.0.0.0", "::"].includes(address.host) ? hosts[0] : undefined
  const at = { ...address, advertisedHost, directory: join(directory, "store") }
  return startEtcd({ storage, ...at, tls, clock, random, log })
}

function startLoops(
  candidate: Pick<ElectedLoopsOptions, "clientAs" | "mandate" | "identity" | "precedence" | "apiServers">,
  { authorityPem, signRequest, tokens }: Pki,
  { name: nodeName, clock, random, log, metrics, traces }: ControlPlaneOptions,
): AsyncDisposable {
  return electLoops({
    ...candidate,
    nodeName,
    certificateAuthority: authorityPem,
    certificateSigner: { read: readSigningRequest, sign: signRequest },
    signSecretToken: tokens.signLegacy,
    clock,
    random,
    log,
    metrics,
    traces,
  })
}

/** As members say of themselves where clients reach them. */
function apiServersOf(cluster: Cluster): NonNullable<ElectedLoopsOptions["apiServers"]> {
  return {
    list: () =>
      cluster.members().flatMap(({ name, clientUrls: [clientUrl] }) => {
        if (clientUrl === undefined) return []
        const { hostname, port } = new URL(clientUrl)
        return [{ name, ip: hostname, port: Number(port) || httpsPort }]
      }),
    onChange: (listener) => cluster.onChange(listener),
  }
}

const httpsPort = 443

/** The same port is needed on every address and in objects, before anything listens. */
async function freePort(host: string | undefined): Promise<number> {
  const server = createTcpServer().listen(0, host)
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, "close")
  return port
}

function apiUrl({ hosts, nodeAddress, port }: Pick<ControlPlaneOptions, "hosts" | "nodeAddress" | "port">): string {
  return `https://${hostPort(hosts[0] ?? nodeAddress, port)}`
}

function apiAddress(
  { nodeAddress, port, serviceCidr }: ControlPlaneOptions,
  { member }: Pick<OpenedStore, "member">,
): Parameters<typeof bootstrapObjects>[0] {
  const shared = member !== undefined && member.cluster.members().length > 1
  return { ip: nodeAddress, port, clusterIp: firstAddress(serviceCidr), shared }
}

/** `10.235.0.0/16` → `10.235.0.1`, which is the API server's. */
function firstAddress(cidr: string): string {
  return cidr.replace(/\.\d+\/\d+$/, ".1")
}
