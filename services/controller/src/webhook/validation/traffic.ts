import {
  disallowed,
  type FieldError,
  invalidKey,
  invalidValue,
  missingOneOf,
  mistake,
  multipleOneOf,
  outOfBounds,
  via,
  viaEach,
} from "@wick/sdk/api/serving/field-error"
import { dns1035Mistakes, qualifiedNameMistakes } from "@wick/sdk/api/serving/name-mistakes"

interface Target {
  readonly tag?: string
  readonly revisionName?: string
  readonly configurationName?: string
  readonly latestRevision?: boolean
  readonly percent?: number
  readonly url?: string
}

const percentMax = 100

/** What is wrong with a split of traffic. Only a route may name configurations. */
export function trafficMistakes(given: unknown, allowed: { configurationName: boolean }): FieldError[] {
  const targets = Array.isArray(given) ? (given as Target[]) : []
  return via("traffic", [
    ...viaEach("", targets, (target) => targetMistakes(target, allowed.configurationName)),
    ...tagMistakes(targets),
    ...sumMistakes(targets),
  ])
}

function targetMistakes(target: Target, mayNameConfiguration: boolean): FieldError[] {
  const { percent, url, tag } = target
  const isOutside = percent !== undefined && !(percent >= 0 && percent <= percentMax)
  return [
    ...latestMistakes(target),
    ...nameMistakes(target, mayNameConfiguration),
    ...(isOutside ? [outOfBounds(percent, 0, percentMax, "percent")] : []),
    ...(url ? [disallowed("url"), ...(tag ? [] : [disallowed("url")])] : []),
  ]
}

/** Whether traffic stays with a revision or follows the latest: one says so, or the other. */
function latestMistakes({ revisionName = "", latestRevision }: Target): FieldError[] {
  if (latestRevision === undefined || (revisionName !== "") !== latestRevision) return []
  const message = `may not set revisionName ${JSON.stringify(revisionName)} when latestRevision is ${latestRevision}`
  return [mistake(message, "latestRevision")]
}

function nameMistakes({ revisionName, configurationName }: Target, mayNameConfiguration: boolean): FieldError[] {
  if (!mayNameConfiguration && configurationName) return [disallowed("configurationName")]
  if (revisionName && configurationName) return [multipleOneOf("revisionName", "configurationName")]
  if (revisionName) return keyMistakes(revisionName, "revisionName")
  if (configurationName) return keyMistakes(configurationName, "configurationName")
  return mayNameConfiguration ? [missingOneOf("revisionName", "configurationName")] : []
}

function keyMistakes(name: string, field: string): FieldError[] {
  const mistakes = qualifiedNameMistakes(name)
  return mistakes.length === 0 ? [] : [invalidKey(name, field, ...mistakes)]
}

function tagMistakes(targets: readonly Target[]): FieldError[] {
  return targets.flatMap(({ tag }, at): FieldError[] => {
    if (!tag) return []
    const wrong = dns1035Mistakes(tag)
    const first = targets.findIndex((target) => target.tag === tag)
    return [
      ...(wrong.length > 0 ? [invalidValue(`not a DNS 1035 label: [${wrong.join(" ")}]`, `tag[${at}]`)] : []),
      ...(first < at
        ? [mistake(`Multiple definitions for ${JSON.stringify(tag)}`, `[${at}].tag`, `[${first}].tag`)]
        : []),
    ]
  })
}

function sumMistakes(targets: readonly Target[]): FieldError[] {
  const sum = targets.reduce((total, { percent }) => total + (percent ?? 0), 0)
  return sum === percentMax ? [] : [mistake(`Traffic targets sum to ${sum}, want ${percentMax}`, "")]
}
