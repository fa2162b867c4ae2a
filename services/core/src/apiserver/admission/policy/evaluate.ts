import { type Budget, CelError, dyn, fromJson, type Program, type Value } from "@wick/sdk/api/cel"
import type { Namespace } from "@wick/sdk/api/core/namespace"
import type { AnyObject } from "@wick/sdk/api/kind"
import type { Storage } from "#store"
import type { AdmissionAttributes } from "../step.ts"
import { readCoreObject } from "../stored-object.ts"
import { type CompiledPolicy, compiledPolicy } from "./compile.ts"
import type { Policy } from "./policy.ts"
import { type Authorize, LazyVariables, namespaceValue, remembered, requestValues } from "./surroundings.ts"

/** What one expression may cost, all of a policy for one write, and its conditions. */
const costMax = { expression: 1_000_000, policy: 10_000_000, conditions: 2_500_000 } as const

/** One policy, about to be asked of one write with one parameter. */
export interface Asking {
  readonly compiled: CompiledPolicy
  /** Throws CelError. */
  evaluate(program: Program): Value
  /** Whether all its conditions hold. One that does not outweighs one that fails. Throws CelError. */
  conditionsHold(): boolean
}

export async function asking(
  policy: Policy,
  attributes: AdmissionAttributes,
  params: AnyObject | undefined,
  { storage, authorize }: { readonly storage: Storage; readonly authorize: Authorize },
): Promise<Asking> {
  const compiled = compiledPolicy(policy)
  const isNamespaced = attributes.namespace !== "" && attributes.resource !== "namespaces"
  const namespace = isNamespaced
    ? await readCoreObject<Namespace>(storage, "namespaces", "", attributes.namespace)
    : undefined
  const values = new Map(requestValues(attributes, authorize))
  values.set(
    "params",
    remembered(() => fromJson(params, dyn)),
  )
  values.set(
    "namespaceObject",
    remembered(() => namespaceValue(namespace as AnyObject | undefined)),
  )
  const budget: Budget = { left: costMax.policy }
  const evaluate = (program: Program): Value => spend(program, values, budget)
  const own = compiled.variables.map(({ name, program }) => [name, remembered(() => evaluate(program))] as const)
  const variables = new LazyVariables(new Map(own))
  values.set("variables", () => variables)
  return { compiled, evaluate, conditionsHold: () => conditionsHold(compiled.conditions, values) }
}

type Values = ReadonlyMap<string, () => Value>

export function conditionsHold(
  conditions: readonly { readonly name: string; readonly program: Program }[],
  values: Values,
): boolean {
  const budget: Budget = { left: costMax.conditions }
  let failed: CelError | undefined
  for (const { name, program } of conditions) {
    try {
      if (spend(program, values, budget) !== true) return false
    } catch (error) {
      if (!(error instanceof CelError)) throw error
      failed ??= new CelError(`matchCondition ${JSON.stringify(name)} resulted in error: ${error.message}`)
    }
  }
  if (failed) throw failed
  return true
}

function spend(program: Program, values: Values, budget: Budget): Value {
  const own: Budget = { left: Math.min(costMax.expression, budget.left) }
  const given = own.left
  try {
    return program.evaluate((name) => values.get(name)?.(), own)
  } finally {
    budget.left -= given - own.left
  }
}
