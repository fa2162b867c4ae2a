import { readFileSync } from "node:fs"
import { createSecureContext, getCACertificates, type SecureContext } from "node:tls"
import type { Dispatcher } from "undici"
import { type ProxyEnvironment, proxyFor } from "./proxy-environment.ts"

export interface RegistryTransport extends AsyncDisposable {
  readonly fetch: typeof fetch
}

/** Failures of TLS that other authorities may mend. */
const untrusted = [
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]

/**
 * A `fetch` that goes through the proxy that the environment names, as image pulls do, and also trusts this machine's
 * authorities and those of `authorityFiles` (PEM). They are read, and cost memory, only when a registry shows a certificate
 * that the ones that come with Node do not vouch for.
 */
export function registryTransport(
  authorityFiles: readonly string[],
  env: ProxyEnvironment = process.env,
): RegistryTransport {
  let trust: SecureContext | undefined
  const dispatchers = new Map<string, Promise<Dispatcher>>()
  const dispatcherFor = (proxy: string | undefined): Promise<Dispatcher> => {
    const key = `${trust ? "trusting" : ""} ${proxy ?? ""}`
    const found = dispatchers.get(key) ?? openDispatcher(proxy, trust)
    dispatchers.set(key, found)
    return found
  }
  const send: typeof fetch = async (input, init) => {
    const proxy = proxyFor(new URL(input instanceof Request ? input.url : input), env)
    if (trust === undefined && proxy === undefined) return fetch(input, init)
    return fetch(input, { ...init, dispatcher: await dispatcherFor(proxy) } as object)
  }
  return {
    fetch: async (input, init) => {
      const hadTrust = trust !== undefined
      try {
        return await send(input, init)
      } catch (error) {
        if (hadTrust || !untrusted.includes(codeOf(error))) throw error
        trust ??= trustOf(authorityFiles)
        return send(input, init)
      }
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...dispatchers.values()].map(async (dispatcher) => (await dispatcher).close()))
    },
  }
}

function codeOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause as { code?: string } | undefined) : undefined
  return cause?.code ?? ""
}

/** Through a proxy, what is trusted is who is behind it. */
async function openDispatcher(proxy: string | undefined, trust: SecureContext | undefined): Promise<Dispatcher> {
  const tls = trust && { secureContext: trust }
  if (proxy === undefined) {
    const { default: Agent } = await import("undici/lib/dispatcher/agent.js")
    return new Agent({ connect: (tls ?? {}) as object })
  }
  const { ProxyAgent } = await import("undici")
  // Proxies lead tunnels to ports of TLS only: what is plain is asked of them as it is.
  return new ProxyAgent({ uri: proxy, proxyTunnel: false, ...(tls && { requestTls: tls as object }) })
}

function trustOf(authorityFiles: readonly string[]): SecureContext {
  const own = authorityFiles.map((file) => readFileSync(file, "utf8"))
  const known = (["bundled", "system", "extra"] as const).flatMap((kind) => getCACertificates(kind))
  return createSecureContext({ ca: [...known, ...own] })
}
