import { CelError } from "@wick/sdk/api/cel"
import { StatusError } from "@wick/sdk/api/meta/status-error"
import { forbidden } from "../forbidden.ts"
import type { AdmissionAttributes } from "../step.ts"
import { asking } from "./evaluate.ts"
import type { PolicyOptions } from "./index.ts"
import { isConcerned } from "./match.ts"
import { ConfigurationError, paramsOf } from "./params.ts"
import type { Bound, Validating } from "./policy.ts"

interface Failure {
  readonly message: string
  readonly reason: string | undefined
}

const reasons = ["Unauthorized", "Forbidden", "RequestEntityTooLarge", "Invalid"] as const

/** Asks every policy in force; the first no, by name of policy and binding, is thrown. */
export async function validateAll(
  bound: readonly Bound<Validating>[],
  attributes: AdmissionAttributes,
  options: PolicyOptions,
): Promise<void> {
  let denied: StatusError | undefined
  for (const each of bound) {
    if (!(await isConcerned(each, attributes, options.storage))) continue
    const actions = (each.binding.spec as { validationActions?: readonly string[] } | undefined)?.validationActions ?? [
      "Deny",
    ]
    for (const failure of await failuresOf(each, attributes, options)) {
      const title = `ValidatingAdmissionPolicy '${each.policy.metadata.name}' with binding '${each.binding.metadata.name}'`
      if (actions.includes("Warn")) attributes.warn(`Validation failed for ${title}: ${failure.message}`)
      if (actions.includes("Deny"))
        denied ??= denial(attributes, `${title} denied request: ${failure.message}`, failure.reason)
    }
  }
  if (denied) throw denied
}

async function failuresOf(
  bound: Bound<Validating>,
  attributes: AdmissionAttributes,
  options: PolicyOptions,
): Promise<Failure[]> {
  const { policy } = bound
  const ignores = policy.spec?.failurePolicy === "Ignore"
  try {
    const failures: Failure[] = []
    for (const params of await paramsOf(bound, attributes.namespace, options.storage)) {
      const asked = await asking(policy, attributes, params, options)
      if (asked.compiled.errors.length > 0) throw new ConfigurationError(asked.compiled.errors[0]?.detail)
      if (!asked.conditionsHold()) continue
      for (const [index, { program, message }] of asked.compiled.validations.entries()) {
        const written = policy.spec?.validations?.[index]
        if (!written) continue
        const { expression, reason } = written
        try {
          if (asked.evaluate(program) === true) continue
          const text = message && textOf(() => asked.evaluate(message))
          failures.push({
            message: text ?? (written.message?.trim() || `failed expression: ${expression.trim()}`),
            reason,
          })
        } catch (error) {
          if (!(error instanceof CelError)) throw error
          if (!ignores)
            failures.push({ message: `expression '${expression}' resulted in error: ${error.message}`, reason })
        }
      }
    }
    return failures
  } catch (error) {
    if (!(error instanceof ConfigurationError || error instanceof CelError)) throw error
    const what = error instanceof ConfigurationError ? "failed to configure binding: " : ""
    return ignores ? [] : [{ message: `${what}${error.message}`, reason: undefined }]
  }
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
