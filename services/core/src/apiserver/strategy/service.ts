import { StatusError } from "@wick/sdk/api/meta/status-error"
import { isWithin, serviceChangeMistakes, serviceMistakes } from "./service-mistakes.ts"
import type { Strategy } from "./strategy.ts"

export interface ServiceView {
  metadata: { name: string; uid?: string }
  spec: {
    type?: string
    clusterIP?: string
    clusterIPs?: string[]
    ipFamilies?: string[]
    ipFamilyPolicy?: string
    externalName?: string
    ports?: {
      name?: string
      protocol?: string
      port: number
      targetPort?: number | string
      nodePort?: number
      appProtocol?: string
    }[]
    selector?: Record<string, string>
    sessionAffinity?: string
    sessionAffinityConfig?: { clientIP?: { timeoutSeconds?: number } }
    externalIPs?: string[]
    externalTrafficPolicy?: string
    internalTrafficPolicy?: string
    loadBalancerClass?: string
    allocateLoadBalancerNodePorts?: boolean
  }
}

/** Three hours, as Kubernetes has it. */
const stickySecondsDefault = 10_800
const nodePortMin = 30_000
const nodePortMax = 32_767
/** As many as Kubernetes leaves to Services that ask by number. */
const nodePortsForWishes = 86

/** A set, or the keys of a map. */
type Holding<Value> = Pick<ReadonlySet<Value>, "has">

/**
 * Addresses of Services, each given once: those that are stored, and those that a write in flight has taken.
 */
export interface AddressBook {
  /** Resolves when `used` knows of every write that was answered. */
  fresh(): Promise<void>
  /** Cluster addresses and node ports that stored Services have. */
  used(): { readonly addresses: Holding<string>; readonly nodePorts: Holding<number> }
  /** First address, and how many there are. */
  readonly first: number
  readonly count: number
}

export function serviceStrategy(book: AddressBook): Strategy {
  const inFlight = new Set<string | number>()
  const take = <Value extends string | number>(value: Value, taken: (string | number)[]): Value => {
    inFlight.add(value)
    taken.push(value)
    return value
  }
  return {
    prepareCreate: (object) => withDefaults(object as unknown as ServiceView),
    validate(object, old) {
      const { spec } = object as unknown as ServiceView
      const before = (old as unknown as ServiceView | undefined)?.spec
      const isFree = before === undefined || isLost(before, book)
      return [...serviceMistakes(spec, book), ...(isFree ? [] : serviceChangeMistakes(spec, before))]
    },
    prepareUpdate(object, old) {
      const service = object as unknown as ServiceView
      const before = old as unknown as ServiceView
      if (isLost(before.spec, book)) forgetAddress(service.spec, before.spec)
      else if (service.spec.type !== "ExternalName") {
        service.spec.clusterIP = service.spec.clusterIP || (before.spec.clusterIP as string)
      } else if (before.spec.type !== "ExternalName") forgetAddress(service.spec, before.spec)
      forgetNodePorts(service.spec, before.spec)
      withDefaults(service)
    },
    async allocate(object, old) {
      const service = object as unknown as ServiceView
      const taken: (string | number)[] = []
      await book.fresh()
      // From here to the last `take` nothing may be awaited: nobody else can choose meanwhile.
      const { addresses, nodePorts } = book.used()
      const before = (old as unknown as ServiceView | undefined)?.spec
      takeAddress(
        service,
        before && !isLost(before, book) ? before.clusterIP : undefined,
        (ip) => !addresses.has(ip) && !inFlight.has(ip),
        (ip) => take(ip, taken),
        book,
      )
      takeNodePorts(
        service,
        new Set((before?.ports ?? []).map(({ nodePort }) => nodePort)),
        (port) => !nodePorts.has(port) && !inFlight.has(port),
        (port) => take(port, taken),
      )
      return () => {
        for (const value of taken) inFlight.delete(value)
      }
    },
  }
}

function withDefaults({ spec }: ServiceView): void {
  spec.type ??= "ClusterIP"
  for (const port of spec.ports ?? []) port.targetPort ??= port.port
  if (spec.sessionAffinity === "ClientIP") {
    const timeoutSeconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? stickySecondsDefault
    spec.sessionAffinityConfig = { clientIP: { timeoutSeconds } }
  } else delete spec.sessionAffinityConfig
  if (spec.type === "ExternalName") return
  spec.internalTrafficPolicy ??= "Cluster"
  const isOpen = spec.type === "NodePort" || spec.type === "LoadBalancer"
  if (isOpen) spec.externalTrafficPolicy ??= "Cluster"
  if (spec.type === "LoadBalancer") spec.allocateLoadBalancerNodePorts ??= true
}

/** What only a Service with ports on the nodes has, one that has been closed loses, unless it was asked for anew. */
function forgetNodePorts(spec: ServiceView["spec"], before: ServiceView["spec"]): void {
  if (spec.type === "NodePort" || spec.type === "LoadBalancer") return
  if (spec.externalTrafficPolicy === before.externalTrafficPolicy && !spec.externalIPs?.length) {
    delete spec.externalTrafficPolicy
  }
  if (before.type === "LoadBalancer") delete spec.allocateLoadBalancerNodePorts
  const known = new Set((before.ports ?? []).map(({ nodePort }) => nodePort))
  for (const port of spec.ports ?? []) if (known.has(port.nodePort)) delete port.nodePort
}

/** Whether its address is of a range that the cluster does not have any more: it leads nowhere, so it may change. */
function isLost({ clusterIP }: ServiceView["spec"], range: Pick<AddressBook, "first" | "count">): boolean {
  return clusterIP !== undefined && clusterIP !== "" && clusterIP !== "None" && !isWithin(clusterIP, range)
}

/** A Service that becomes a name, or whose address is lost, gives it back, unless another one was asked for. */
function forgetAddress(spec: ServiceView["spec"], before: ServiceView["spec"]): void {
  if (spec.clusterIP !== before.clusterIP) return
  delete spec.clusterIP
  delete spec.clusterIPs
}

function takeAddress(
  service: ServiceView,
  before: string | undefined,
  isFree: (ip: string) => boolean,
  take: (ip: string) => string,
  book: AddressBook,
): void {
  const { spec, metadata } = service
  if (spec.type === "ExternalName") return
  const asked = spec.clusterIP || before || ""
  if (asked !== "" && asked !== "None" && asked !== before && !isFree(asked)) {
    throw new StatusError(
      "Invalid",
      `Service "${metadata.name}" is invalid: spec.clusterIPs: Invalid value: ["${asked}"]: failed to allocate IP ${asked}: provided IP is already allocated`,
    )
  }
  const isNew = asked !== "None" && asked !== before
  spec.clusterIP = isNew ? take(asked === "" ? firstFree(book, isFree) : asked) : asked
  spec.clusterIPs = [spec.clusterIP]
  spec.ipFamilies ??= ["IPv4"]
  spec.ipFamilyPolicy ??= "SingleStack"
}

/** The first ten addresses are left for those who ask for one by name (the API server, DNS). */
const reserved = 10

function firstFree({ first, count }: AddressBook, isFree: (ip: string) => boolean): string {
  for (let offset = reserved; offset < count - 1; offset++) {
    const ip = formatAddress(first + offset)
    if (isFree(ip)) return ip
  }
  throw new StatusError("InternalError", "all cluster addresses are taken; choose a larger --service-cidr")
}

function takeNodePorts(
  { spec, metadata }: ServiceView,
  before: ReadonlySet<number | undefined>,
  isFree: (port: number) => boolean,
  take: (port: number) => number,
): void {
  if (spec.type !== "NodePort" && spec.type !== "LoadBalancer") return
  for (const port of spec.ports ?? []) {
    if (port.nodePort && !before.has(port.nodePort)) {
      if (!isFree(port.nodePort)) throw portTaken(metadata.name, port.nodePort)
      take(port.nodePort)
    }
    if (port.nodePort) continue
    const free = nodePortsFor(metadata.uid ?? metadata.name).find(isFree)
    if (free !== undefined) port.nodePort = take(free)
  }
}

/**
 * All node ports in the order in which a Service without a wish tries them: from a place of its own on, so that two clusters
 * on one machine seldom meet; those that are asked for by number mostly are the lowest, so these come last.
 */
function* nodePortsFor(uid: string): Generator<number> {
  const first = nodePortMin + nodePortsForWishes
  const count = nodePortMax - first + 1
  let place = 0
  for (let at = 0; at < uid.length; at++) place = (place * 31 + uid.charCodeAt(at)) % count
  for (let step = 0; step < count; step++) yield first + ((place + step) % count)
  for (let port = nodePortMin; port < first; port++) yield port
}

function portTaken(name: string, port: number): StatusError {
  return new StatusError(
    "Invalid",
    `Service "${name}" is invalid: spec.ports[0].nodePort: Invalid value: ${port}: provided port is already allocated`,
  )
}

export function formatAddress(value: number): string {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff).join(".")
}

/** `10.235.0.0/16` → its first address as a number, and how many it has. */
export function parseRange(cidr: string): { first: number; count: number } {
  const [address = "", bits = "32"] = cidr.split("/")
  const first = address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0)
  return { first, count: 2 ** (32 - Number(bits)) }
}
