import type { ValidatingAdmissionPolicy } from "@wick/sdk/api/admissionregistration/validating-admission-policy"
import { dyn, escapeName, type Type } from "@wick/sdk/api/cel"
import { fieldPlace, itemPlace, type SchemaPlace } from "../../patch/schema-walk.ts"
import type { ResourceName } from "../step.ts"
import { compilePolicy } from "./compile.ts"

/** A resource that is served, and the shape of its objects. */
export interface Served extends ResourceName {
  readonly schema: SchemaPlace
}

type TypeChecking = NonNullable<NonNullable<ValidatingAdmissionPolicy["status"]>["typeChecking"]>

/** A policy about more kinds than this is checked against the first of them. */
const kindsMax = 10
/** Schemas may hold themselves: what lies deeper may be anything. */
const depthMax = 12

/** Doubts about a policy's expressions, were they asked of each kind that it names. Pure. */
export function typeCheck(policy: ValidatingAdmissionPolicy, served: readonly Served[]): TypeChecking {
  const { spec } = policy
  const params = served.find(({ group, version, kind }) => {
    return kind === spec?.paramKind?.kind && apiVersion(group, version) === spec?.paramKind?.apiVersion
  })
  const doubts = new Map<string, string[]>()
  for (const each of namedBy(policy, served).slice(0, kindsMax)) {
    const object = typeOf(each.schema)
    const types = new Map([
      ["object", object],
      ["oldObject", object],
      ...(params ? [["params", typeOf(params.schema)] as const] : []),
    ])
    for (const { field, detail } of compilePolicy(policy, types).errors) {
      const doubt = `${each.group}/${each.version}, Kind=${each.kind}: ${detail.replace(/^compilation failed: /, "")}`
      doubts.set(field, [...(doubts.get(field) ?? []), doubt])
    }
  }
  if (doubts.size === 0) return {}
  return { expressionWarnings: [...doubts].map(([fieldRef, all]) => ({ fieldRef, warning: all.join("\n") })) }
}

/** The resources that a policy names outright. Where it says `*` there is no knowing what it means. */
function namedBy({ spec }: ValidatingAdmissionPolicy, served: readonly Served[]): Served[] {
  const rules = spec?.matchConstraints?.resourceRules ?? []
  const names = (list: readonly string[] | undefined, name: string): boolean => list?.includes(name) === true
  return served.filter(({ group, version, resource }) =>
    rules.some(
      (rule) => names(rule.apiGroups, group) && names(rule.apiVersions, version) && names(rule.resources, resource),
    ),
  )
}

function apiVersion(group: string, version: string): string {
  return group === "" ? version : `${group}/${version}`
}

const scalars: Readonly<Record<string, Type>> = {
  integer: { kind: "int" },
  number: { kind: "double" },
  boolean: { kind: "bool" },
}
const texts: Readonly<Record<string, Type>> = { "date-time": { kind: "timestamp", max: 34 }, byte: { kind: "bytes" } }

/** What is not known may be anything. */
function typeOf(place: SchemaPlace, name = "object", depth = 0): Type {
  const { schema } = place
  if (depth > depthMax || schema["x-kubernetes-int-or-string"] || typeof schema.type !== "string") return dyn
  if (schema.type === "string") return texts[schema.format ?? ""] ?? { kind: "string" }
  if (schema.type === "array") return { kind: "list", element: typeOf(itemPlace(place), `${name}.items`, depth + 1) }
  if (schema.type !== "object") return scalars[schema.type] ?? dyn
  if (schema.properties === undefined) {
    if (typeof schema.additionalProperties !== "object") return dyn
    return { kind: "map", key: { kind: "string" }, value: typeOf(fieldPlace(place, ""), `${name}.values`, depth + 1) }
  }
  const fields = new Map<string, Type>()
  for (const property of Object.keys(schema.properties)) {
    const escaped = escapeName(property)
    if (escaped) fields.set(escaped, typeOf(fieldPlace(place, property), `${name}.${property}`, depth + 1))
  }
  return { kind: "object", name, fields }
}
