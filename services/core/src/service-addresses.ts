import { Service } from "@wick/sdk/api/core/service"
import { isStatus } from "@wick/sdk/api/meta/status-error"
import type { Client } from "@wick/sdk/client"
import type { Clock } from "@wick/sdk/clock"
import { createEventRecorder, type EventRecorder } from "@wick/sdk/controller"
import type { Log } from "@wick/sdk/log"

export interface ServiceAddressesOptions {
  readonly client: Client
  /** Of cluster addresses, as this start has it. */
  readonly serviceCidr: string
  /** Its first: what `kubernetes` in `default` is to have. */
  readonly firstAddress: string
  readonly clock: Clock
  readonly log: Log
}

/** Services that are written at the same time. */
const writesMax = 16
/** As it is called in Kubernetes, where it only tells. */
const component = "ipallocator-repair-controller"
const apiServer = { name: "kubernetes", namespace: "default" }

/**
 * After the range of cluster addresses became another (somebody else on this machine has the old one, or another is asked
 * for), each Service gets an address of the new one, and an Event that says so: the old ones lead nowhere. The API server
 * gives it with whatever write there is, so an empty one will do; one that is refused here gets it with the next. The
 * Service `kubernetes` goes last, so that a start that is broken off is repeated by the next; whoever ensures
 * that it is there makes it anew at its place.
 */
export async function moveServiceAddresses(options: ServiceAddressesOptions): Promise<void> {
  const { client, serviceCidr, firstAddress, clock, log } = options
  const before = await found(client)
  if (before === undefined || before.spec.clusterIP === firstAddress) return
  await using events = createEventRecorder({ client, clock, log, component })
  const services = (await client.list(Service)).items.filter(({ metadata }) => !isApiServer(metadata))
  const left = services.values()
  let moved = 0
  const work = async (): Promise<void> => {
    for (const service of left) if (await move(service, options, events)) moved++
  }
  await Promise.all(Array.from({ length: writesMax }, work))
  await client.delete(Service, apiServer)
  log.warn("services have new cluster addresses: the range of these is another than at the last start", {
    serviceCidr,
    services: moved + 1,
  })
  await events.flush()
}

async function move(
  service: Service,
  { client, serviceCidr, log }: ServiceAddressesOptions,
  events: EventRecorder,
): Promise<boolean> {
  const { name, namespace = "default" } = service.metadata
  const { clusterIP: before } = service.spec
  if (!before || before === "None") return false
  try {
    const { clusterIP: now } = (await client.patch(Service, { name, namespace }, { type: "merge", body: {} })).spec
    if (now === before) return false
    const message = `Cluster IP [IPv4]:${before} is not within the Service CIDR ${serviceCidr}; it is ${now} now`
    events.record({ ...service, ...subject }, { type: "Warning", reason: "ClusterIPOutOfRange", message })
    return true
  } catch (error) {
    if (!isStatus(error, "NotFound"))
      log.warn("a service keeps a cluster address that leads nowhere", { name, namespace, error })
    return false
  }
}

const subject = { apiVersion: Service.apiVersion, kind: Service.kind }

function isApiServer({ name, namespace }: Service["metadata"]): boolean {
  return name === apiServer.name && namespace === apiServer.namespace
}

async function found(client: Client): Promise<Service | undefined> {
  try {
    return await client.get(Service, apiServer)
  } catch (error) {
    if (isStatus(error, "NotFound")) return undefined
    throw error
  }
}
