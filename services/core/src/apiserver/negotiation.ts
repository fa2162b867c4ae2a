import { StatusError } from "@wick/sdk/api"
import type { IncludeObject } from "./table.ts"

export type Encoding = "json" | "yaml" | "protobuf"

/** The form in which a client wants an answer. */
export type AnswerForm =
  | { readonly kind: "object"; readonly encoding: Encoding }
  | { readonly kind: "partial"; readonly encoding: Encoding }
  | { readonly kind: "table"; readonly encoding: Encoding; readonly include: IncludeObject }

/** What can be offered: a custom resource has no protobuf, a stream has no YAML. */
export interface Offer {
  readonly custom: boolean
  readonly stream: boolean
}

export const protobufType = "application/vnd.kubernetes.protobuf"
const plain: AnswerForm = { kind: "object", encoding: "json" }
const anything = { custom: false, stream: false }
const encodings: Readonly<Record<string, Encoding>> = {
  "application/json": "json",
  "*/*": "json",
  "application/*": "json",
  "application/yaml": "yaml",
  [protobufType]: "protobuf",
}

/** The first form in the Accept header that is served; JSON when the client takes anything. */
export function answerForm(accept: string, query: URLSearchParams, offer: Offer = anything): AnswerForm {
  if (accept === "" || accept === "application/json") return plain
  for (const range of rangesOf(accept)) {
    const form = formOf(range, query)
    if (form && isOffered(form, offer)) return form
  }
  const types = Object.keys(encodings).filter((type) =>
    isOffered({ kind: "object", encoding: encodings[type] ?? "json" }, offer),
  )
  const list = types.filter((type) => !type.includes("*")).join(", ")
  throw new StatusError("NotAcceptable", `only the following media types are accepted: ${list}`)
}

interface Range {
  readonly type: string
  readonly parameters: readonly string[]
}

/** The header's ranges, the most wanted first. */
function rangesOf(accept: string): Range[] {
  const ranges = accept.split(",").map((range) => {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim())
    const q = parameters.find((parameter) => parameter.startsWith("q="))
    return { type: type.toLowerCase(), parameters, q: q === undefined ? 1 : Number(q.slice(2)) }
  })
  return ranges.filter(({ q }) => q > 0).toSorted((a, b) => b.q - a.q)
}

function formOf({ type, parameters }: Range, query: URLSearchParams): AnswerForm | undefined {
  const encoding = encodings[type]
  if (encoding === undefined) return undefined
  const as = parameters.find((parameter) => parameter.startsWith("as="))?.slice(3)
  if (as === undefined) return { kind: "object", encoding }
  if (type.includes("*") || parameters.includes("v=v1beta1")) return undefined
  if (as === "PartialObjectMetadata" || as === "PartialObjectMetadataList") return { kind: "partial", encoding }
  if (as !== "Table") return undefined
  return { kind: "table", encoding, include: (query.get("includeObject") as IncludeObject | null) ?? "Metadata" }
}

function isOffered({ kind, encoding }: AnswerForm, { custom, stream }: Offer): boolean {
  if (encoding === "yaml") return !stream
  // A table has no message of its own; the metadata of a custom resource has one.
  if (encoding === "protobuf") return kind === "partial" || (kind === "object" && !custom)
  return true
}
