/** Where Go's names of fields are not the JSON ones with a capital. */
const goNames: Readonly<Record<string, string>> = {
  dnsConfig: "DNSConfig",
  dnsPolicy: "DNSPolicy",
  fsGroup: "FSGroup",
  grpc: "GRPC",
  hostIP: "HostIP",
  httpGet: "HTTPGet",
  httpHeaders: "HTTPHeaders",
  tcpSocket: "TCPSocket",
  tty: "TTY",
}

/** Fields of a revision's spec that are no pod's. */
const ownFields = ["containerConcurrency", "timeoutSeconds", "responseStartTimeoutSeconds", "idleTimeoutSeconds"]

/** What changed between two templates, as Knative prints it. */
export function templateDiff(before: object | undefined, after: object | undefined): string {
  const { spec: specBefore, ...restBefore } = (before ?? {}) as { spec?: object; metadata?: object }
  const { spec: specAfter, ...restAfter } = (after ?? {}) as { spec?: object; metadata?: object }
  const root = "{*v1.RevisionTemplateSpec}"
  return (
    diff(root, restBefore, restAfter).replaceAll(".Metadata.", ".ObjectMeta.") +
    specDiff(`${root}.Spec`, specBefore, specAfter)
  )
}

/** What changed between two specs of revisions. */
export function revisionDiff(before: object | undefined, after: object | undefined): string {
  return specDiff("{v1.RevisionSpec}", before, after)
}

function specDiff(root: string, before: object = {}, after: object = {}): string {
  const split = (spec: object): [pod: object, own: object] => {
    const isOwn = ([name]: [string, unknown]): boolean => ownFields.includes(name)
    const entries = Object.entries(spec)
    return [
      Object.fromEntries(entries.filter((entry) => !isOwn(entry))),
      Object.fromEntries(entries.filter((entry) => isOwn(entry))),
    ]
  }
  const [podBefore, ownBefore] = split(before)
  const [podAfter, ownAfter] = split(after)
  return diff(`${root}.PodSpec`, podBefore, podAfter) + diff(root, ownBefore, ownAfter)
}

/** One entry for each place where the two differ. */
function diff(path: string, before: unknown, after: unknown): string {
  if (before === after) return ""
  if (Array.isArray(before) && Array.isArray(after)) {
    const count = Math.max(before.length, after.length)
    return Array.from({ length: count }, (_, at) => diff(`${path}[${at}]`, before[at], after[at])).join("")
  }
  if (isObject(before) && isObject(after)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
    return names.map((name) => diff(`${path}${step(name)}`, before[name], after[name])).join("")
  }
  return `${path}:\n\t-: "${shown(before)}"\n\t+: "${shown(after)}"\n`
}

function step(name: string): string {
  if (!/^[a-z][A-Za-z0-9]*$/.test(name)) return `[${JSON.stringify(name)}]`
  return `.${goNames[name] ?? name[0]?.toUpperCase() + name.slice(1)}`
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return "<nil>"
  return typeof value === "object" ? JSON.stringify(value) : String(value)
}
