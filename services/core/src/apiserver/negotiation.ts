import { StatusError } from "@wick/sdk/api"
import type { IncludeObject } from "./table.ts"

/** The form in which a client wants an answer. */
export type AnswerForm =
  | { readonly kind: "object" }
  | { readonly kind: "partial" }
  | { readonly kind: "table"; readonly include: IncludeObject }

/** The first form in the Accept header that is served; JSON when the client takes anything. */
export function answerForm(accept: string, query: URLSearchParams): AnswerForm {
  if (accept === "" || accept === "application/json") return { kind: "object" }
  for (const range of accept.split(",")) {
    const [type = "", ...parameters] = range
      .trim()
      .split(";")
      .map((part) => part.trim())
    const as = parameters.find((parameter) => parameter.startsWith("as="))?.slice(3)
    if (type === "application/json" && as === "Table" && !parameters.includes("v=v1beta1")) {
      return { kind: "table", include: (query.get("includeObject") as IncludeObject | null) ?? "Metadata" }
    }
    if (type === "application/json" && (as === "PartialObjectMetadata" || as === "PartialObjectMetadataList"))
      return { kind: "partial" }
    if (as === undefined && ["application/json", "*/*", "application/*"].includes(type)) return { kind: "object" }
  }
  throw new StatusError("NotAcceptable", "only the following media types are accepted: application/json")
}
