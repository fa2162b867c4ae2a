import type { Mistake } from "./admission-review.ts"

interface Target {
  readonly tag?: string
  readonly revisionName?: string
  readonly configurationName?: string
  readonly latestRevision?: boolean
  readonly percent?: number
  readonly url?: string
}

const dns1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/
const percentMax = 100

/** What is wrong with a split of traffic. Only a route may name configurations. */
export function trafficMistakes(given: unknown, field: string, allowed: { configurationName: boolean }): Mistake[] {
  const targets = Array.isArray(given) ? (given as Target[]) : []
  if (targets.length === 0) return []
  const each = targets.flatMap((target, at) => targetMistakes(target, `${field}[${at}]`, allowed.configurationName))
  return [...each, ...duplicateTags(targets, field), ...sumMistakes(targets, field)]
}

function targetMistakes(target: Target, field: string, mayNameConfiguration: boolean): Mistake[] {
  const { tag, revisionName, configurationName, latestRevision, percent, url } = target
  const mistakes: Mistake[] = []
  const say = (message: string, part: string): void => void mistakes.push({ message, field: `${field}.${part}` })
  if (tag && !dns1035.test(tag)) say("not a DNS 1035 label", "tag")
  if (percent !== undefined && !(percent >= 0 && percent <= percentMax))
    say(`expected 0 <= ${percent} <= ${percentMax}`, "percent")
  if (configurationName && !mayNameConfiguration) say("must not set the field(s)", "configurationName")
  if (url) say("must not set the field(s)", "url")
  if (revisionName && latestRevision)
    say(`may not set revisionName "${revisionName}" when latestRevision is true`, "latestRevision")
  if (!revisionName && latestRevision === false && !configurationName)
    say("may not set latestRevision to false without revisionName", "latestRevision")
  return mistakes
}

function duplicateTags(targets: readonly Target[], field: string): Mistake[] {
  return targets.flatMap(({ tag }, at): Mistake[] => {
    const first = targets.findIndex((target) => target.tag === tag)
    if (!tag || first === at) return []
    return [{ message: `Multiple definitions for ${tag}`, field: `${field}[${first}].tag, ${field}[${at}].tag` }]
  })
}

function sumMistakes(targets: readonly Target[], field: string): Mistake[] {
  const sum = targets.reduce((total, { percent }) => total + (percent ?? 0), 0)
  return sum === percentMax ? [] : [{ message: `Traffic targets sum to ${sum}, want ${percentMax}`, field }]
}
