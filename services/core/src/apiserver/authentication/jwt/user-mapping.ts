import { authenticated, type UserInfo } from "../user.ts"
import type { JwtConfiguration } from "./configuration.ts"
import type { Evaluation, Expressions } from "./expressions.ts"

/** What a token says of whom it was given to; its signature, issuer, audience and times are good. */
export type Claims = Readonly<Record<string, unknown>>

/** Why a token that is genuine is nobody's here. */
export class MappingError extends Error {
  override name = "MappingError"
}

/** The user that a token's claims make; throws MappingError, or CelError for an expression that fails. Pure. */
export function userOf(jwt: JwtConfiguration, expressions: Expressions, claims: Claims): UserInfo {
  checkClaims(jwt, expressions, claims)
  const name = usernameOf(jwt.claimMappings.username, expressions.username, claims)
  const uid = textOf(jwt.claimMappings.uid.claim, expressions.uid, claims, "uid")
  const groups = groupsOf(jwt.claimMappings.groups, expressions.groups, claims)
  const extra = extraOf(jwt.claimMappings.extra, expressions.extra, claims)
  const user: UserInfo = {
    name,
    groups,
    ...(uid !== undefined && uid !== "" && { uid }),
    ...(Object.keys(extra).length > 0 && { extra }),
  }
  checkUser(jwt, expressions, user)
  return authenticated(user)
}

function checkClaims({ claimValidationRules }: JwtConfiguration, { claimRules }: Expressions, claims: Claims): void {
  claimValidationRules.forEach(({ claim, requiredValue, expression, message }, at) => {
    if (claim === "") {
      if (claimRules[at]?.(claims) === true) return
      throw new MappingError(`validation expression '${expression}' failed${message && `: ${message}`}`)
    }
    const value = claims[claim]
    if (value === undefined) throw new MappingError(`required claim ${claim} not present in ID token`)
    if (typeof value !== "string") throw new MappingError(`parse claim ${claim}: it is not a string`)
    if (value !== requiredValue) {
      throw new MappingError(`required claim ${claim} value does not match. Got = ${value}, want = ${requiredValue}`)
    }
  })
}

type Prefixed = JwtConfiguration["claimMappings"]["username"]

function usernameOf({ claim, prefix = "" }: Prefixed, evaluate: Evaluation | undefined, claims: Claims): string {
  const name = textOf(claim, evaluate, claims, "username")
  if (name === undefined) throw new MappingError(`parse username claims "${claim}": claim not present`)
  if (name === "") throw new MappingError("the username is empty")
  // An address that its owner never confirmed could be anybody's.
  if (!evaluate && claim === "email" && claims.email_verified !== undefined && claims.email_verified !== true) {
    throw new MappingError("email not verified")
  }
  return evaluate ? name : prefix + name
}

function textOf(claim: string, evaluate: Evaluation | undefined, claims: Claims, what: string): string | undefined {
  const value = evaluate ? evaluate(claims) : claims[claim]
  if (value === undefined && !evaluate) return undefined
  if (typeof value === "string") return value
  throw new MappingError(`${what}: ${evaluate ? "the expression" : `claim "${claim}"`} gives no string`)
}

function groupsOf({ claim, prefix = "" }: Prefixed, evaluate: Evaluation | undefined, claims: Claims): string[] {
  if (evaluate) return textsOf(evaluate(claims), "groups: the expression")
  return textsOf(claims[claim], `groups: claim "${claim}"`).map((group) => prefix + group)
}

function extraOf(
  extra: JwtConfiguration["claimMappings"]["extra"],
  evaluations: Expressions["extra"],
  claims: Claims,
): Record<string, string[]> {
  const all = extra.map(({ key }, at): [string, string[]] => [
    key,
    textsOf(evaluations[at]?.(claims), `extra ${key}: the expression`).filter(Boolean),
  ])
  return Object.fromEntries(all.filter(([, values]) => values.length > 0))
}

/** A string is a list of itself; nothing, and an empty string, is an empty list. */
function textsOf(value: unknown, what: string): string[] {
  if (value === undefined || value === null || value === "") return []
  const list = Array.isArray(value) ? value : [value]
  if (list.every((item) => typeof item === "string")) return list
  throw new MappingError(`${what} gives neither a string nor a list of strings`)
}

function checkUser({ userValidationRules }: JwtConfiguration, { userRules }: Expressions, user: UserInfo): void {
  const seen = { username: user.name, uid: user.uid ?? "", groups: user.groups, extra: user.extra ?? {} }
  userValidationRules.forEach(({ expression, message }, at) => {
    if (userRules[at]?.(seen) === true) return
    throw new MappingError(`error evaluating user info expression '${expression}'${message && `: ${message}`}`)
  })
}
