import type { FieldError } from "@wick/sdk/api/meta/field-error"
import type { JobSpec } from "./job.ts"
import { duplicate, each, invalid, notNegative, oneOf, present, required } from "./mistake.ts"
import { qualifiedName } from "./name-format.ts"

type Rule = NonNullable<JobSpec["podFailurePolicy"]>["rules"][number]
type ExitCodes = NonNullable<Rule["onExitCodes"]>

const rulesMax = 20
const exitCodesMax = 255
const patternsMax = 20
const actions = ["Count", "FailIndex", "FailJob", "Ignore"]

function tooMany(field: string, count: number, most: number): FieldError[] {
  return count > most ? [{ type: "TooMany", field, value: count, detail: `must have at most ${most} items` }] : []
}

export function failurePolicyMistakes(field: string, spec: JobSpec): FieldError[] {
  const rules = spec.podFailurePolicy?.rules ?? []
  const { containers, initContainers = [] } = spec.template.spec
  const names = new Set([...containers, ...initContainers].map(({ name }) => name))
  return [
    ...tooMany(`${field}.rules`, rules.length, rulesMax),
    ...each(`${field}.rules`, rules, (rule, at) => ruleMistakes(rule, at, spec, names)),
  ]
}

function ruleMistakes(rule: Rule, at: string, spec: JobSpec, names: ReadonlySet<string>): FieldError[] {
  const { action, onExitCodes, onPodConditions = [] } = rule
  const mistakes = action === "" ? [required(`${at}.action`)] : oneOf(`${at}.action`, action, actions)
  if (action === "FailIndex" && spec.backoffLimitPerIndex === undefined) {
    mistakes.push(invalid(`${at}.action`, action, "requires the backoffLimitPerIndex to be set"))
  }
  if (onExitCodes) {
    mistakes.push(...exitCodeMistakes(`${at}.onExitCodes`, onExitCodes, names))
    if (onPodConditions.length > 0) {
      mistakes.push(invalid(at, null, "specifying both OnExitCodes and OnPodConditions is not supported"))
    }
    return mistakes
  }
  if (onPodConditions.length === 0) {
    mistakes.push(invalid(at, null, "specifying one of OnExitCodes and OnPodConditions is required"))
  }
  return [
    ...mistakes,
    ...tooMany(`${at}.onPodConditions`, onPodConditions.length, patternsMax),
    ...each(`${at}.onPodConditions`, onPodConditions, ({ type, status }, place) => [
      ...qualifiedName(`${place}.type`, type),
      ...oneOf(`${place}.status`, status, ["False", "True", "Unknown"]),
    ]),
  ]
}

function exitCodeMistakes(at: string, codes: ExitCodes, names: ReadonlySet<string>): FieldError[] {
  const { operator, containerName, values } = codes
  const field = `${at}.values`
  const mistakes = operator === "" ? [required(`${at}.operator`)] : oneOf(`${at}.operator`, operator, ["In", "NotIn"])
  if (containerName && !names.has(containerName)) {
    const detail = "must be one of the container or initContainer names in the pod template"
    mistakes.push(invalid(`${at}.containerName`, containerName, detail))
  }
  if (values.length === 0) mistakes.push(invalid(field, values, "at least one value is required"))
  const seen = new Set<number>()
  const judged = each(field, values, (value, place) => {
    const repeats = seen.has(value) ? [duplicate(place, value)] : []
    seen.add(value)
    return value === 0 && operator === "In"
      ? [...repeats, invalid(place, value, "must not be 0 for the In operator")]
      : repeats
  })
  const isSorted = values.every((value, index) => index === 0 || value >= (values[index - 1] ?? value))
  return [
    ...mistakes,
    ...tooMany(field, values.length, exitCodesMax),
    ...judged,
    ...(isSorted ? [] : [invalid(field, values, "must be ordered")]),
  ]
}

const range = /^\d+(-\d+)?$/

export function successPolicyMistakes(field: string, spec: JobSpec): FieldError[] {
  const rules = spec.successPolicy?.rules ?? []
  if (rules.length === 0)
    return [required(`${field}.rules`, "at least one rules must be specified when the successPolicy is specified")]
  return [
    ...tooMany(`${field}.rules`, rules.length, rulesMax),
    ...each(`${field}.rules`, rules, ({ succeededCount, succeededIndexes }, at) => {
      if (succeededCount === undefined && succeededIndexes === undefined) {
        return [required(at, "at least one of succeededCount or succeededIndexes must be specified")]
      }
      return [
        ...(succeededIndexes === undefined ? [] : indexMistakes(`${at}.succeededIndexes`, succeededIndexes, spec)),
        ...notNegative(`${at}.succeededCount`, succeededCount),
        ...(succeededCount !== undefined && spec.completions !== undefined && succeededCount > spec.completions
          ? [
              invalid(
                `${at}.succeededCount`,
                succeededCount,
                `must be less than or equal to ${spec.completions} (the number of specified completions)`,
              ),
            ]
          : []),
      ]
    }),
  ]
}

/** Indexes such as `1,3-5`, rising, and each below the number of completions. */
function indexMistakes(field: string, indexes: string, { completions = 0 }: JobSpec): FieldError[] {
  const parts = indexes.split(",")
  let last = -1
  for (const part of parts) {
    const [first = "", end = first] = part.split("-")
    const isRange = range.test(part) && Number(first) > last && Number(end) >= Number(first)
    if (!isRange || Number(end) >= completions) {
      const detail = `error parsing succeededIndexes: ${JSON.stringify(part)} must be an index or a range that rises and is below ${completions}`
      return [invalid(field, indexes, detail)]
    }
    last = Number(end)
  }
  return present(field, indexes)
}
