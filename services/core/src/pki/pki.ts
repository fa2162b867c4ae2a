import { hkdfSync } from "node:crypto"
import { join } from "node:path"
import type { Clock } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import { createAuthority, issueCertificate } from "./authority.ts"
import { type Credential, canonicalName, isPair, readCertificate, type Subject } from "./certificate.ts"
import { rotationOf } from "./rotation.ts"
import { makeSecretDirectory, readSecretFile, writeSecretFile } from "./secret-file.ts"
import { type SigningOrder, signRequest } from "./signing-request.ts"
import { createTokenAuthority, generateTokenKey, type TokenAuthority } from "./token.ts"

export interface PkiOptions {
  /** Made if it is not there: `$WICK_HOME/pki`. */
  readonly directory: string
  /** DNS names and addresses that the API server answers to, beside this host's own and the cluster's. */
  readonly serverNames: readonly string[]
  /** Domain of the cluster's DNS: `cluster.local`. */
  readonly clusterDomain: string
  readonly clock: Clock
  readonly log: Log
}

export interface Pki {
  readonly authorityPem: string
  /** The API server's certificate. */
  readonly serving: Credential
  /** The administrator's: user `kubernetes-admin`, group `system:masters`. */
  readonly admin: Credential
  readonly tokens: TokenAuthority
  /** By which extension servers know that a request came through the API server, and who it is from. */
  readonly frontProxy: FrontProxy
  /** A client certificate for another user, of which no copy is kept. */
  issueClient(user: string, groups: readonly string[], lifetimeMs?: number): Promise<Credential>
  /** The certificate, PEM, that somebody's own request asks for. Whether they may have it is for the caller to know. */
  signRequest(order: SigningOrder): Promise<string>
  /** A client certificate for another part of the platform, kept in the directory under `file` and rotated at starts. */
  client(file: string, user: string, groups: readonly string[]): Promise<Credential>
  /** A serving certificate for another part of the platform, kept in the directory under `file` and rotated alike. */
  serve(file: string, names: readonly string[]): Promise<Credential>
  /** What members of the store know each other by; the name is that of this host's member. Made when first asked for. */
  peer(name: string): Promise<PeerCredential>
  /** 32 bytes that all hosts of the cluster can derive and nobody else can, another for each purpose. */
  sharedSecret(purpose: string): Uint8Array
}

export interface PeerCredential extends Credential {
  /** An authority that signs certificates of members and nothing else: no client of the API passes for one. */
  readonly authorityPem: string
}

export interface FrontProxy {
  /** An authority that signs nothing else: whoever it vouches for may speak for anybody. */
  readonly authorityPem: string
  readonly client: Credential
}

const sharedSecretSize = 32

/** Common name of the API server's certificate as a front proxy. */
export const frontProxyName = "front-proxy-client"

/**
 * Opens the directory of keys: makes what is missing, replaces what is about to expire, keeps the rest.
 *
 *     ca.crt ca.key           the authority; whoever has ca.key can be anyone
 *     apiserver.crt .key      serving certificate of the API server
 *     admin.crt .key          client certificate of the administrator
 *     service-account.key     signs the tokens of service accounts
 *     front-proxy-ca.crt .key the authority that extension servers believe who a request is from
 *     front-proxy-client.*    the API server's certificate of it
 *     peer-ca.crt .key        the authority that members of the store believe; with the first peer
 *     peer.crt .key           this member's certificate of it
 */
export async function openPki(options: PkiOptions): Promise<Pki> {
  const { directory, clock, log } = options
  await makeSecretDirectory(directory)
  const authority = await openAuthority("ca", "wick-ca", options)
  const proxyAuthority = await openAuthority("front-proxy-ca", "wick-front-proxy-ca", options)
  const keep = (file: string, subject: Subject): Promise<Credential> =>
    openCredential(file, subject, authority, options)
  const tokenKey = await openTokenKey(directory, log)
  return {
    authorityPem: authority.certificatePem,
    serving: await keep("apiserver", servingSubject("kube-apiserver", serverNames(options))),
    admin: await keep("admin", clientSubject("kubernetes-admin", ["system:masters"])),
    frontProxy: {
      authorityPem: proxyAuthority.certificatePem,
      client: await openCredential(frontProxyName, clientSubject(frontProxyName, []), proxyAuthority, options),
    },
    tokens: createTokenAuthority(`https://kubernetes.default.svc.${options.clusterDomain}`, [tokenKey]),
    issueClient: (user, groups, lifetimeMs) =>
      issueCertificate(authority, clientSubject(user, groups), clock.now(), lifetimeMs),
    signRequest: (order) => signRequest(authority, order, clock.now()),
    client: (file, user, groups) => keep(file, clientSubject(user, groups)),
    serve: (file, names) => keep(file, servingSubject(file, names)),
    sharedSecret: (purpose) =>
      new Uint8Array(hkdfSync("sha256", authority.privateKeyPem, "", purpose, sharedSecretSize)),
    peer: async (name) => {
      const peers = await openAuthority("peer-ca", "wick-peer-ca", options)
      const subject = { commonName: name, organizations: [], use: "peer", names: [] } as const
      return { ...(await openCredential("peer", subject, peers, options)), authorityPem: peers.certificatePem }
    },
  }
}

async function openAuthority(
  file: string,
  commonName: string,
  { directory, clock, log }: PkiOptions,
): Promise<Credential> {
  const found = await readCredential(directory, file)
  if (found !== undefined && isPair(found)) return found
  // To make another one would lock out every client of the first: that is for a person to decide.
  if ((await readSecretFile(join(directory, `${file}.crt`))) !== undefined) {
    const key = join(directory, `${file}.key`)
    throw new Error(`${key} is missing or belongs to another ${file}.crt: restore it, or remove both`)
  }
  log.info("made a certificate authority", { directory, file })
  return writeCredential(directory, file, await createAuthority(commonName, clock.now()))
}

async function openCredential(
  file: string,
  subject: Subject,
  authority: Credential,
  { directory, clock, log }: PkiOptions,
): Promise<Credential> {
  const read = await readCredential(directory, file)
  const found = read && isPair(read) ? read : undefined
  const facts = found && readCertificate(found.certificatePem, authority.certificatePem)
  const rotation = rotationOf(facts, subject, clock.now())
  if (found !== undefined && rotation.kind === "keep") return found
  log.info("issued a certificate", { file, because: rotation.kind === "issue" ? rotation.because : "missing" })
  return writeCredential(directory, file, await issueCertificate(authority, subject, clock.now()))
}

async function openTokenKey(directory: string, log: Log): Promise<string> {
  const path = join(directory, "service-account.key")
  const found = await readSecretFile(path)
  if (found !== undefined) return found
  const made = generateTokenKey()
  await writeSecretFile(path, made)
  log.info("made a key for service account tokens", { directory })
  return made
}

async function readCredential(directory: string, file: string): Promise<Credential | undefined> {
  const certificatePem = await readSecretFile(join(directory, `${file}.crt`))
  const privateKeyPem = await readSecretFile(join(directory, `${file}.key`))
  return certificatePem && privateKeyPem ? { certificatePem, privateKeyPem } : undefined
}

/** Two files cannot be replaced as one: a crash between them leaves halves that do not match, and a new pair is made. */
async function writeCredential(directory: string, file: string, credential: Credential): Promise<Credential> {
  await writeSecretFile(join(directory, `${file}.key`), credential.privateKeyPem)
  await writeSecretFile(join(directory, `${file}.crt`), credential.certificatePem)
  return credential
}

function serverNames({ serverNames: names, clusterDomain }: PkiOptions): string[] {
  const service = ["kubernetes", "default", "svc", ...clusterDomain.split(".")]
  const inCluster = [1, 2, 3, service.length].map((length) => service.slice(0, length).join("."))
  return [...new Set(["localhost", "127.0.0.1", "::1", ...inCluster, ...names].map(canonicalName))]
}

function servingSubject(commonName: string, names: readonly string[]): Subject {
  return { commonName, organizations: [], use: "serving", names: names.map(canonicalName) }
}

function clientSubject(commonName: string, organizations: readonly string[]): Subject {
  return { commonName, organizations, use: "client", names: [] }
}
