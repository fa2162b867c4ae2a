import { CompileError, compile, type Program, ResultError, requestMaxBytes, type Type } from "../cel/index.ts"
import { countMax, minimumSize, resourceFields, schemaType } from "../cel/schema-type.ts"
import type { FieldError } from "../meta/field-error.ts"
import type { JsonSchema } from "../structural/json-schema.ts"
import { isObject } from "../structural/shape.ts"
import { type CompiledRule, estimateMax, type Rule, reasons } from "./rule.ts"

/** The rules of a schema and of what lies below it. Parts without any are left out. */
export interface CompiledRules {
  readonly type: Type
  /** As the schema says it, for messages. */
  readonly typeName: string
  readonly rules: readonly CompiledRule[]
  readonly properties: ReadonlyMap<string, CompiledRules>
  readonly additional: CompiledRules | undefined
  readonly items: CompiledRules | undefined
  /** By which keys items of a list are the same ones as before; undefined: they cannot be told. */
  readonly mapKeys: readonly string[] | undefined
  /** Replaced as a whole: what is in it has no past. */
  readonly atomic: boolean
}

interface Place {
  readonly at: string
  readonly isRoot: boolean
  /** How often a part like this can occur in an object; undefined: as often as fits into a request. */
  readonly count: number | undefined
  /** Where the parts begin that cannot be told from each other across a change. */
  readonly unrelated: string | undefined
}

/** Compiles all rules of the schema that stands at `at`, with every mistake in them. */
export function compileRules(
  schema: JsonSchema,
  at: string,
): { rules: CompiledRules | undefined; errors: FieldError[] } {
  const compiler = new RuleCompiler()
  const rules = compiler.compile(schema, { at, isRoot: true, count: 1, unrelated: undefined })
  if (compiler.total > estimateMax.definition) {
    const name = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema"
    compiler.errors.push({
      type: "Forbidden",
      field: at,
      detail: exceeds(name, compiler.total, estimateMax.definition),
    })
  }
  return { rules, errors: compiler.errors }
}

class RuleCompiler {
  readonly errors: FieldError[] = []
  total = 0

  compile(schema: JsonSchema, place: Place): CompiledRules | undefined {
    const { at } = place
    const written = schema["x-kubernetes-validations"]
    const list = Array.isArray(written) ? (written as readonly Rule[]) : []
    // Most parts of a schema have no rule and no need of a type.
    const type = list.length > 0 ? typeOf(schema, place.isRoot) : undefined
    const rules = list.flatMap((rule, index) =>
      this.#rule(rule, `${at}.x-kubernetes-validations[${index}]`, schema, type, place),
    )
    const properties = new Map<string, CompiledRules>()
    for (const [name, field] of Object.entries(schema.properties ?? {})) {
      const below = this.compile(field, { ...place, at: `${at}.properties[${name}]`, isRoot: false })
      if (below) properties.set(name, below)
    }
    const { additionalProperties, items } = schema
    const atomic = schema["x-kubernetes-map-type"] === "atomic"
    const additional =
      typeof additionalProperties === "object"
        ? this.compile(additionalProperties, below(place, `${at}.additionalProperties`, schema.maxProperties, atomic))
        : undefined
    const isMap = schema["x-kubernetes-list-type"] === "map"
    const ofItems = items && this.compile(items, below(place, `${at}.items`, schema.maxItems, !isMap))
    if (rules.length === 0 && properties.size === 0 && !additional && !ofItems) return undefined
    return {
      type: type ?? typeOf(schema, place.isRoot) ?? { kind: "dyn" },
      typeName: String(schema.type ?? ""),
      rules,
      properties,
      additional,
      items: ofItems,
      mapKeys: isMap ? schema["x-kubernetes-list-map-keys"] : undefined,
      atomic,
    }
  }

  #rule(rule: Rule, at: string, schema: JsonSchema, type: Type | undefined, place: Place): CompiledRule[] {
    const before = this.errors.length
    this.errors.push(...mistakesOfText(rule, at))
    if (typeof rule.rule !== "string" || rule.rule.trim() === "") return []
    if (type === undefined) {
      this.errors.push(
        invalid(
          `${at}.rule`,
          rule.rule,
          "compilation failed: undeclared reference to 'self': the schema says nothing of its type",
        ),
      )
      return []
    }
    const oldSelf: Type = rule.optionalOldSelf === true ? { kind: "optional", element: type } : type
    const variables = new Map([
      ["self", type],
      ["oldSelf", oldSelf],
    ])
    const program = this.#program(rule.rule, `${at}.rule`, variables, "bool")
    const message = rule.messageExpression?.trim()
      ? this.#program(rule.messageExpression, `${at}.messageExpression`, variables, "string")
      : undefined
    if (program === undefined) return []
    const isTransition = program.reads("oldSelf") || rule.optionalOldSelf === true
    if (isTransition && place.unrelated !== undefined) {
      const detail = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${place.unrelated}`
      this.errors.push(invalid(`${at}.rule`, rule.rule, detail))
    }
    this.#judgeCost(program, `${at}.rule`, "estimated rule cost", schema, place)
    if (message) this.#judgeCost(message, `${at}.messageExpression`, "estimated messageExpression cost", schema, place)
    return this.errors.length > before ? [] : [{ rule, program, message, isTransition }]
  }

  #program(
    source: string,
    at: string,
    variables: ReadonlyMap<string, Type>,
    result: "bool" | "string",
  ): Program | undefined {
    try {
      return compile(source, { variables, results: [result] })
    } catch (error) {
      if (error instanceof ResultError) {
        const detail =
          result === "bool" ? "cel expression must evaluate to a bool" : "messageExpression must evaluate to a string"
        this.errors.push(invalid(at, source, detail))
      } else if (error instanceof CompileError) {
        this.errors.push(invalid(at, source, `compilation failed: ${error.message}`))
      } else throw error
      return undefined
    }
  }

  #judgeCost(program: Program, at: string, name: string, schema: JsonSchema, { count }: Place): void {
    const times = count ?? Math.max(1, Math.floor(requestMaxBytes / (minimumSize(schema) + 1)))
    const cost = program.cost * times
    this.total += cost
    if (cost <= estimateMax.rule) return
    this.errors.push({ type: "Forbidden", field: at, detail: exceeds(name, cost, estimateMax.rule) })
  }
}

/** The root is a resource, whether its schema says so or not. */
function typeOf(schema: JsonSchema, isRoot: boolean): Type | undefined {
  const type = schemaType(isRoot ? { properties: {}, ...schema, type: "object" } : schema)
  if (!isRoot || type?.kind !== "object") return type
  return { ...type, fields: new Map([...type.fields, ...resourceFields]) }
}

function below(place: Place, at: string, max: number | undefined, isUnrelated: boolean): Place {
  const count = max === undefined || place.count === undefined ? undefined : place.count * max
  const unrelated = place.unrelated ?? (isUnrelated ? at : undefined)
  // No more than fit into a request, however many the schema allows.
  return { at, isRoot: false, count: count === undefined ? undefined : Math.min(count, countMax(1)), unrelated }
}

function mistakesOfText(rule: Rule, at: string): FieldError[] {
  const errors: FieldError[] = []
  if (!isObject(rule) || typeof rule.rule !== "string" || rule.rule.trim() === "") {
    return [{ type: "Required", field: `${at}.rule`, detail: "rule is not specified" }]
  }
  const { message, messageExpression, reason, fieldPath } = rule as Rule
  if (message !== undefined && message !== "" && message.trim() === "") {
    errors.push(invalid(`${at}.message`, message, "message must be non-empty if specified"))
  } else if (message?.trim().includes("\n")) {
    errors.push(invalid(`${at}.message`, message, "message must not contain line breaks"))
  } else if (!message && (rule.rule as string).trim().includes("\n")) {
    errors.push({
      type: "Required",
      field: `${at}.message`,
      detail: "message must be specified if rule contains line breaks",
    })
  }
  if (messageExpression !== undefined && messageExpression !== "" && messageExpression.trim() === "") {
    errors.push({ type: "Required", field: `${at}.messageExpression`, detail: "must be non-empty if specified" })
  }
  if (reason !== undefined && !(reasons as readonly string[]).includes(reason)) {
    const detail = `supported values: ${reasons.map((each) => JSON.stringify(each)).join(", ")}`
    errors.push({ type: "NotSupported", field: `${at}.reason`, value: reason, detail })
  }
  if (fieldPath !== undefined && !/^(\.[A-Za-z_][\w-]*|\['[^'\]]+'\])+$/.test(fieldPath)) {
    errors.push(
      invalid(
        `${at}.fieldPath`,
        fieldPath,
        "fieldPath must be a valid path such as .spec.replicas or ['app.example.com']",
      ),
    )
  }
  return errors
}

function exceeds(name: string, cost: number, max: number): string {
  const factor = cost / max
  const shown = factor > 100 ? "more than 100x" : factor < 1.5 ? `${factor.toFixed(6)}x` : `${factor.toFixed(1)}x`
  return `${name} exceeds budget by factor of ${shown} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`
}

function invalid(field: string, value: unknown, detail: string): FieldError {
  return { type: "Invalid", field, value, detail }
}
