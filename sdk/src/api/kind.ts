import type * as z from "zod"
import type { ListMeta, ObjectMeta } from "./meta/object-meta.ts"

/**
 * One kind = one file = one schema. From the schema come the TypeScript type, defaults, validation, OpenAPI
 * (`kubectl explain`) and, for our own kinds, the CustomResourceDefinition. Code that serves all kinds never asks which
 * kind it has: the kind declares what is special about it.
 */
export interface Kind<Shape extends z.ZodRawShape = z.ZodRawShape> {
  /** "" is the core group. */
  readonly group: string
  readonly version: string
  /** `v1`, `apps/v1`. */
  readonly apiVersion: string
  readonly kind: string
  readonly plural: string
  readonly singular: string
  readonly listKind: string
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly namespaced: boolean
  readonly description: string
  /** The fields beside `apiVersion`, `kind` and `metadata`. */
  readonly schema: z.ZodObject<Shape>
  readonly subresources: Subresources
  readonly columns: readonly Column[]
  /** Paths that a field selector may name, beside `metadata.name` and `metadata.namespace`. */
  readonly selectableFields: readonly string[]
  /** Selectable fields whose text is not simply the value at their path. */
  readonly fieldTexts: FieldTexts
  /** Name under which OpenAPI publishes the type, as Kubernetes' clients expect it (`io.k8s.api.core.v1.Pod`). */
  readonly openapiName: string
}

export interface Subresources {
  /** `/status` exists: writes to the main resource leave status alone, and the other way round. */
  readonly status: boolean
  readonly scale?: ScalePaths
}

/** JSON paths (`.spec.replicas`) that the scale subresource reads and writes. */
export interface ScalePaths {
  readonly specReplicas: string
  readonly statusReplicas: string
  /** Path of a string or LabelSelector. */
  readonly selector?: string
}

// biome-ignore lint/suspicious/noExplicitAny: a kind reads its own objects; the selecting code only passes them on.
export type FieldTexts = Readonly<Record<string, (object: any) => string>>

/** A column of `kubectl get`. Exactly one of `jsonPath` (needed in a CRD) and `value` is set. */
export interface Column {
  readonly name: string
  readonly type: "string" | "integer" | "number" | "boolean" | "date"
  readonly format?: string
  readonly description?: string
  /** 0: always shown; 1: with `-o wide`. */
  readonly priority?: number
  readonly jsonPath?: string
  // biome-ignore lint/suspicious/noExplicitAny: a kind's column reads its own objects; the table code only passes them on.
  readonly value?: (object: any, nowMs: number) => string | number | boolean
}

export interface KindDeclaration<Shape extends z.ZodRawShape> {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly plural: string
  readonly singular?: string
  readonly shortNames?: readonly string[]
  readonly categories?: readonly string[]
  readonly namespaced?: boolean
  readonly description: string
  readonly schema: z.ZodObject<Shape>
  readonly subresources?: Partial<Subresources>
  readonly columns?: readonly Column[]
  readonly selectableFields?: readonly string[]
  readonly fieldTexts?: FieldTexts
  readonly openapiName?: string
}

export function defineKind<Shape extends z.ZodRawShape>(declared: KindDeclaration<Shape>): Kind<Shape> {
  const { group, version, kind } = declared
  return {
    group,
    version,
    apiVersion: group === "" ? version : `${group}/${version}`,
    kind,
    plural: declared.plural,
    singular: declared.singular ?? kind.toLowerCase(),
    listKind: `${kind}List`,
    shortNames: declared.shortNames ?? [],
    categories: declared.categories ?? [],
    namespaced: declared.namespaced ?? true,
    description: declared.description,
    schema: declared.schema,
    subresources: { status: false, ...declared.subresources },
    columns: declared.columns ?? [],
    selectableFields: declared.selectableFields ?? [],
    fieldTexts: declared.fieldTexts ?? {},
    openapiName: declared.openapiName ?? openapiName(group, version, kind),
  }
}

function openapiName(group: string, version: string, kind: string): string {
  if (group === "") return `io.k8s.api.core.${version}.${kind}`
  if (!group.includes(".")) return `io.k8s.api.${group}.${version}.${kind}`
  if (group.endsWith(".k8s.io")) return `io.k8s.api.${group.split(".")[0]}.${version}.${kind}`
  return `${group.split(".").reverse().join(".")}.${version}.${kind}`
}

interface TypeMeta {
  apiVersion: string
  kind: string
}

/** What one needs to address a kind, without its schema: enough for the client. */
export type KindReference = Pick<Kind, "group" | "version" | "apiVersion" | "kind" | "plural" | "namespaced">

/** Metadata of an object that came from the API: the server has filled these in. */
export type StoredMeta = ObjectMeta & { name: string; uid: string; resourceVersion: string; creationTimestamp: string }

/** An object as the API gives it: defaults filled in. */
export type KindOf<K> =
  K extends Kind<infer Shape> ? TypeMeta & { metadata: StoredMeta } & z.output<z.ZodObject<Shape>> : never

/** An object as one writes it: what has a default may be left out. */
export type NewOf<K> =
  K extends Kind<infer Shape> ? Partial<TypeMeta> & { metadata: ObjectMeta } & z.input<z.ZodObject<Shape>> : never

export interface ListOf<Item> extends TypeMeta {
  metadata: ListMeta
  items: Item[]
}

/** Any object of the API, where the kind does not matter. */
export interface AnyObject extends TypeMeta {
  metadata: ObjectMeta
  [field: string]: unknown
}
