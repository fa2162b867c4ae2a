import { type AnyObject, StatusError } from "@wick/sdk/api"
import { describeFieldError } from "@wick/sdk/api/meta/field-error"
import { type FieldRequirement, parseFieldSelector } from "@wick/sdk/api/meta/field-selector"
import { matches } from "@wick/sdk/api/meta/label-selector"
import { parseSelector } from "@wick/sdk/api/meta/selector-text"
import { valueAt } from "./field-path.ts"
import type { RecentTexts } from "./recent-texts.ts"
import type { ServedResource } from "./served-resource.ts"
import { labelValue, qualifiedName } from "./strategy/name-format.ts"

/** What a selector looks at: kept beside an object's bytes so that nothing is parsed to select. */
export interface Indexed {
  readonly namespace: string
  readonly name: string
  readonly labels: Texts
  readonly fields: Texts
}

export type Texts = Readonly<Record<string, string>>

export type Selection = (object: Indexed) => boolean

/** What is selected where nothing is said. */
export const everything: Selection = () => true

/**
 * `like`: of an object that has much in common with this one, whose texts are taken instead of equal ones; what it does not say
 * is looked for in `recent`.
 */
export function indexOf(resource: ServedResource, object: AnyObject, like?: Indexed, recent?: RecentTexts): Indexed {
  const { name = "", namespace = "", labels = noTexts } = object.metadata
  let fields = noTexts
  if (resource.indexedFields.length > 0) {
    fields = {}
    for (const path of resource.indexedFields) {
      fields[path.replace(/^\./, "")] = resource.fieldTexts[path]?.(object) ?? text(valueAt(object, path))
    }
  }
  if (!like) return { namespace, name, labels, fields }
  return {
    namespace: namespace === like.namespace ? like.namespace : namespace,
    name: name === like.name ? like.name : name,
    labels: sharing(labels, like.labels, recent),
    fields: sharing(fields, like.fields, recent),
  }
}

const noTexts: Record<string, string> = {}

/** The texts: all of `others` when they are the same, else a record of the equal ones' very strings and the rest. */
function sharing(texts: Record<string, string>, others: Texts, recent: RecentTexts | undefined): Texts {
  let same = true
  let count = 0
  for (const key in texts) {
    count++
    const text = texts[key]
    const other = others[key]
    if (other === text && other !== undefined) {
      texts[key] = other
      continue
    }
    same = false
    if (recent && text !== undefined) texts[key] = recent.same(text)
  }
  if (!same) return texts
  for (const _ in others) count--
  return count === 0 ? others : texts
}

function text(value: unknown): string {
  return value === undefined || value === null ? "" : String(value)
}

/** The selection that a request's labelSelector and fieldSelector ask for; BadRequest when they cannot be read. */
export function selectionOf(resource: ServedResource, query: URLSearchParams): Selection {
  const labels = labelSelection(query.get("labelSelector") ?? "")
  const fields = fieldSelection(resource, query.get("fieldSelector") ?? "")
  if (labels === everything) return fields
  if (fields === everything) return labels
  return (object) => labels(object) && fields(object)
}

function labelSelection(selector: string): Selection {
  if (selector.trim() === "") return everything
  try {
    const requirements = parseSelector(selector)
    for (const { key, values } of requirements) refuseUnfit(key, values)
    return ({ labels }) => matches(requirements, labels)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new StatusError("BadRequest", error.message)
  }
}

/** A label that no object can have is a mistake of who asks for it. */
function refuseUnfit(key: string, values: readonly string[]): void {
  const mistakes = [
    ...qualifiedName("<nil>", key),
    ...values.flatMap((value, index) => labelValue(`values[${index}][${key}]`, value)),
  ]
  const [only] = mistakes.map(describeFieldError)
  if (only !== undefined) throw new StatusError("BadRequest", `unable to parse requirement: ${only}`)
}

function fieldSelection(resource: ServedResource, selector: string): Selection {
  if (selector.trim() === "") return everything
  const terms = fieldTerms(selector).map(({ field, operator, value }): Selection => {
    const read = fieldReader(resource, field)
    return operator === "!=" ? (object) => read(object) !== value : (object) => read(object) === value
  })
  return (object) => terms.every((term) => term(object))
}

function fieldTerms(selector: string): FieldRequirement[] {
  try {
    return parseFieldSelector(selector)
  } catch (error) {
    throw new StatusError("BadRequest", (error as Error).message)
  }
}

function fieldReader(resource: ServedResource, path: string): (object: Indexed) => string {
  if (path === "metadata.name") return ({ name }) => name
  if (path === "metadata.namespace") return ({ namespace }) => namespace
  const known = resource.selectableFields.some((field) => field.replace(/^\./, "") === path)
  if (known) {
    const stored = resource.behind?.fieldPaths[path] ?? path
    return ({ fields }) => fields[stored] ?? ""
  }
  throw new StatusError("BadRequest", unknownField(resource, path))
}

function unknownField({ custom, selectableFields }: ServedResource, path: string): string {
  if (custom || selectableFields.length > 0) return `field label not supported: ${path}`
  return `${JSON.stringify(path)} is not a known field selector: only "metadata.name", "metadata.namespace"`
}
