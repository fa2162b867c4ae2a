import * as z from "zod"
import { ConfigurationError } from "../../configuration-error.ts"

/** The second is of the time before the first, and says the same. */
const versions = ["apiserver.config.k8s.io/v1", "apiserver.config.k8s.io/v1beta1"] as const
const text = z.string().default("")
const expression = { claim: text, expression: text }
const prefixed = z.strictObject({ ...expression, prefix: z.string().optional() })

const issuer = z.strictObject({
  url: text,
  discoveryURL: text,
  certificateAuthority: text,
  audiences: z.array(z.string()).default([]),
  audienceMatchPolicy: text,
})

const authenticator = z.strictObject({
  issuer: issuer.prefault({}),
  claimValidationRules: z
    .array(z.strictObject({ claim: text, requiredValue: text, expression: text, message: text }))
    .default([]),
  claimMappings: z
    .strictObject({
      username: prefixed.prefault({}),
      groups: prefixed.prefault({}),
      uid: z.strictObject(expression).prefault({}),
      extra: z.array(z.strictObject({ key: text, valueExpression: text })).default([]),
    })
    .prefault({}),
  userValidationRules: z.array(z.strictObject({ expression: text, message: text })).default([]),
})

/** `apiserver.config.k8s.io/v1` AuthenticationConfiguration: whose tokens are believed, and what they say of a user. */
const configuration = z.strictObject({
  apiVersion: z.enum(versions),
  kind: z.literal("AuthenticationConfiguration"),
  jwt: z.array(authenticator).default([]),
  anonymous: z
    .strictObject({
      enabled: z.boolean().default(false),
      conditions: z.array(z.strictObject({ path: z.string() })).default([]),
    })
    .optional(),
})

export type AuthenticationConfiguration = z.output<typeof configuration>
/** One issuer, and how its tokens are read. */
export type JwtConfiguration = AuthenticationConfiguration["jwt"][number]

/** The configuration in its whole form; throws ConfigurationError for a field that is of no such form, or that no one knows. */
export function parseAuthentication(value: unknown): AuthenticationConfiguration {
  const parsed = configuration.safeParse(value)
  if (parsed.success) return parsed.data
  const mistakes = parsed.error.issues.flatMap((issue) => {
    const path = pathText(issue.path)
    if (issue.code !== "unrecognized_keys") return `${path || "the file"}: ${issue.message}`
    return issue.keys.map((key) => `strict decoding error: unknown field "${path ? `${path}.` : ""}${key}"`)
  })
  throw new ConfigurationError(mistakes.join("\n"))
}

function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((part, at) => (typeof part === "number" ? `[${part}]` : `${at > 0 ? "." : ""}${String(part)}`))
    .join("")
}
