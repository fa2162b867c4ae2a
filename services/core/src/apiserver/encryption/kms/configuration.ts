/** A provider in an EncryptionConfiguration: a process on this machine that speaks to where keys are kept. */
export interface KmsConfiguration {
  readonly apiVersion?: string
  /** Stands in every value, and must stay. */
  readonly name: string
  /** `unix:///var/run/kms.sock` */
  readonly endpoint: string
  /** How long a call may take: `3s`. */
  readonly timeout?: string
  readonly cachesize?: number
}

const timeoutDefaultMs = 3_000
const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 }

/** What is wrong with a provider, in Kubernetes' words; undefined: nothing. `names`: those that others have. */
export function kmsMistake(kms: KmsConfiguration, path: string, names: ReadonlySet<string>): string | undefined {
  const { apiVersion = "v1", name = "", endpoint = "", timeout, cachesize } = kms
  const invalid = (field: string, value: unknown, detail: string): string =>
    `${path}.${field}: Invalid value: ${JSON.stringify(value)}: ${detail}`
  if (apiVersion !== "v2") {
    return invalid(
      "apiVersion",
      apiVersion,
      `unsupported apiVersion ${apiVersion} for KMS provider, only v2 is supported`,
    )
  }
  if (name === "") return `${path}.name: Required value: name is a mandatory field for a KMS provider`
  if (name.includes(":")) return invalid("name", name, `invalid KMS provider name ${name}, must not contain ':'`)
  if (names.has(name)) return invalid("name", name, `duplicate KMS provider name ${name}, names must be unique`)
  if (endpoint === "") return `${path}.endpoint: Required value: endpoint is a mandatory field for a KMS provider`
  const [scheme = ""] = endpoint.split(":")
  if (scheme !== "unix") {
    return invalid("endpoint", endpoint, `unsupported scheme "${scheme}" for KMS provider, only unix is supported`)
  }
  if (!/^unix:\/\/[/@]./.test(endpoint)) return invalid("endpoint", endpoint, "must be unix:///PATH or unix://@NAME")
  if (!(timeoutMs(timeout) > 0)) return invalid("timeout", timeout, "timeout should be a positive value")
  if (cachesize) return invalid("cachesize", cachesize, "cachesize is not supported in v2")
  return undefined
}

/** Of `3s`, `500ms`, `1m30s`; NaN: it is none. */
export function timeoutMs(text: string | undefined): number {
  if (text === undefined) return timeoutDefaultMs
  if (!/^(\d+(\.\d+)?(ms|s|m))+$/.test(text)) return Number.NaN
  const parts = text.matchAll(/([\d.]+)(ms|s|m)/g)
  return [...parts].reduce((sum, [, amount, unit = ""]) => sum + Number(amount) * (units[unit] ?? 0), 0)
}
