/** Whom a request for a certificate names. */
export interface RequestedSubject {
  readonly commonName: string
  readonly organizations: readonly string[]
  readonly dns: readonly string[]
  readonly ip: readonly string[]
  readonly email: readonly string[]
  readonly uri: readonly string[]
}

/** What a signer looks at. */
export interface Asked {
  readonly subject: RequestedSubject
  readonly usages: readonly string[]
  readonly username: string | undefined
}

/** What keeps a signer from issuing a certificate; undefined when nothing does. */
export type SignerRule = (asked: Asked) => string | undefined

const nodesGroup = "system:nodes"
const nodePrefix = "system:node:"
const keyUses = ["digital signature", "key encipherment"]

/** Signers of the cluster's authority. Others have signers elsewhere, and are left to them. */
export const signers: ReadonlyMap<string, SignerRule> = new Map([
  ["kubernetes.io/kube-apiserver-client", clientMistake],
  ["kubernetes.io/kube-apiserver-client-kubelet", nodeClientMistake],
  ["kubernetes.io/kubelet-serving", nodeServingMistake],
])

function clientMistake({ usages }: Asked): string | undefined {
  return usagesMistake(usages, ["client auth"], [...keyUses, "client auth"])
}

/** Also the rule of who is a node at all, for approval. */
export function nodeClientMistake({ subject, usages }: Asked): string | undefined {
  const alternatives = { DNS: subject.dns, email: subject.email, IP: subject.ip, URI: subject.uri }
  const given = Object.entries(alternatives).find(([, names]) => names.length > 0)
  return (
    nodeMistake(subject) ??
    (given && `${given[0]} subjectAltNames are not allowed`) ??
    usagesMistake(usages, ["client auth", "digital signature"], [...keyUses, "client auth"])
  )
}

function nodeServingMistake({ subject, usages, username }: Asked): string | undefined {
  const mistake = nodeMistake(subject)
  if (mistake) return mistake
  if (subject.dns.length + subject.ip.length === 0) return "DNS or IP subjectAltName is required"
  if (subject.email.length > 0) return "email subjectAltNames are not allowed"
  if (subject.uri.length > 0) return "URI subjectAltNames are not allowed"
  if (username !== subject.commonName) return "requestor is not the node that the subject names"
  return usagesMistake(usages, ["server auth", "digital signature"], [...keyUses, "server auth"])
}

function nodeMistake({ commonName, organizations }: RequestedSubject): string | undefined {
  if (organizations.length !== 1 || organizations[0] !== nodesGroup) return `subject organization is not ${nodesGroup}`
  const isNode = commonName.startsWith(nodePrefix) && commonName.length > nodePrefix.length
  return isNode ? undefined : `subject common name does not begin with ${nodePrefix}`
}

function usagesMistake(
  usages: readonly string[],
  needed: readonly string[],
  allowed: readonly string[],
): string | undefined {
  const fits = needed.every((usage) => usages.includes(usage)) && usages.every((usage) => allowed.includes(usage))
  return fits ? undefined : `usages did not match [${allowed.join(" ")}]`
}
