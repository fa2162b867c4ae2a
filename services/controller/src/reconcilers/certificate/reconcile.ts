import { isStatus, type NewOf } from "@wick/sdk/api"
import { Secret } from "@wick/sdk/api/core/secret"
import { Certificate } from "@wick/sdk/api/networking-internal/certificate"
import {
  type Controller,
  createController,
  done,
  keyOf,
  type Result,
  splitKey,
  subject,
  wakeAfter,
  watchOf,
} from "@wick/sdk/controller"
import { authoritySecret } from "../../authority/serving-authority.ts"
import { annotations, labels } from "../../labels.ts"
import { controllerKey } from "../../owner.ts"
import { type Context, loopParts, writeStatus } from "../context.ts"
import { chainFacts, chainSecret } from "./chain.ts"
import { nextStep, type Observed, type Outcome, orderOf, statusOf, usable } from "./decide.ts"
import type { ChooseIssuer } from "./issuer.ts"
import { Orders } from "./orders.ts"

const concurrency = 4
/** A certificate is looked at again at least this often, so that no timer has to last for months. */
const restMsMax = 86_400_000
const foreignAgainMs = 60_000

/** Certificates of our class: has each made by its issuer, put into its Secret, and made anew before it ends. */
export function startCertificateController(context: Context, choose: ChooseIssuer): Controller {
  const { informers, config, clock } = context
  const certificates = informers(Certificate)
  const secrets = informers(Secret, { labelSelector: labels.certificateUid })
  const orders = new Orders(clock)
  const all = (): string[] => certificates.list().map(keyOf)
  return createController({
    name: "certificate",
    ...loopParts(context),
    concurrency,
    watches: [
      watchOf(certificates, (change) => [keyOf(subject(change))]),
      // With another authority all that the last one has made is made anew.
      watchOf(secrets, (change) => (isAuthority(subject(change)) ? all() : ownersOf(subject(change)))),
      { synced: config.synced, subscribe: (wake) => config.onChange(() => all().forEach(wake)) },
    ],
    reconcile: async (key, signal) => {
      const { namespace = "", name } = splitKey(key)
      const certificate = certificates.get(name, namespace)
      if (!certificate || certificate.metadata.deletionTimestamp) {
        orders.close(key)
        return done
      }
      const ours = config.current().network["certificate-class"]
      if ((certificate.metadata.annotations?.[annotations.certificateClass] ?? ours) !== ours) return done
      const cached = secrets.get(certificate.spec.secretName, namespace)
      return settle(context, certificate, cached, { choose, orders, key, signal })
    },
  })
}

interface Desk {
  readonly choose: ChooseIssuer
  readonly orders: Orders
  readonly key: string
  readonly signal: AbortSignal
}

async function settle(
  context: Context,
  certificate: Certificate,
  cached: Secret | undefined,
  { choose, orders, key, signal }: Desk,
): Promise<Result> {
  const { clock, log } = context
  const order = orderOf(certificate)
  const issuer = choose(order)
  const identity = await issuer.identity()
  const observe = (secret: Secret | undefined): Observed => {
    return { certificate, secret, facts: secret && chainFacts(secret), issuer: identity }
  }
  const known = observe(cached)
  // Nobody is asked for a certificate because a cache does not know yet that it is there.
  const seen =
    nextStep(known, clock.now()).kind === "good"
      ? known
      : observe(await liveSecret(context, order.namespace, certificate))
  const step = nextStep(seen, clock.now())
  const tell = async (outcome: Outcome, againMs: number): Promise<Result> => {
    await writeStatus(context, Certificate, certificate, statusOf(certificate, outcome, clock.now()))
    return wakeAfter(Math.min(againMs, restMsMax))
  }
  if (step.kind === "foreign") return tell({ usable: undefined, issuance: "foreign" }, foreignAgainMs)
  if (step.kind === "good") {
    orders.close(key)
    return tell({ usable: seen.facts, issuance: "none" }, step.renewAtMs - clock.now())
  }
  const issuance = await orders.ask(key, order, issuer, identity, signal)
  if (issuance.kind !== "issued") return tell({ usable: usable(seen, clock.now()), issuance }, issuance.againMs)
  const stored = await putSecret(context, seen.secret, chainSecret(certificate, issuance.chain, identity))
  orders.close(key)
  log.info("a certificate is issued", { certificate: key, issuer: identity, domains: order.domains.join(" ") })
  return tell({ usable: chainFacts(stored), issuance }, restMsMax)
}

function isAuthority({ metadata }: Secret): boolean {
  return metadata.name === authoritySecret.name && metadata.namespace === authoritySecret.namespace
}

function ownersOf(secret: Secret): string[] {
  const key = controllerKey(secret, "Certificate")
  return key === undefined ? [] : [key]
}

async function liveSecret({ client }: Context, namespace: string, { spec }: Certificate): Promise<Secret | undefined> {
  try {
    return await client.get(Secret, { name: spec.secretName, namespace })
  } catch (error) {
    if (isStatus(error, "NotFound")) return undefined
    throw error
  }
}

function putSecret({ client }: Context, existing: Secret | undefined, wanted: NewOf<typeof Secret>): Promise<Secret> {
  if (!existing) return client.create(Secret, wanted)
  const labelled = { ...existing.metadata.labels, ...wanted.metadata.labels }
  const noted = { ...existing.metadata.annotations, ...wanted.metadata.annotations }
  const metadata = { ...existing.metadata, labels: labelled, annotations: noted }
  return client.update(Secret, { ...existing, metadata, data: wanted.data })
}
