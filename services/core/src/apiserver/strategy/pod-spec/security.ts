import type { PodSecurityContext, SecurityContext } from "@wick/sdk/api/core/security-context"
import type { FieldError } from "@wick/sdk/api/meta/field-error"
import { each, invalid, present, required } from "../mistake.ts"

const idMax = 2_147_483_647

function idMistakes(field: string, id: number | undefined): FieldError[] {
  if (id === undefined || (id >= 0 && id <= idMax)) return []
  return [invalid(field, id, `must be between 0 and ${idMax}, inclusive`)]
}

type Identity = Pick<SecurityContext, "runAsUser" | "runAsGroup" | "seccompProfile" | "appArmorProfile">

function identityMistakes(field: string, context: Identity): FieldError[] {
  return [
    ...idMistakes(`${field}.runAsUser`, context.runAsUser),
    ...idMistakes(`${field}.runAsGroup`, context.runAsGroup),
    ...profileMistakes(`${field}.seccompProfile`, context.seccompProfile, "seccomp"),
    ...profileMistakes(`${field}.appArmorProfile`, context.appArmorProfile, "AppArmor"),
  ]
}

function profileMistakes(at: string, profile: SecurityContext["seccompProfile"], word: string): FieldError[] {
  if (!profile) return []
  const { type, localhostProfile } = profile
  const field = `${at}.localhostProfile`
  if (type === "Localhost") {
    return present(field, localhostProfile, `must be set when ${word} type is Localhost`)
  }
  const detail = `can only be set when ${word} type is Localhost`
  return localhostProfile === undefined ? [] : [invalid(field, localhostProfile, detail)]
}

export function securityContextMistakes(field: string, context: SecurityContext | undefined): FieldError[] {
  if (!context) return []
  const mistakes = identityMistakes(field, context)
  if (context.allowPrivilegeEscalation !== false) return mistakes
  const refused = "cannot set `allowPrivilegeEscalation` to false and"
  if (context.privileged) mistakes.push(invalid(field, context, `${refused} \`privileged\` to true`))
  if (context.capabilities?.add?.some((name) => name === "CAP_SYS_ADMIN")) {
    mistakes.push(invalid(field, context, `${refused} \`capabilities.Add\` CAP_SYS_ADMIN`))
  }
  return mistakes
}

const sysctlName = /^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$/
const sysctlMax = 253

export function podSecurityContextMistakes(field: string, context: PodSecurityContext | undefined): FieldError[] {
  if (!context) return []
  return [
    ...identityMistakes(field, context),
    ...idMistakes(`${field}.fsGroup`, context.fsGroup),
    ...each(`${field}.supplementalGroups`, context.supplementalGroups, (id, at) => idMistakes(at, id)),
    ...each(`${field}.sysctls`, context.sysctls, ({ name }, at) => {
      if (name === "") return [required(`${at}.name`)]
      if (name.length <= sysctlMax && sysctlName.test(name)) return []
      const detail = `must have at most ${sysctlMax} characters and match regex ${sysctlName.source}`
      return [invalid(`${at}.name`, name, detail)]
    }),
  ]
}
