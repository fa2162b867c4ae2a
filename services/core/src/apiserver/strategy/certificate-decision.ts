import type { CertificateSigningRequest } from "@wick/sdk/api/certificates/certificate-signing-request"
import type { AnyObject } from "@wick/sdk/api/kind"
import type { FieldError } from "@wick/sdk/api/meta/field-error"
import { formatTime } from "@wick/sdk/api/meta/time"
import { jsonEqual } from "../patch/json-value.ts"
import { forbidden, invalid } from "./mistake.ts"
import type { Strategy } from "./strategy.ts"

type Status = NonNullable<CertificateSigningRequest["status"]>
type Condition = NonNullable<Status["conditions"]>[number]

const approval = "approval"
const decisions = ["Approved", "Denied"]
const lasting = [...decisions, "Failed"]
const legacySigner = "kubernetes.io/legacy-unknown"

/**
 * Who decides of a request and who answers it are two: `approval` writes the decision and nothing else, `status` writes
 * the certificate and never the decision. What was decided, failed or issued stays so.
 */
export function decided(spec: Strategy): Strategy {
  return {
    ...spec,
    prepareUpdate: (object, old, nowMs) => stamp(statusOf(object), statusOf(old), formatTime(nowMs)),
    writablePart(wanted, live, subresource) {
      if (subresource !== approval) return undefined
      return { ...live, status: { ...statusOf(live), conditions: statusOf(wanted).conditions ?? [] } }
    },
    validate(object, old, subresource) {
      const mistakes = spec.validate?.(object, old, subresource) ?? []
      if (!old) return [...mistakes, ...legacyMistakes(object)]
      if (subresource !== approval) return mistakes
      return [...mistakes, ...(spec.validateStatus?.(object, old) ?? []), ...removals(statusOf(object), statusOf(old))]
    },
    validateStatus(object, old) {
      const [status, before] = [statusOf(object), statusOf(old)]
      return [
        ...(spec.validateStatus?.(object, old) ?? []),
        ...removals(status, before),
        ...decisions.flatMap((type) => decisionMistakes(type, status, before)),
        ...(before.certificate && before.certificate !== status.certificate
          ? [forbidden("status.certificate", "updates may not modify existing certificate content")]
          : []),
      ]
    },
  }
}

function statusOf(object: AnyObject): Status {
  return (object.status ?? {}) as Status
}

/** Says of each condition when it was written, and since when it holds. */
function stamp(status: Status, before: Status, now: string): void {
  for (const condition of status.conditions ?? []) {
    const old = ofType(before, condition.type)[0]
    condition.lastUpdateTime ??= now
    condition.lastTransitionTime ??= old?.status === condition.status ? (old.lastTransitionTime ?? now) : now
  }
}

function ofType(status: Status, type: string): Condition[] {
  return (status.conditions ?? []).filter((condition) => condition.type === type)
}

function removals(status: Status, before: Status): FieldError[] {
  return lasting
    .filter((type) => ofType(status, type).length < ofType(before, type).length)
    .map((type) => forbidden("status.conditions", `updates may not remove a condition of type ${JSON.stringify(type)}`))
}

function decisionMistakes(type: string, status: Status, before: Status): FieldError[] {
  const [now, then] = [ofType(status, type), ofType(before, type)]
  const say = (what: string): FieldError[] => [
    forbidden("status.conditions", `updates may not ${what} a condition of type ${JSON.stringify(type)}`),
  ]
  if (now.length > then.length) return say("add")
  return now.length === then.length && !jsonEqual(now, then) ? say("modify") : []
}

function legacyMistakes(object: AnyObject): FieldError[] {
  const { signerName } = object.spec as { signerName?: string }
  const detail = "the legacy signerName is not allowed via this API version"
  return signerName === legacySigner ? [invalid("spec.signerName", signerName, detail)] : []
}
