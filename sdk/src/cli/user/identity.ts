import { CommandError, exitCodes } from "../context.ts"
import { formatElapsed } from "../duration.ts"

/** Upper bound of a common name and an organization in a certificate (RFC 5280, ub-common-name). */
const nameBytesMax = 64
/** What Kubernetes asks of `spec.expirationSeconds`, too. */
export const expiryMinMs = 600_000
const expirySecondsMax = 2 ** 31 - 1

/** Throws saying which name or time cannot stand in a user's certificate, and what would be right. */
export function checkIdentity(name: string, groups: readonly string[], expiresMs: number): void {
  checkName(name, "user name")
  for (const group of groups) {
    if (group === "system:masters") {
      throw wrong(
        `group "system:masters": no certificate makes a master`,
        "--role cluster-admin, which can be taken back",
      )
    }
    checkName(group, "group")
  }
  if (expiresMs < expiryMinMs) {
    throw wrong(`--expires ${formatElapsed(expiresMs)}: must be at least 10m`, "--expires 10m")
  }
  if (expiresMs / 1000 > expirySecondsMax) throw wrong("--expires: must be less than 68 years", "--expires 365d")
}

function checkName(name: string, what: string): void {
  const shown = `${what} ${JSON.stringify(name)}`
  if (name.trim() !== name || name === "") throw wrong(`${shown}: must not be empty, or begin or end with a space`)
  if (/\p{Cc}/u.test(name)) throw wrong(`${shown}: must not have control characters in it`)
  if (name.startsWith("system:")) throw wrong(`${shown}: "system:" begins the names of Kubernetes' own components`)
  if (Buffer.byteLength(name) > nameBytesMax) throw wrong(`${shown}: must be no more than ${nameBytesMax} bytes`)
}

function wrong(message: string, next?: string): CommandError {
  return new CommandError(message, next, exitCodes.usage)
}
