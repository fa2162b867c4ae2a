import { createSecureContext, type SecureContext } from "node:tls"
import type { Informer, Informers } from "@wick/sdk/controller"
import type { Log } from "@wick/sdk/log"
import type { IngressView } from "../cluster/ingress-view.ts"
import { WatchedTlsSecret } from "../cluster/watched-kinds.ts"
import { HostCertificates } from "./host-certificates.ts"

/**
 * Certificates of the hosts that Ingresses name them for. Secrets are watched from the moment that one does, and only those
 * of type kubernetes.io/tls: where nobody wants TLS, no Secret is ever read.
 */
export class CertificateWatch {
  readonly #informers: Informers
  readonly #changed: () => void
  readonly #certificates: HostCertificates<SecureContext>
  #secrets: Informer<typeof WatchedTlsSecret> | undefined

  /** `changed` is called when certificates may be there that were not. */
  constructor(informers: Informers, log: Log, changed: () => void) {
    this.#informers = informers
    this.#changed = changed
    this.#certificates = new HostCertificates({
      secretOf: (namespace, name) => this.#secrets?.get(name, namespace),
      open: (cert, key) => createSecureContext({ cert, key, minVersion: "TLSv1.2" }),
      unusable: (secret, error) => log.warn("a certificate cannot be used", { secret, error: error.message }),
    })
  }

  put(ingress: IngressView): void {
    this.#certificates.put(ingress)
    if (this.#certificates.isWanted) this.#watch()
  }

  remove(ingress: IngressView): void {
    this.#certificates.remove(ingress)
  }

  /** Resolves when the Secrets that are wanted by now have been listed. */
  async synced(): Promise<void> {
    await this.#secrets?.synced
  }

  isComplete(ingress: string): boolean {
    return this.#certificates.isComplete(ingress)
  }

  contextOf(host: string): SecureContext | undefined {
    return this.#certificates.contextOf(host)
  }

  #watch(): void {
    if (this.#secrets) return
    this.#secrets = this.#informers(WatchedTlsSecret, { fieldSelector: { type: "kubernetes.io/tls" }, trim: trimmed })
    this.#secrets.onChange(() => this.#changed())
  }
}

/** Neither labels nor whatever else lies in there. */
function trimmed({
  metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
  data,
  ...kind
}: Secret): Secret {
  const { "tls.crt": certificate = "", "tls.key": key = "" } = data ?? {}
  const metadata = { name, namespace, uid, resourceVersion, creationTimestamp }
  return { ...kind, metadata, data: { "tls.crt": certificate, "tls.key": key } } as Secret
}

type Secret = import("../cluster/watched-kinds.ts").WatchedTlsSecret
