import * as z from "zod"

/** What a ConfigMap holds: texts by key. */
export type Data = Readonly<Record<string, string>>

/** How the text of a key is read; its mistakes are told in the words of Go's parsers, as Knative's are. */
export type Reading<Value> = z.ZodType<Value, string>

/** One key of a map: how its text is read, what holds without it, and what it is for. */
export interface Setting<Value> {
  readonly reading: Reading<Value>
  /** Text that holds when the key is not set; undefined: nothing holds. */
  readonly fallback: string | undefined
  /** Text that the example shows. */
  readonly example: string
  readonly description: string
  /** Older names of the key; the newer one wins. */
  readonly aliases: readonly string[]
}

type Settings = Readonly<Record<string, Setting<unknown>>>
export type ValuesOf<Given extends Settings> = {
  readonly [Key in keyof Given]: Given[Key] extends Setting<infer Value> ? Value : never
}

/** A map: its name, its keys, and the whole of it read at once. */
export interface MapDefinition<Values> {
  readonly name: string
  readonly description: string
  readonly settings: Settings
  readonly schema: z.ZodType<Values, Data>
  /** Text of the example block instead of the one that the settings make. */
  readonly example?: string
}

/** A key with a default. */
export function setting<Value>(
  reading: Reading<Value>,
  fallback: string,
  description: string,
  ...aliases: string[]
): Setting<Value> {
  return { reading, fallback, example: fallback, description, aliases }
}

/** A key without which there is nothing. */
export function unset<Value>(
  reading: Reading<Value>,
  example: string,
  description: string,
  ...aliases: string[]
): Setting<Value | undefined> {
  return { reading, fallback: undefined, example, description, aliases }
}

/** Keys that start like this are documentation. */
const documentation = "_"

/**
 * A map of known keys. Keys that are not known are passed over, as Knative does: another version of Wick may know them.
 * `rules` are what must hold between the keys, asked once each of them is read.
 */
export function defineMap<Given extends Settings>(
  name: string,
  description: string,
  settings: Given,
  rules: (values: ValuesOf<Given>) => string[] = () => [],
): MapDefinition<ValuesOf<Given>> {
  const schema = z.record(z.string(), z.string()).transform((data, context) => {
    const complain = (message: string): void => void context.issues.push({ code: "custom", message, input: data })
    const values = Object.fromEntries(
      Object.entries(settings).map(([key, { reading, fallback, aliases }]) => {
        const text = [key, ...aliases].map((name) => data[name]).find((found) => found !== undefined) ?? fallback
        if (text === undefined) return [key, undefined]
        const read = reading.safeParse(text)
        if (!read.success) complain(`failed to parse "${key}": ${read.error.issues[0]?.message}`)
        return [key, read.data]
      }),
    ) as ValuesOf<Given>
    if (context.issues.length === 0) for (const mistake of rules(values)) complain(mistake)
    return context.issues.length === 0 ? values : z.NEVER
  })
  return { name, description, settings, schema: schema as unknown as z.ZodType<ValuesOf<Given>, Data> }
}

/** The keys that are settings. */
export function withoutDocumentation(data: Data): Data {
  return Object.fromEntries(Object.entries(data).filter(([key]) => !key.startsWith(documentation)))
}
