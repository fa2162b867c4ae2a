import { isStatus, type Kind } from "@wick/sdk/api"
import { Certificate } from "@wick/sdk/api/networking-internal/certificate"
import { ClusterDomainClaim } from "@wick/sdk/api/networking-internal/cluster-domain-claim"
import { Ingress } from "@wick/sdk/api/networking-internal/ingress"
import { DomainMapping } from "@wick/sdk/api/serving/domain-mapping"
import {
  addFinalizer,
  type Controller,
  createController,
  done,
  keyOf,
  removeFinalizer,
  splitKey,
  subject,
  wakeAfter,
  watchOf,
} from "@wick/sdk/controller"
import { putCertificate } from "../certificate/put.ts"
import { type Context, createChild, loopParts, writeStatus } from "../context.ts"
import { putIngress } from "../ingress/put.ts"
import { decide, ownsClaim, type Plan } from "./decide.ts"
import { isCoreService, referredKind, servingGroup } from "./reference.ts"
import { followTargets, targetIndex, targetOf } from "./targets.ts"

/** Keeps a mapping until the claim that was made for it is gone, so that others can have the domain. */
const finalizer = "domainmappings.serving.knative.dev"

/** A target that nobody can watch yet is looked for again after this. */
const foreignAgainMs = 10_000

export function startDomainMappingController(context: Context): Controller {
  const { client, informers, config, clock } = context
  const mappings = informers(DomainMapping, { indexes: { domain: domainOf, [targetIndex]: targetOf } })
  const claims = informers(ClusterDomainClaim)
  const ingresses = informers(Ingress)
  const certificates = informers(Certificate)
  const targets = followTargets(context, mappings)
  const release = async (mapping: DomainMapping): Promise<void> => {
    const { name } = mapping.metadata
    // As it is now: the cache may not know one that was just made, which would keep the domain for ever.
    const claim = await client.get(ClusterDomainClaim, { name }).catch(unlessGone)
    if (ownsClaim({ mapping, claim, config: config.current() })) {
      await client.delete(ClusterDomainClaim, { name }).catch(unlessGone)
    }
    await removeFinalizer(client, DomainMapping, mapping, finalizer)
  }
  return createController({
    name: "domain-mapping",
    ...loopParts(context),
    watches: [
      watchOf(mappings, (change) => [keyOf(subject(change))]),
      watchOf(claims, (change) => mappings.byIndex("domain", subject(change).metadata.name).map(keyOf)),
      // One of somebody else with the mapping's name may have gone.
      watchOf(ingresses, (change) => [keyOf(subject(change))]),
      watchOf(certificates, (change) => [keyOf(subject(change))]),
      ...targets.watches,
      { synced: config.synced, subscribe: (wake) => config.onChange(() => mappings.list().map(keyOf).forEach(wake)) },
    ],
    reconcile: async (key) => {
      const { namespace, name } = splitKey(key)
      const mapping = mappings.get(name, namespace)
      if (!mapping) return done
      if (mapping.metadata.deletionTimestamp) {
        if (mapping.metadata.finalizers?.includes(finalizer)) await release(mapping)
        return done
      }
      const { target, refusal } = await targets.find(mapping)
      const observed = {
        mapping,
        claim: claims.get(name),
        target,
        refusal,
        ingress: ingresses.get(name, namespace),
        certificate: certificates.get(name, namespace),
        config: config.current(),
      }
      const plan = decide(observed, clock.now())
      if (plan.claim) {
        // In this order: a claim that nobody gives back would keep the domain for ever.
        if (!mapping.metadata.finalizers?.includes(finalizer)) {
          await addFinalizer(client, DomainMapping, mapping, finalizer)
          return done
        }
        // Made by another in the same moment: its change wakes us, and then it is seen whose it is.
        if (!(await createChild(context, ClusterDomainClaim, plan.claim))) return done
      }
      await carryOut(context, mapping, plan)
      // Of kinds that nobody has seen an object of there is no news.
      return target || !isForeign(mapping) ? done : wakeAfter(foreignAgainMs)
    },
  })
}

/** All but the claim. */
async function carryOut(context: Context, mapping: DomainMapping, plan: Plan): Promise<void> {
  const { name, namespace = "" } = mapping.metadata
  const remove = (kind: Kind): Promise<unknown> => context.client.delete(kind, { name, namespace }).catch(unlessGone)
  if (plan.certificate.put) await putCertificate(context, plan.certificate.put)
  if (plan.certificate.remove) await remove(Certificate)
  if (plan.ingress) await putIngress(context, plan.ingress)
  if (plan.removeIngress) await remove(Ingress)
  await writeStatus(context, DomainMapping, mapping, plan.status)
}

function domainOf({ metadata }: DomainMapping): string[] {
  return [metadata.name]
}

function isForeign(mapping: DomainMapping): boolean {
  const referred = referredKind(mapping)
  return referred !== undefined && referred.group !== servingGroup && !isCoreService(referred)
}

function unlessGone(error: unknown): undefined {
  if (!isStatus(error, "NotFound")) throw error
}
