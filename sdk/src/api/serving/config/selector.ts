import { parse, YAMLParseError } from "yaml"
import * as z from "zod"
import type { Reading } from "./setting.ts"

/** Labels that must all be there with these values. */
export type Labels = Readonly<Record<string, string>>

const WithSelector = z.object({ selector: z.record(z.string(), z.coerce.string()).nullish() }).nullish()
const ByName = z.record(z.string(), WithSelector).nullish()

/** Labels under `selector:`; an empty text has none, so it selects everything. */
export const selector = fromYaml(WithSelector, (given): Labels => given?.selector ?? {})

/** Selectors by the name that they choose. */
export const selectorsByName = fromYaml(
  ByName,
  (given): Readonly<Record<string, Labels>> =>
    Object.fromEntries(Object.entries(given ?? {}).map(([name, value]) => [name, value?.selector ?? {}])),
)

/** A selector of Kubernetes, with `matchLabels` and `matchExpressions`. */
export interface LabelSelector {
  readonly matchLabels?: Labels | undefined
  readonly matchExpressions?: readonly {
    readonly key: string
    readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist"
    readonly values?: readonly string[] | undefined
  }[]
}

const Selector = z.strictObject({
  matchLabels: z.record(z.string(), z.string()).optional(),
  matchExpressions: z
    .array(
      z.strictObject({
        key: z.string(),
        operator: z.enum(["In", "NotIn", "Exists", "DoesNotExist"]),
        values: z.array(z.string()).optional(),
      }),
    )
    .optional(),
})

/** Nothing written: nothing is selected. */
export const labelSelector = fromYaml(
  Selector.nullish(),
  (given): LabelSelector | undefined => (given ?? undefined) as LabelSelector | undefined,
)

/** Whether an object's labels are chosen. */
export function matches(chosen: Labels, labels: Labels | undefined): boolean {
  return Object.entries(chosen).every(([name, value]) => labels?.[name] === value)
}

/** Of the names whose selectors choose the labels: the one with the most specific, then the first by name. */
export function mostSpecific(byName: Readonly<Record<string, Labels>>, labels: Labels | undefined): string | undefined {
  const size = (name: string): number => Object.keys(byName[name] ?? {}).length
  return Object.keys(byName)
    .filter((name) => matches(byName[name] ?? {}, labels))
    .toSorted((a, b) => size(b) - size(a) || (a < b ? -1 : 1))[0]
}

function fromYaml<Given, Value>(schema: z.ZodType<Given>, use: (given: Given) => Value): Reading<Value> {
  return z.string().transform((given, context) => {
    const complain = (message: string): typeof z.NEVER => {
      context.issues.push({ code: "custom", message, input: given })
      return z.NEVER
    }
    try {
      const read = schema.safeParse(given.trim() === "" ? null : parse(given))
      if (read.success) return use(read.data)
      const [issue] = read.error.issues
      return complain(`error converting YAML to JSON: ${[...(issue?.path ?? []), issue?.message].join(": ")}`)
    } catch (error) {
      if (error instanceof YAMLParseError) return complain(`error converting YAML to JSON: yaml: ${error.message}`)
      throw error
    }
  }) as unknown as Reading<Value>
}
