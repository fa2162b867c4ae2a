import type { EndpointSlice, Service } from "@wick/sdk/api"
import type { Answer, Question } from "dns-packet"
import { dashed, type Member, members } from "./members.ts"

/** What is known of the cluster; a rim keeps it live. */
export interface ClusterNames {
  service(namespace: string, name: string): Service | undefined
  slices(namespace: string, service: string): readonly EndpointSlice[]
  /** Services whose cluster address or member this is. */
  servicesAt(address: string): readonly Service[]
  hasNamespace(namespace: string): boolean
  /** Name of the service that a name outside the zone stands for. */
  standsFor(name: string): string | undefined
}

/**
 * What the cluster's zone says to a question.
 * - `records`: the answer, and what the asker will ask next;
 * - `alias`: the name stands for another one, which is to be looked up in its place;
 * - `empty`: the name exists, but has nothing of this type;
 * - `no-such-name`: and nothing below it either;
 * - `foreign`: the name lies outside the zone.
 */
export type ClusterAnswer =
  | { readonly kind: "records"; readonly answers: Answer[]; readonly additionals: Answer[] }
  | { readonly kind: "alias"; readonly record: Answer; readonly target: string }
  | { readonly kind: "empty" }
  | { readonly kind: "no-such-name" }
  | { readonly kind: "foreign" }

/** Seconds that an answer may be kept: cluster addresses do not move, pods come and go. */
const ttlOfService = 30
const ttlOfPods = 5
/** Version of the naming scheme that Kubernetes publishes for its DNS. */
const schemaVersion = "1.1.0"

const empty: ClusterAnswer = { kind: "empty" }
const noSuchName: ClusterAnswer = { kind: "no-such-name" }
const foreign: ClusterAnswer = { kind: "foreign" }

/**
 * Names, below the zone (`cluster.local`):
 *
 *     svc.namespace.svc                   a service
 *     member.svc.namespace.svc            a pod of a headless service, by host name or dashed address
 *     _port._protocol.svc.namespace.svc   SRV: a port of a service
 *     10-234-0-5.namespace.pod            a pod's address
 *
 * and those outside that stand for a service of the cluster.
 */
export function answerFromCluster(question: Question, zone: string, names: ClusterNames): ClusterAnswer {
  const name = question.name.toLowerCase()
  if (name.endsWith(".in-addr.arpa")) return reverse(question, zone, names)
  if (name === zone) return empty
  if (!name.endsWith(`.${zone}`)) {
    const target = names.standsFor(name)
    return target === undefined ? foreign : alias(question, target)
  }
  const labels = name.slice(0, -zone.length - 1).split(".")
  if (labels.length === 1 && labels[0] === "dns-version") {
    return question.type === "TXT" ? records([record(question, "TXT", schemaVersion, ttlOfService)]) : empty
  }
  const kind = labels.pop()
  const namespace = labels.pop()
  if (kind !== "svc" && kind !== "pod") return noSuchName
  if (namespace === undefined) return empty
  if (labels.length === 0) return names.hasNamespace(namespace) ? empty : noSuchName
  return kind === "pod" ? pod(question, labels) : service(question, zone, labels, namespace, names)
}

function pod(question: Question, labels: readonly string[]): ClusterAnswer {
  const address = labels.length === 1 ? labels[0]?.replaceAll("-", ".") : undefined
  if (!address || !/^\d{1,3}(\.\d{1,3}){3}$/.test(address)) return noSuchName
  return question.type === "A" ? records([record(question, "A", address, ttlOfPods)]) : empty
}

function service(
  question: Question,
  zone: string,
  labels: readonly string[],
  namespace: string,
  names: ClusterNames,
): ClusterAnswer {
  const found = names.service(namespace, labels.at(-1) ?? "")
  if (!found) return noSuchName
  const host = `${found.metadata.name}.${namespace}.svc.${zone}`
  const below = labels.slice(0, -1)
  if (found.spec.type === "ExternalName") {
    const target = found.spec.externalName ?? ""
    if (below.length > 0 || target === "") return noSuchName
    return alias(question, target)
  }
  const all = isHeadless(found) ? members(names.slices(namespace, found.metadata.name)) : []
  if (below.length === 0) return wholeService(question, host, found, all)
  if (below.length === 1) return underService(question, below[0] ?? "", host, found, all)
  if (below.length > 2) return noSuchName
  const [port = "", protocol = ""] = below
  const targets = portTargets(host, found, all, port.slice(1), protocol.slice(1))
  if (!port.startsWith("_") || !protocol.startsWith("_") || targets.length === 0) return noSuchName
  return question.type === "SRV" ? srv(question, targets) : empty
}

function wholeService(question: Question, host: string, found: Service, all: readonly Member[]): ClusterAnswer {
  if (isHeadless(found) && all.length === 0) return noSuchName
  if (question.type === "SRV") return srv(question, portTargets(host, found, all))
  if (question.type !== "A") return empty
  if (!isHeadless(found)) return records([record(question, "A", found.spec.clusterIP ?? "", ttlOfService)])
  return records(
    distinct(all.map(({ address }) => address)).map((address) => record(question, "A", address, ttlOfPods)),
  )
}

/** A member of a headless service, or the half of a port's name (`_tcp.hello…`), which exists without having anything. */
function underService(
  question: Question,
  label: string,
  host: string,
  found: Service,
  all: readonly Member[],
): ClusterAnswer {
  if (label.startsWith("_")) {
    const known = portTargets(host, found, all).some(({ protocol }) => `_${protocol}` === label)
    return known ? empty : noSuchName
  }
  const addresses = distinct(all.filter((member) => member.label === label).map(({ address }) => address))
  if (addresses.length === 0) return noSuchName
  if (question.type !== "A") return empty
  return records(addresses.map((address) => record(question, "A", address, ttlOfPods)))
}

interface PortTarget {
  readonly protocol: string
  readonly port: number
  readonly host: string
  readonly address: string
}

/** Where a port of the service is to be found; absent `name` and `protocol`: every port. */
function portTargets(
  host: string,
  found: Service,
  all: readonly Member[],
  name?: string,
  protocol?: string,
): PortTarget[] {
  const wanted = (port: { name?: string | undefined; protocol: string }): boolean =>
    (name === undefined || (port.name ?? "") === name) &&
    (protocol === undefined || port.protocol.toLowerCase() === protocol)
  if (isHeadless(found)) {
    return all.flatMap(({ label, address, ports }) =>
      ports
        .filter(wanted)
        .map((port) => ({ protocol: port.protocol.toLowerCase(), port: port.port, host: `${label}.${host}`, address })),
    )
  }
  const address = found.spec.clusterIP ?? ""
  return (found.spec.ports ?? [])
    .filter(wanted)
    .map((port) => ({ protocol: port.protocol.toLowerCase(), port: port.port, host, address }))
}

function srv(question: Question, targets: readonly PortTarget[]): ClusterAnswer {
  if (targets.length === 0) return empty
  const weight = Math.max(1, Math.floor(100 / targets.length))
  const answers = targets.map(({ port, host }) => ({
    ...record(question, "SRV", "", ttlOfPods),
    data: { priority: 0, weight, port, target: host },
  }))
  const hosts = new Map(targets.map(({ host, address }) => [host, address]))
  const additionals = [...hosts].map(([name, data]) => ({ name, type: "A", ttl: ttlOfPods, data }))
  return records(answers, additionals)
}

/** `5.0.234.10.in-addr.arpa` → the service that has the address 10.234.0.5. */
function reverse(question: Question, zone: string, names: ClusterNames): ClusterAnswer {
  const address = question.name.toLowerCase().slice(0, -".in-addr.arpa".length).split(".").reverse().join(".")
  const hosts = names.servicesAt(address).flatMap((found) => {
    const { name, namespace = "" } = found.metadata
    const host = `${name}.${namespace}.svc.${zone}`
    if (!isHeadless(found)) return [host]
    const member = members(names.slices(namespace, name)).find((one) => one.address === address)
    return [`${member?.label ?? dashed(address)}.${host}`]
  })
  if (hosts.length === 0) return foreign
  if (question.type !== "PTR") return empty
  return records(hosts.map((host) => record(question, "PTR", host, ttlOfPods)))
}

function alias(question: Question, target: string): ClusterAnswer {
  return { kind: "alias", record: record(question, "CNAME", target, ttlOfService), target }
}

function isHeadless({ spec }: Service): boolean {
  return spec.clusterIP === undefined || spec.clusterIP === "" || spec.clusterIP === "None"
}

function record(question: Question, type: string, data: string, ttl: number): Answer {
  return { name: question.name, type, ttl, data }
}

function records(answers: Answer[], additionals: Answer[] = []): ClusterAnswer {
  return { kind: "records", answers, additionals }
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort()
}
