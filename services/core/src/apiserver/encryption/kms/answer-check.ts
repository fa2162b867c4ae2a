import type { KmsStatus, Wrapped } from "./messages.ts"

/** Bounds that Kubernetes sets to what is stored with every value. */
const keyIdBytesMax = 1024
const wrappedBytesMax = 1024
const annotationsBytesMax = 32 * 1024
const domainName = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+$/

/** Why a provider's word about itself does not do; undefined: it does. */
export function mistakeOfStatus({ version, health, keyId }: KmsStatus): string | undefined {
  if (version !== "v2" && version !== "v2beta1") {
    return `unsupported version: expected one of v2, v2beta1, got ${JSON.stringify(version)}`
  }
  if (health !== "ok") return `the provider says that it is not well: ${JSON.stringify(health)}`
  return mistakeOfKeyId(keyId)
}

/** Why a wrapped seed cannot be stored. */
export function mistakeOfWrapped({ ciphertext, keyId, annotations }: Wrapped, expected: string): string | undefined {
  if (ciphertext.length === 0) return "the provider's ciphertext is empty"
  if (ciphertext.length > wrappedBytesMax) {
    return `the provider's ciphertext is ${ciphertext.length} bytes, more than ${wrappedBytesMax}`
  }
  const entries = Object.entries(annotations)
  const wrong = entries.find(([key]) => !domainName.test(key))
  if (wrong) return `the provider's annotation ${JSON.stringify(wrong[0])} must be a fully qualified domain name`
  const bytes = entries.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + value.length, 0)
  if (bytes > annotationsBytesMax) {
    return `the provider's annotations are ${bytes} bytes, more than ${annotationsBytesMax}`
  }
  const mistake = mistakeOfKeyId(keyId)
  if (mistake) return mistake
  return keyId === expected ? undefined : "the provider's key has changed meanwhile"
}

function mistakeOfKeyId(keyId: string): string | undefined {
  if (keyId === "") return "the provider's key_id is empty"
  if (Buffer.byteLength(keyId) > keyIdBytesMax) return `the provider's key_id is longer than ${keyIdBytesMax} bytes`
  return undefined
}
