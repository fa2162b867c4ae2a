import type { FieldError } from "@wick/sdk/api/meta/field-error"
import type { RequestContext } from "./request-context.ts"

/** Bytes of a manager's name: what is longer is refused as a parameter, and cut off in a user agent. */
const managerBytesMax = 128
const printable = /^(?:[^\p{C}\p{Z}]| )$/u

/**
 * Whose write it is in managedFields: the parameter, or the start of the user agent; parts of the platform in the same
 * process have neither, and are who they are authenticated as.
 */
export function fieldManager({ info, request, user }: RequestContext): string {
  const parameter = info.query.get("fieldManager")
  if (parameter) return parameter
  const [agent = ""] = (request.headers.get("user-agent") ?? "").split("/")
  let manager = ""
  for (const letter of agent) {
    if (!printable.test(letter)) continue
    if (Buffer.byteLength(manager + letter) > managerBytesMax) break
    manager += letter
  }
  return manager || componentName(user.name) || "unknown"
}

/** `system:kube-scheduler` → kube-scheduler, `system:node:a` → kubelet, `system:serviceaccount:shop:cart` → cart */
function componentName(user: string): string {
  if (user.startsWith("system:node:")) return "kubelet"
  if (user === "system:apiserver") return "kube-apiserver"
  return user.slice(user.lastIndexOf(":") + 1)
}

/** What is wrong with the name of a manager; undefined is nothing. */
export function managerMistake(name: string): FieldError | undefined {
  const field = "fieldManager"
  if (Buffer.byteLength(name) > managerBytesMax) {
    return { type: "TooLong", field, detail: `may not be more than ${managerBytesMax} bytes` }
  }
  const letter = [...name].find((each) => !printable.test(each))
  if (letter === undefined) return undefined
  const code = (letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")
  const at = Buffer.byteLength(name.slice(0, name.indexOf(letter)))
  return { type: "Invalid", field, value: name, detail: `invalid character U+${code} (at position ${at})` }
}
