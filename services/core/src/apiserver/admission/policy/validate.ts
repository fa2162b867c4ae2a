import { CelError } from "@wick/sdk/api/cel"
import { StatusError } from "@wick/sdk/api/meta/status-error"
import { underName } from "../equivalent.ts"
import { forbidden } from "../forbidden.ts"
import type { AdmissionAttributes } from "../step.ts"
import { type Asking, asking } from "./evaluate.ts"
import type { PolicyOptions } from "./index.ts"
import { concern } from "./match.ts"
import { Notes } from "./notes.ts"
import { ConfigurationError, paramsOf } from "./params.ts"
import type { Bound, Validating } from "./policy.ts"

interface Failure {
  readonly message: string
  readonly reason: string | undefined
  /** Which of the policy's expressions it is. */
  readonly index: number
  /** Whether the expression could not be worked out. */
  readonly isError: boolean
}

const reasons = ["Unauthorized", "Forbidden", "RequestEntityTooLarge", "Invalid"] as const

/** Asks every policy in force; the first no, by name of policy and binding, is thrown. */
export async function validateAll(
  bound: readonly Bound<Validating>[],
  attributes: AdmissionAttributes,
  options: PolicyOptions,
): Promise<void> {
  let denied: StatusError | undefined
  const notes = new Notes()
  for (const each of bound) {
    const name = await concern(each, attributes, options.storage)
    if (!name) continue
    const { validationActions: actions = ["Deny"] } = each.binding.spec as { validationActions?: readonly string[] }
    for (const failure of await failuresOf(each, await underName(attributes, name), options, notes)) {
      const title = `ValidatingAdmissionPolicy '${each.policy.metadata.name}' with binding '${each.binding.metadata.name}'`
      if (actions.includes("Warn")) attributes.warn(`Validation failed for ${title}: ${failure.message}`)
      if (actions.includes("Audit")) notes.failed(each, failure, actions)
      if (actions.includes("Deny"))
        denied ??= denial(attributes, `${title} denied request: ${failure.message}`, failure.reason)
    }
  }
  for (const [key, value] of notes.all()) attributes.annotate?.(key, value)
  if (denied) throw denied
}

async function failuresOf(
  bound: Bound<Validating>,
  attributes: AdmissionAttributes,
  options: PolicyOptions,
  notes: Notes,
): Promise<Failure[]> {
  const { policy } = bound
  const ignores = policy.spec?.failurePolicy === "Ignore"
  try {
    const failures: Failure[] = []
    for (const params of await paramsOf(bound, attributes.namespace, options.storage)) {
      const asked = await asking(policy, attributes, params, options)
      if (asked.compiled.errors.length > 0) throw new ConfigurationError(asked.compiled.errors[0]?.detail)
      if (!asked.conditionsHold()) continue
      failures.push(...failuresIn(policy, asked), ...annotate(policy, asked, notes))
    }
    return failures.filter(({ isError }) => !(isError && ignores))
  } catch (error) {
    if (!(error instanceof ConfigurationError || error instanceof CelError)) throw error
    const what = error instanceof ConfigurationError ? "failed to configure binding: " : ""
    return ignores ? [] : [{ message: `${what}${error.message}`, reason: undefined, index: 0, isError: true }]
  }
}

function failuresIn({ spec }: Validating, { compiled, evaluate }: Asking): Failure[] {
  return compiled.validations.flatMap(({ program, message }, index): Failure[] => {
    const { expression, reason, message: written } = spec?.validations?.[index] ?? { expression: "" }
    try {
      if (evaluate(program) === true) return []
      const text = message && textOf(() => evaluate(message))
      const said = text ?? (written?.trim() || `failed expression: ${expression.trim()}`)
      return [{ message: said, reason, index, isError: false }]
    } catch (error) {
      if (!(error instanceof CelError)) throw error
      return [
        { message: `expression '${expression}' resulted in error: ${error.message}`, reason, index, isError: true },
      ]
    }
  })
}

/** Notes what the policy wants noted; what cannot be worked out fails. */
function annotate({ metadata, spec }: Validating, { compiled, evaluate }: Asking, notes: Notes): Failure[] {
  return compiled.annotations.flatMap(({ key, program }, index): Failure[] => {
    try {
      const value = evaluate(program)
      if (typeof value === "string") notes.add(`${metadata.name}/${key}`, value)
      return []
    } catch (error) {
      if (!(error instanceof CelError)) throw error
      const { valueExpression } = spec?.auditAnnotations?.[index] ?? { valueExpression: "" }
      const message = `valueExpression '${valueExpression}' resulted in error: ${error.message}`
      return [{ message, reason: undefined, index, isError: true }]
    }
  })
}

const messageMax = 5 * 1024

/** What a message expression comes to; undefined when it fails or says nothing that fits on a line. */
function textOf(evaluate: () => unknown): string | undefined {
  try {
    const text = evaluate()
    const fits = typeof text === "string" && text.trim() !== "" && text.length <= messageMax && !text.includes("\n")
    return fits ? text.trim() : undefined
  } catch (error) {
    if (error instanceof CelError) return undefined
    throw error
  }
}

function denial(attributes: AdmissionAttributes, why: string, reason: string | undefined): StatusError {
  const { message, details } = forbidden(attributes, why)
  const chosen = reasons.find((each) => each === reason) ?? "Invalid"
  return new StatusError(chosen, message, { ...details, causes: [{ message: why }] })
}
