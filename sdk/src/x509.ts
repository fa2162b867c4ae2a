/** What whoever makes certificates needs beside the library: its loading, keys as PEM, and how long something is good. */
import { webcrypto } from "node:crypto"

/** Of all keys that are made here, and of what they sign. */
export const keyAlgorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" }
/** Hosts that talk to each other differ in their clocks; a certificate made this moment is good on all of them. */
const clockSkewMs = 5 * 60_000

/**
 * The X.509 library is large and needed only on the days on which a certificate is made, so it is loaded then. It wants
 * the metadata polyfill to be there before it.
 */
export async function loadX509(): Promise<typeof import("@peculiar/x509")> {
  await import("reflect-metadata")
  const x509 = await import("@peculiar/x509")
  x509.cryptoProvider.set(webcrypto as unknown as Crypto)
  return x509
}

export interface Validity {
  readonly nowMs: number
  readonly lifetimeMs: number
}

export function period({ nowMs, lifetimeMs }: Validity): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(nowMs - clockSkewMs), notAfter: new Date(nowMs + lifetimeMs) }
}

export async function generateKeys(): Promise<{ publicKey: CryptoKey; privateKey: CryptoKey }> {
  return webcrypto.subtle.generateKey(keyAlgorithm, true, ["sign", "verify"])
}

/** PEM of PKCS #8. It goes into no log and no error. */
export async function exportKey(key: CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", key as webcrypto.CryptoKey))
  const lines = der.toString("base64").match(/.{1,64}/g) ?? []
  return `-----BEGIN PRIVATE KEY-----\n${lines.join("\n")}\n-----END PRIVATE KEY-----\n`
}

export async function importKey(pem: string): Promise<CryptoKey> {
  const der = Buffer.from(pem.replace(/-----[A-Z ]+-----|\s/g, ""), "base64")
  return (await webcrypto.subtle.importKey("pkcs8", der, keyAlgorithm, false, ["sign"])) as CryptoKey
}
