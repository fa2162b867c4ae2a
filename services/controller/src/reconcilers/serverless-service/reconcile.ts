import { Endpoints } from "@wick/sdk/api/core/endpoints"
import { Pod } from "@wick/sdk/api/core/pod"
import { Service } from "@wick/sdk/api/core/service"
import { EndpointSlice } from "@wick/sdk/api/discovery/endpoint-slice"
import type { Kind, KindOf, NewOf } from "@wick/sdk/api/kind"
import { isNamespaceTerminating, isStatus } from "@wick/sdk/api/meta/status-error"
import { ServerlessService } from "@wick/sdk/api/networking-internal/serverless-service"
import { systemNamespace } from "@wick/sdk/api/serving/config"
import { revisionKeys, revisionLabel } from "@wick/sdk/api/serving/revision-key"
import {
  type Controller,
  createController,
  done,
  type Informer,
  keyOf,
  type Result,
  splitKey,
  subject,
  wakeAfter,
  watchOf,
} from "@wick/sdk/controller"
import { controllerKey, isOwnedBy } from "../../owner.ts"
import { type Context, loopParts, writeStatus } from "../context.ts"
import { decide } from "./decide.ts"
import { serviceLabel, sliceOwnerLabel, typeLabel } from "./labels.ts"
import { type Child, fingerprint, fingerprintOf, trim } from "./written.ts"

const concurrency = 4
/**
 * Changes are gathered for so long, and each revision is written at most once in it: who answers at its Service is told
 * after what a request waits for, and never in its way.
 */
const gatherMs = 1000
/** Objects of somebody else's are not followed: whether one that is in the way has gone is seen so much later. */
const foreignAgainMs = 15_000
const activatorService = "activator-service"

/** Keeps a public and a private Service for every revision, and who answers at the public one. */
export function startServerlessServiceController(context: Context): Controller {
  return new ServerlessServices(context)
}

interface Foreign {
  readonly kind: string
  readonly name: string
}

class ServerlessServices implements Controller {
  readonly #context: Context
  readonly #services: Informer<typeof ServerlessService>
  readonly #pods: Informer<typeof Pod>
  readonly #activators: Informer<typeof EndpointSlice>
  readonly #children: { [Name in "Service" | "Endpoints" | "EndpointSlice"]: Informer<Child> }
  readonly #controller: Controller

  constructor(context: Context) {
    const { informers } = context
    this.#context = context
    this.#services = informers(ServerlessService)
    this.#pods = informers(Pod, { labelSelector: revisionLabel, indexes: { revision: revisionKeys } })
    const ofActivators = `${sliceOwnerLabel}=${activatorService}`
    this.#activators = informers(EndpointSlice, { namespace: systemNamespace, labelSelector: ofActivators })
    const labelSelector = `${typeLabel}=Public`
    const slices = informers(EndpointSlice, { labelSelector, trim, indexes: { service: ownerKeys } })
    this.#children = {
      Service: informers(Service, { labelSelector: serviceLabel, trim }) as unknown as Informer<Child>,
      Endpoints: informers(Endpoints, { labelSelector, trim }) as unknown as Informer<Child>,
      EndpointSlice: slices as unknown as Informer<Child>,
    }
    const soon = <K extends Kind>(informer: Informer<K>, keys: (object: KindOf<K>) => string[]) =>
      watchOf(informer, (change) => keys(subject(change)), gatherMs)
    this.#controller = createController({
      name: "serverless-service",
      ...loopParts(context),
      concurrency,
      watches: [
        soon(this.#services, (service) => [keyOf(service)]),
        soon(this.#pods, revisionKeys),
        soon(this.#activators, () => this.#services.list().map(keyOf)),
        ...Object.values(this.#children).map((informer) => soon(informer, ownerKeys)),
      ],
      reconcile: (key) => this.#reconcile(key),
    })
  }

  wake(key: string, afterMs?: number): void {
    this.#controller.wake(key, afterMs)
  }

  idle(): Promise<void> {
    return this.#controller.idle()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(this.#controller[Symbol.asyncDispose]())
  }

  async #reconcile(key: string): Promise<Result> {
    const { name, namespace = "" } = splitKey(key)
    const service = this.#services.get(name, namespace)
    if (!service || service.metadata.deletionTimestamp !== undefined) return done
    const pods = this.#pods.byIndex("revision", key)
    const activators = this.#activators.list(systemNamespace)
    const decision = decide({ service, pods, activators }, this.#context.clock.now())
    const foreign = await Promise.all([
      ...decision.services.map((child) => this.#write(Service, service, child)),
      ...decision.slices.map((child) => this.#write(EndpointSlice, service, child)),
      this.#write(Endpoints, service, decision.endpoints),
    ])
    const names = new Set(decision.slices.map(({ metadata }) => metadata.name))
    const left = this.#children.EndpointSlice.byIndex("service", key).filter(
      ({ metadata }) => !names.has(metadata.name),
    )
    await Promise.all(left.map((slice) => this.#remove(service, slice)))
    const inTheWay = foreign.find((each) => each !== undefined)
    await writeStatus(this.#context, ServerlessService, service, decision.status(inTheWay))
    return inTheWay ? wakeAfter(foreignAgainMs) : done
  }

  /** Gives the object that is in the way, if one is. */
  async #write<K extends Child>(
    kind: K,
    service: ServerlessService,
    wanted: NewOf<K> & { readonly metadata: { readonly name: string } },
  ): Promise<Foreign | undefined> {
    const { client } = this.#context
    const { name } = wanted.metadata
    const namespace = service.metadata.namespace ?? ""
    const known = this.#children[kind.kind as "Service"].get(name, namespace)
    if (known === undefined) return this.#create(kind, service, wanted)
    if (!isOwnedBy(known, service)) return { kind: kind.kind, name }
    if (fingerprintOf(known) === fingerprint(wanted)) return undefined
    const { metadata: _, ...fields } = wanted as { metadata: object }
    await client
      .patch<Kind>(kind, { name, namespace }, { type: "merge", body: fields })
      .catch((error: unknown) => passIf(error, "NotFound"))
    return undefined
  }

  async #create<K extends Child>(
    kind: K,
    service: ServerlessService,
    wanted: NewOf<K> & { readonly metadata: { readonly name: string } },
  ): Promise<Foreign | undefined> {
    const { client } = this.#context
    const { name } = wanted.metadata
    try {
      await client.create<Kind>(kind, wanted as NewOf<Kind>)
    } catch (error) {
      if (isNamespaceTerminating(error)) return undefined
      if (!isStatus(error, "AlreadyExists")) throw error
      // Somebody's own of that name has none of our labels, and one that the cache has not seen yet is ours.
      const there = await client.getMetadata(kind, { name, namespace: service.metadata.namespace ?? "" })
      if (!isOwnedBy(there, service)) return { kind: kind.kind, name }
    }
    return undefined
  }

  async #remove(service: ServerlessService, slice: KindOf<Child>): Promise<void> {
    if (!isOwnedBy(slice, service)) return
    const { name, namespace = "", uid } = slice.metadata
    await this.#context.client
      .delete(EndpointSlice, { name, namespace }, { preconditions: { uid } })
      .catch((error: unknown) => passIf(error, "NotFound", "Conflict"))
  }
}

/** namespace/name of the ServerlessService that an object is of. */
function ownerKeys(object: { metadata: Parameters<typeof controllerKey>[0]["metadata"] }): string[] {
  const key = controllerKey(object, "ServerlessService")
  return key === undefined ? [] : [key]
}

function passIf(error: unknown, ...reasons: ("NotFound" | "Conflict")[]): void {
  if (!isStatus(error, ...reasons)) throw error
}
