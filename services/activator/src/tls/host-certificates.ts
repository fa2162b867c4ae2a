import { hostName } from "../cluster/host-name.ts"
import { type IngressView, ingressKey, isOurs } from "../cluster/ingress-view.ts"

/** What is read of a Secret of type kubernetes.io/tls. */
export interface TlsSecretView {
  readonly data?: Readonly<Record<string, string>> | undefined
}

export interface HostCertificatesOptions<Context> {
  /** The Secret as it is now. The same object as long as it has not changed. */
  secretOf(namespace: string, name: string): TlsSecretView | undefined
  /** Makes of PEM texts what a handshake needs. Throws when they are not what they should be. */
  open(certificatePem: string, keyPem: string): Context
  /** Told once of each Secret that cannot be used as it is. */
  unusable(secret: string, error: Error): void
}

/** What an Ingress says of a host's certificate. */
interface Claim {
  readonly ingress: string
  /** Of several Ingresses with one host the oldest serves it. */
  readonly order: string
  readonly secret: SecretName
}

interface SecretName {
  readonly namespace: string
  readonly name: string
}

interface Held {
  readonly uid: string
  readonly generation: number | undefined
  readonly hosts: readonly string[]
  readonly secrets: readonly SecretName[]
}

interface Opened<Context> {
  readonly secret: TlsSecretView
  /** Undefined: it cannot be used. */
  readonly context: Context | undefined
}

/** Opened certificates that are kept: each takes some tens of kilobytes. Who is not among them is opened anew. */
const openedMax = 1_000

/**
 * Host → certificate, by the Secrets that Ingresses name. A Secret that changes is seen by the next handshake;
 * connections that are there already go on with what they began with.
 */
export class HostCertificates<Context> {
  readonly #options: HostCertificatesOptions<Context>
  readonly #hosts = new Map<string, Claim[]>()
  readonly #held = new Map<string, Held>()
  /** By Secret, the least recently used first. */
  readonly #opened = new Map<string, Opened<Context>>()

  constructor(options: HostCertificatesOptions<Context>) {
    this.#options = options
  }

  /** Whether any Ingress names a certificate. */
  get isWanted(): boolean {
    return this.#hosts.size > 0
  }

  contextOf(host: string): Context | undefined {
    const claim = this.#hosts.get(hostName(host))?.[0]
    return claim && this.#open(claim.secret)
  }

  /** Whether all certificates of an Ingress can be served. */
  isComplete(ingress: string): boolean {
    return this.#held.get(ingress)?.secrets.every((secret) => this.#open(secret) !== undefined) ?? true
  }

  put(ingress: IngressView): void {
    const key = ingressKey(ingress)
    const { uid, generation } = ingress.metadata
    const held = this.#held.get(key)
    // Only its status has changed.
    if (held !== undefined && held.uid === uid && generation !== undefined && held.generation === generation) return
    this.remove(ingress)
    const { tls = [], rules = [] } = ingress.spec ?? {}
    if (tls.length === 0 || !isOurs(ingress)) return
    const order = `${ingress.metadata.creationTimestamp ?? ""} ${key}`
    const hosts: string[] = []
    const secrets: SecretName[] = []
    for (const { hosts: named, secretName, secretNamespace } of tls) {
      if (!secretName) continue
      const secret = { namespace: secretNamespace ?? ingress.metadata.namespace ?? "default", name: secretName }
      secrets.push(secret)
      // Without hosts it is for all that the Ingress serves.
      const given = named?.length ? named : rules.flatMap((rule) => rule.hosts ?? [])
      for (const host of given.map(hostName)) {
        hosts.push(host)
        const claims = (this.#hosts.get(host) ?? []).filter((claim) => claim.ingress !== key)
        const all = [...claims, { ingress: key, order, secret }]
        this.#hosts.set(
          host,
          all.toSorted((one, other) => (one.order < other.order ? -1 : 1)),
        )
      }
    }
    this.#held.set(key, { uid, generation, hosts, secrets })
  }

  remove(ingress: IngressView): void {
    const key = ingressKey(ingress)
    const held = this.#held.get(key)
    for (const { namespace, name } of held?.secrets ?? []) this.#opened.delete(`${namespace}/${name}`)
    for (const host of held?.hosts ?? []) {
      const left = (this.#hosts.get(host) ?? []).filter((claim) => claim.ingress !== key)
      if (left.length > 0) this.#hosts.set(host, left)
      else this.#hosts.delete(host)
    }
    this.#held.delete(key)
  }

  #open({ namespace, name }: SecretName): Context | undefined {
    const secret = this.#options.secretOf(namespace, name)
    const key = `${namespace}/${name}`
    const known = this.#opened.get(key)
    // A Secret that is taken away for a moment is no reason to turn clients away.
    if (secret === undefined) return known?.context
    this.#opened.delete(key)
    const opened = known?.secret === secret ? known : { secret, context: this.#read(key, secret) }
    this.#opened.set(key, opened)
    if (this.#opened.size > openedMax) this.#opened.delete(this.#opened.keys().next().value ?? "")
    return opened.context
  }

  #read(key: string, { data = {} }: TlsSecretView): Context | undefined {
    const text = (entry: string): string => Buffer.from(data[entry] ?? "", "base64").toString()
    try {
      return this.#options.open(text("tls.crt"), text("tls.key"))
    } catch (error) {
      this.#options.unusable(key, error as Error)
      return undefined
    }
  }
}
