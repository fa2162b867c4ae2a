import { renamed } from "../face.ts"

/**
 * Metrics as `autoscaling/v1` writes them in annotations, to and from those of v2. v1 has no field for them: it kept the
 * form of an older version, in which the name of a field says how the amount is meant.
 */
type Fields = Readonly<Record<string, unknown>>
type Names = readonly (readonly [v1: string, v2: string])[]

interface Source {
  /** Fields that stand in the source itself, in both. */
  readonly own: Names
  /** Fields of v1 that are parts of v2's `metric`. */
  readonly metric: Names
  /** The same of `target`, and of `current`. */
  readonly target: Names
  readonly current: Names
}

const usage = (word: string): Names => [
  [`${word}AverageUtilization`, "averageUtilization"],
  [`${word}AverageValue`, "averageValue"],
]
const identity: Names = [
  ["metricName", "name"],
  ["selector", "selector"],
]
const sources: Readonly<Record<string, Source>> = {
  resource: { own: [["name", "name"]], metric: [], target: usage("target"), current: usage("current") },
  containerResource: {
    own: [
      ["name", "name"],
      ["container", "container"],
    ],
    metric: [],
    target: usage("target"),
    current: usage("current"),
  },
  pods: {
    own: [],
    metric: identity,
    target: [["targetAverageValue", "averageValue"]],
    current: [["currentAverageValue", "averageValue"]],
  },
  object: {
    own: [["target", "describedObject"]],
    metric: identity,
    target: [
      ["targetValue", "value"],
      ["averageValue", "averageValue"],
    ],
    current: [
      ["currentValue", "value"],
      ["averageValue", "averageValue"],
    ],
  },
  external: {
    own: [],
    metric: [
      ["metricName", "name"],
      ["metricSelector", "selector"],
    ],
    target: [
      ["targetValue", "value"],
      ["targetAverageValue", "averageValue"],
    ],
    current: [
      ["currentValue", "value"],
      ["currentAverageValue", "averageValue"],
    ],
  },
}

/** `target` in a spec, `current` in a status. */
export type Amount = "target" | "current"

export function metricFromV1(metric: Fields, amount: Amount): Fields {
  return mapped(metric, (from, source) => {
    const { own, metric, [amount]: names } = source
    const amounts = renamed(from, names)
    return {
      ...renamed(from, own),
      ...(metric.length > 0 && { metric: renamed(from, metric) }),
      [amount]: amount === "target" ? { type: targetType(amounts), ...withoutIdleValue(amounts) } : amounts,
    }
  })
}

export function metricToV1(metric: Fields, amount: Amount): Fields {
  return mapped(metric, (from, source) => {
    const { own, metric, [amount]: names } = source
    return {
      ...renamed(from, own.map(swapped)),
      ...renamed((from.metric ?? {}) as Fields, metric.map(swapped)),
      ...renamed((from[amount] ?? {}) as Fields, names.map(swapped)),
      // Required there, also when it is the average that counts.
      ...(own === sources.object?.own && { [names[0]?.[0] ?? ""]: ((from[amount] ?? {}) as Fields).value ?? "0" }),
    }
  })
}

function mapped(metric: Fields, convert: (from: Fields, source: Source) => Fields): Fields {
  const result: Record<string, unknown> = { type: metric.type }
  for (const [name, source] of Object.entries(sources)) {
    const from = metric[name]
    if (from !== undefined) result[name] = convert(from as Fields, source)
  }
  return result
}

function swapped([v1, v2]: readonly [string, string]): readonly [string, string] {
  return [v2, v1]
}

function targetType(amounts: Fields): string {
  if (amounts.averageUtilization !== undefined) return "Utilization"
  return amounts.averageValue !== undefined ? "AverageValue" : "Value"
}

function withoutIdleValue(amounts: Fields): Fields {
  const { value, ...rest } = amounts
  return rest.averageValue !== undefined && value === "0" ? rest : amounts
}
