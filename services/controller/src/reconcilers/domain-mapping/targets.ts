import { Service as CoreService } from "@wick/sdk/api/core/service"
import type { DomainMapping } from "@wick/sdk/api/serving/domain-mapping"
import { Route } from "@wick/sdk/api/serving/route"
import { Service } from "@wick/sdk/api/serving/service"
import { type ControllerWatch, type Informer, keyOf, subject, watchOf } from "@wick/sdk/controller"
import type { Context } from "../context.ts"
import { Addressables, type Lookup } from "./addressables.ts"
import { isCoreService, type Referred, referredKind, servingGroup } from "./reference.ts"

/** What mappings lead to: how it is found, and who is woken when it changes. */
export interface Targets {
  find(mapping: DomainMapping): Promise<Lookup>
  readonly watches: readonly ControllerWatch[]
}

/** Name of the index of mappings by what they lead to; see `targetOf`. */
export const targetIndex = "target"

export function followTargets(
  { client, informers }: Pick<Context, "client" | "informers">,
  mappings: Informer<typeof DomainMapping>,
): Targets {
  const services = informers(Service)
  const routes = informers(Route)
  const plainServices = informers(CoreService)
  const others = new Addressables(client, informers)
  const leadingTo = (kind: Pick<Referred, "group" | "kind">, key: string): string[] =>
    mappings.byIndex(targetIndex, targetKey(kind, key)).map(keyOf)
  return {
    find: async (mapping) => {
      const referred = referredKind(mapping)
      const { name } = mapping.spec.ref
      const { namespace = "" } = mapping.metadata
      if (referred === undefined) return { target: undefined }
      if (isCoreService(referred)) return { target: plainServices.get(name, namespace) && {} }
      if (referred.group !== servingGroup) return others.find(referred, name, namespace)
      const known = { Service: services, Route: routes }[referred.kind]
      return { target: known?.get(name, namespace) }
    },
    watches: [
      watchOf(services, (change) => leadingTo(Service, keyOf(subject(change)))),
      watchOf(routes, (change) => leadingTo(Route, keyOf(subject(change)))),
      watchOf(plainServices, (change) => leadingTo(CoreService, keyOf(subject(change)))),
      {
        synced: Promise.resolve(),
        subscribe: (wake) => others.onChange((referred, key) => leadingTo(referred, key).forEach(wake)),
      },
    ],
  }
}

export function targetOf(mapping: DomainMapping): string[] {
  const referred = referredKind(mapping)
  return referred ? [targetKey(referred, `${mapping.metadata.namespace}/${mapping.spec.ref.name}`)] : []
}

function targetKey({ group, kind }: Pick<Referred, "group" | "kind">, key: string): string {
  return `${kind}.${group} ${key}`
}
