import { Ingress } from "@wick/sdk/api/networking-internal/ingress"
import {
  type Change,
  type Controller,
  createController,
  done,
  keyOf,
  splitKey,
  wakeAfter,
  watchOf,
} from "@wick/sdk/controller"
import { currentCondition } from "../../conditions.ts"
import type { Gateways } from "../../gateways/gateways.ts"
import { annotations } from "../../labels.ts"
import { type Context, loopParts, writeStatus } from "../context.ts"
import { conflictOf, decide, hostsOf } from "./decide.ts"

/** Reconciles wait for gateways, which takes no work here: many may. */
const concurrency = 64
const askAgainMs = { pending: 100, nobody: 1_000 } as const

/** Says of each Ingress that is for our gateways whether they serve it. */
export function startIngressController(context: Context, gateways: Gateways): Controller {
  const { informers, config, clock } = context
  const ingresses = informers(Ingress, { indexes: { host: hostsOf } })
  const rivalsOf = (ingress: Ingress): Ingress[] => [
    ...new Set(hostsOf(ingress).flatMap((host) => ingresses.byIndex("host", host))),
  ]
  const unserved = (): string[] =>
    ingresses.list().flatMap((each) => (currentCondition(each, "Ready")?.status === "True" ? [] : [keyOf(each)]))
  const concerned = ({ before, after }: Change<Ingress>): string[] => {
    const changed = [before, after].filter((each) => each !== undefined)
    return [...new Set(changed.flatMap((each) => [each, ...rivalsOf(each)]).map(keyOf))]
  }
  return createController({
    name: "ingress",
    ...loopParts(context),
    concurrency,
    watches: [
      watchOf(ingresses, concerned),
      { synced: gateways.synced, subscribe: (wake) => gateways.onChange(() => unserved().forEach(wake)) },
    ],
    reconcile: async (key, signal) => {
      const { namespace, name } = splitKey(key)
      const ingress = ingresses.get(name, namespace)
      if (!ingress || ingress.metadata.deletionTimestamp) return done
      const ours = config.current().network["ingress-class"]
      if ((ingress.metadata.annotations?.[annotations.ingressClass] ?? ours) !== ours) return done
      const rivals = rivalsOf(ingress)
      const isRefused = conflictOf(ingress, rivals) !== undefined
      const isServed = currentCondition(ingress, "LoadBalancerReady")?.status === "True"
      // What gateways have, they keep: they are asked once for each generation.
      const acknowledgement = isRefused || isServed ? "all" : await gateways.acknowledged(ingress, signal)
      await writeStatus(context, Ingress, ingress, decide({ ingress, rivals, acknowledgement }, clock.now()))
      return acknowledgement === "all" ? done : wakeAfter(askAgainMs[acknowledgement])
    },
  })
}
