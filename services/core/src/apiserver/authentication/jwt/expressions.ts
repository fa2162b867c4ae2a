import {
  CelError,
  CompileError,
  compile,
  dyn,
  fromJson,
  listOf,
  mapOf,
  type Program,
  ResultError,
  type Type,
  toJson,
} from "@wick/sdk/api/cel"
import type { FieldError } from "@wick/sdk/api/meta/field-error"
import type { JwtConfiguration } from "./configuration.ts"

/** What Kubernetes lets one expression cost. */
const costMax = 1_000_000
const text: Type = { kind: "string" }
const claimsType = mapOf(text, dyn)
const userType: Type = {
  kind: "object",
  name: "kubernetes.UserInfo",
  fields: new Map<string, Type>([
    ["username", text],
    ["uid", text],
    ["groups", listOf(text)],
    ["extra", mapOf(text, listOf(text))],
  ]),
}

/** Works an expression out of what it looks at (JSON), to JSON; throws CelError. */
export type Evaluation = (input: unknown) => unknown

/** The expressions of one authenticator, compiled: absent where it has none. */
export interface Expressions {
  readonly claimRules: readonly (Evaluation | undefined)[]
  readonly userRules: readonly (Evaluation | undefined)[]
  readonly username: Evaluation | undefined
  readonly groups: Evaluation | undefined
  readonly uid: Evaluation | undefined
  readonly extra: readonly (Evaluation | undefined)[]
}

export function compileExpressions(jwt: JwtConfiguration, path: string, errors: FieldError[]): Expressions {
  const ofClaims = compiler("claims", claimsType, errors)
  const ofUser = compiler("user", userType, errors)
  const { username, groups, uid, extra } = jwt.claimMappings
  const mapping = `${path}.claimMappings`
  return {
    claimRules: jwt.claimValidationRules.map(({ expression }, at) =>
      ofClaims(expression, `${path}.claimValidationRules[${at}].expression`, ["bool"]),
    ),
    userRules: jwt.userValidationRules.map(({ expression }, at) =>
      ofUser(expression, `${path}.userValidationRules[${at}].expression`, ["bool"]),
    ),
    username: ofClaims(username.expression, `${mapping}.username.expression`, ["string"]),
    groups: ofClaims(groups.expression, `${mapping}.groups.expression`, ["string", "list"]),
    uid: ofClaims(uid.expression, `${mapping}.uid.expression`, ["string"]),
    extra: extra.map(({ valueExpression }, at) =>
      ofClaims(valueExpression, `${mapping}.extra[${at}].valueExpression`, ["string", "list"]),
    ),
  }
}

function compiler(variable: string, type: Type, errors: FieldError[]) {
  const variables = new Map([[variable, type]])
  return (source: string, field: string, results: readonly Type["kind"][]): Evaluation | undefined => {
    // Whether one has to be there is the validation's to say.
    if (source === "") return undefined
    try {
      return evaluation(compile(source, { variables, results }), variable, type, results[0] === "bool")
    } catch (error) {
      if (!(error instanceof CompileError)) throw error
      const known = results.map((kind) => (kind === "list" ? "list(string)" : kind)).join(" or ")
      const detail = error instanceof ResultError ? `must evaluate to ${known}` : `compilation failed: ${error.message}`
      errors.push({ type: "Invalid", field, value: source, detail })
      return undefined
    }
  }
}

function evaluation(program: Program, variable: string, type: Type, isRule: boolean): Evaluation {
  return (input) => {
    const value = fromJson(input, type)
    const result = toJson(program.evaluate((name) => (name === variable ? value : undefined), { left: costMax }))
    if (isRule && typeof result !== "boolean") throw new CelError("expression does not evaluate to a bool")
    return result
  }
}
