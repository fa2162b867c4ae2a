import { baseline } from "./baseline.ts"
import type { Check, Checked, Violation } from "./check.ts"
import { restricted } from "./restricted.ts"

export type Level = "privileged" | "baseline" | "restricted"
export type Mode = "enforce" | "audit" | "warn"

/** How a mode of a namespace judges its pods. */
export interface Policy {
  readonly level: Level
  /** As it is written: `latest`, `v1.36`. Every version is judged by the latest standards. */
  readonly version: string
}

export const modes: readonly Mode[] = ["enforce", "audit", "warn"]
const levels: readonly string[] = ["privileged", "baseline", "restricted"]
const prefix = "pod-security.kubernetes.io/"
const versionPattern = /^(?:latest|v1\.(?:0|[1-9]\d*))$/

type Labels = Readonly<Record<string, string>> | undefined

/** Pure: what a namespace's labels say. What cannot be read is held to be the strictest. */
export function policyOf(labels: Labels, mode: Mode): Policy {
  const level = labels?.[prefix + mode] ?? "privileged"
  const version = labels?.[`${prefix}${mode}-version`] ?? "latest"
  const read = levels.includes(level) ? (level as Level) : "restricted"
  return { level: read, version: versionPattern.test(version) ? version : "latest" }
}

/** Pure: labels that cannot be read, as `key: why`. */
export function labelMistakes(
  labels: Labels,
): { readonly key: string; readonly value: string; readonly why: string }[] {
  return modes.flatMap((mode) => {
    const key = prefix + mode
    const level = labels?.[key]
    const version = labels?.[`${key}-version`]
    return [
      ...(level === undefined || levels.includes(level)
        ? []
        : [{ key, value: level, why: "must be one of privileged, baseline, restricted" }]),
      ...(version === undefined || versionPattern.test(version)
        ? []
        : [{ key: `${key}-version`, value: version, why: 'must be "latest" or "v1.x"' }]),
    ]
  })
}

const weaker = new Set(restricted.flatMap(({ overrides = [] }) => overrides))
const checks: Readonly<Record<Level, readonly Check[]>> = {
  privileged: [],
  baseline,
  restricted: [...baseline.filter(({ id }) => !weaker.has(id)), ...restricted],
}

/** Pure: everything that a level has against a pod. */
export function violations(pod: Checked, level: Level): Violation[] {
  return checks[level].flatMap(({ check }) => check(pod) ?? [])
}

/** `PodSecurity "restricted:latest": reason (detail), reason (detail)`; undefined when there is nothing against it. */
export function complaint(pod: Checked, { level, version }: Policy): string | undefined {
  const found = violations(pod, level).map(({ reason, detail }) => (detail === "" ? reason : `${reason} (${detail})`))
  return found.length === 0 ? undefined : `PodSecurity "${level}:${version}": ${found.join(", ")}`
}
