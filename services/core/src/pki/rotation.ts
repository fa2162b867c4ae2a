import type { CertificateFacts, Subject } from "./certificate.ts"

/** Whether a certificate can stay, and if not, why it has to be made anew. */
export type Rotation =
  | { readonly kind: "keep"; readonly renewAtMs: number }
  | {
      readonly kind: "issue"
      readonly because: "missing" | "expiring" | "not yet valid" | "other authority" | "other subject"
    }

/**
 * A certificate is replaced when a third of its life is left: a host that starts Wick once in a season still never meets
 * an expired one, and one that is replaced early does no harm.
 *
 *     notBefore ──────────── keep ────────────┬──── issue ──── notAfter
 *                                         renewAt
 */
export function rotationOf(found: CertificateFacts | undefined, wanted: Subject, nowMs: number): Rotation {
  if (found === undefined) return { kind: "issue", because: "missing" }
  if (!found.ours) return { kind: "issue", because: "other authority" }
  if (!serves(found.subject, wanted)) return { kind: "issue", because: "other subject" }
  // The clock was set back below the day of issue: others would refuse the certificate too.
  if (nowMs < found.notBeforeMs) return { kind: "issue", because: "not yet valid" }
  const renewAtMs = found.notAfterMs - Math.floor((found.notAfterMs - found.notBeforeMs) / 3)
  return nowMs >= renewAtMs ? { kind: "issue", because: "expiring" } : { kind: "keep", renewAtMs }
}

/** More names than wanted are no harm; fewer are. */
function serves(found: Subject, wanted: Subject): boolean {
  return (
    found.commonName === wanted.commonName &&
    found.use === wanted.use &&
    found.organizations.length === wanted.organizations.length &&
    wanted.organizations.every((organization) => found.organizations.includes(organization)) &&
    wanted.names.every((name) => found.names.includes(name))
  )
}
