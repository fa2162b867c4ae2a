import { CompileError, compile, dyn, openMessage, type Program, ResultError, type Type } from "@wick/sdk/api/cel"
import type { FieldError } from "@wick/sdk/api/meta/field-error"
import type { Mutating, Policy, Validating } from "./policy.ts"
import { requestVariables } from "./surroundings.ts"

export interface CompiledPolicy {
  readonly conditions: readonly { readonly name: string; readonly program: Program }[]
  readonly variables: readonly { readonly name: string; readonly program: Program }[]
  readonly validations: readonly { readonly program: Program; readonly message: Program | undefined }[]
  readonly annotations: readonly { readonly key: string; readonly program: Program }[]
  readonly mutations: readonly Program[]
  readonly errors: readonly FieldError[]
}

const known = new WeakMap<Policy, CompiledPolicy>()

/** Compiled once for each version of a policy. */
export function compiledPolicy(policy: Policy): CompiledPolicy {
  const already = known.get(policy)
  if (already) return already
  const made = compilePolicy(policy)
  known.set(policy, made)
  return made
}

type Written = { readonly name: string; readonly expression: string }

/** Conditions may not use what is worked out only when they hold. */
export function compileConditions(
  conditions: readonly Written[],
  at: string,
  errors: FieldError[],
  more: ReadonlyMap<string, Type> = new Map(),
): { name: string; program: Program }[] {
  const variables = new Map([...requestVariables, ...more])
  return conditions.flatMap(({ name, expression }, index) => {
    const program = tryCompile(expression, `${at}[${index}].expression`, variables, ["bool"], errors)
    return program ? [{ name, program }] : []
  })
}

/** `types` are what is known of variables that may else be anything. */
export function compilePolicy(policy: Policy, types: ReadonlyMap<string, Type> = new Map()): CompiledPolicy {
  const errors: FieldError[] = []
  const spec = (policy.spec ?? {}) as NonNullable<Validating["spec"]> & NonNullable<Mutating["spec"]>
  const params: ReadonlyMap<string, Type> = spec.paramKind ? new Map([["params", dyn]]) : new Map()
  const more = new Map([...params, ...types])
  const conditions = compileConditions(spec.matchConditions ?? [], "spec.matchConditions", errors, more)
  const fields = new Map<string, Type>()
  const scope = new Map<string, Type>([
    ...requestVariables,
    ...more,
    ["namespaceObject", dyn],
    ["variables", { kind: "object", name: "kubernetes.variables", fields }],
  ])
  const variables = (spec.variables ?? []).flatMap(({ name, expression }, index) => {
    const program = tryCompile(expression, `spec.variables[${index}].expression`, scope, undefined, errors)
    // Known to the expressions after it only: none can wait for itself.
    fields.set(name, program?.type ?? dyn)
    return program ? [{ name, program }] : []
  })
  const validations = (spec.validations ?? []).flatMap(({ expression, messageExpression }, index) => {
    const at = `spec.validations[${index}]`
    const program = tryCompile(expression, `${at}.expression`, scope, ["bool"], errors)
    const message = messageExpression
      ? tryCompile(messageExpression, `${at}.messageExpression`, scope, ["string"], errors)
      : undefined
    return program ? [{ program, message }] : []
  })
  const annotations = (spec.auditAnnotations ?? []).flatMap(({ key, valueExpression }, index) => {
    const at = `spec.auditAnnotations[${index}].valueExpression`
    const program = tryCompile(valueExpression, at, scope, ["string", "null"], errors)
    return program ? [{ key, program }] : []
  })
  const mutations = (spec.mutations ?? []).flatMap(({ patchType, applyConfiguration, jsonPatch }, index) => {
    const isApply = patchType === "ApplyConfiguration"
    const at = `spec.mutations[${index}].${isApply ? "applyConfiguration" : "jsonPatch"}.expression`
    const source = (isApply ? applyConfiguration : jsonPatch)?.expression ?? ""
    const program = tryCompile(source, at, scope, [isApply ? "object" : "list"], errors)
    return program ? [program] : []
  })
  return { conditions, variables, validations, annotations, mutations, errors }
}

/** `Object{}` and the parts of it, and operations of a patch. */
function messages(name: string): Type | undefined {
  return name === "Object" || name === "JSONPatch" || name.startsWith("Object.") ? openMessage(name) : undefined
}

function tryCompile(
  source: string,
  at: string,
  variables: ReadonlyMap<string, Type>,
  results: readonly Type["kind"][] | undefined,
  errors: FieldError[],
): Program | undefined {
  if (source.trim() === "") {
    errors.push({ type: "Required", field: at, detail: "expression is not specified" })
    return undefined
  }
  try {
    return compile(source, { variables, messages, ...(results && { results }) })
  } catch (error) {
    if (!(error instanceof CompileError)) throw error
    const detail = error instanceof ResultError ? error.message : `compilation failed: ${error.message}`
    errors.push({ type: "Invalid", field: at, value: source, detail })
    return undefined
  }
}
