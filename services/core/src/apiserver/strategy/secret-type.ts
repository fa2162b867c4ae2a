import type { FieldError } from "@wick/sdk/api/meta/field-error"

interface TypedSecret {
  readonly type?: string
  readonly data?: Readonly<Record<string, string>>
}

type Annotations = Readonly<Record<string, string>> | undefined

/** Keys that a secret of a type must have. */
const requiredKeys: Readonly<Record<string, readonly string[]>> = {
  "kubernetes.io/dockercfg": [".dockercfg"],
  "kubernetes.io/dockerconfigjson": [".dockerconfigjson"],
  "kubernetes.io/ssh-auth": ["ssh-privatekey"],
  "kubernetes.io/tls": ["tls.crt", "tls.key"],
}
const dockerTypes = ["kubernetes.io/dockercfg", "kubernetes.io/dockerconfigjson"]
const accountAnnotation = "kubernetes.io/service-account.name"

/** What a secret's type asks of it. Nothing that is said of it quotes it. */
export function typeMistakes({ type = "", data = {} }: TypedSecret, annotations: Annotations): FieldError[] {
  // The token, and the account's uid, come later: the controller brings them.
  if (type === "kubernetes.io/service-account-token" && !annotations?.[accountAnnotation]) {
    return [required(`metadata.annotations[${accountAnnotation}]`)]
  }
  if (type === "kubernetes.io/basic-auth" && data.username === undefined && data.password === undefined) {
    return [required("data[username]"), required("data[password]")]
  }
  const [key = "", ...more] = requiredKeys[type] ?? []
  const missing = [key, ...more].filter((each) => each !== "" && data[each] === undefined)
  if (missing.length > 0) return missing.map((each) => required(`data[${each}]`))
  if (!dockerTypes.includes(type) || isJsonObject(Buffer.from(data[key] ?? "", "base64").toString("utf8"))) return []
  const value = "<secret contents redacted>"
  return [{ type: "Invalid", field: `data[${key}]`, value, detail: "not a valid JSON object" }]
}

function required(field: string): FieldError {
  return { type: "Required", field, detail: "" }
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}
