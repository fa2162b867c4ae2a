import { CustomResourceDefinition } from "../../api/apiextensions/custom-resource-definition.ts"
import { holds } from "../expectation.ts"
import { becomes, eventually } from "../patience.ts"
import type { Loose } from "../samples.ts"
import type { World } from "../world.ts"

/** A custom kind of the case's own, served. */
export interface Custom {
  readonly group: string
  /** Name of the definition. */
  readonly name: string
  /** Path of its objects in the case's namespace, or of them all where they are in none. */
  path(rest?: string, version?: string): string
  object(name: string, fields?: object): Loose
}

/** The shortest schema: any object with a `spec` of these properties. */
export function schemaOf(properties: object, more: object = {}): object {
  return { openAPIV3Schema: { type: "object", properties: { spec: { type: "object", properties, ...more } } } }
}

export const color = { color: { type: "string" } }

export function definition(group: string, spec: Loose = {}): Loose {
  const version = { name: "v1", served: true, storage: true, schema: schemaOf(color) }
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `things.${group}` },
    spec: {
      group,
      scope: "Namespaced",
      names: { plural: "things", singular: "thing", kind: "Thing", listKind: "ThingList", shortNames: ["tng"] },
      versions: [version],
      ...spec,
    },
  }
}

export const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"

/** Defines the kind and waits until it is served. */
export async function defined(world: World, spec: Loose = {}): Promise<Custom> {
  const { client, wire, namespace, afterwards, clock } = world
  const group = `${world.unique("crd")}.example.com`
  const object = definition(group, spec)
  const { name } = object.metadata
  const made = await wire("POST", definitions, object)
  holds(made.code === 201, made.text)
  // Its objects are converted to the last, so its webhook must outlive it.
  if (object.spec.conversion) afterwards(() => becomes(client, CustomResourceDefinition, { name }, (each) => !each))
  afterwards(() => client.delete(CustomResourceDefinition, { name }))
  await becomes(client, CustomResourceDefinition, { name }, (each) =>
    Boolean(each?.status?.conditions?.some(({ type, status }) => type === "Established" && status === "True")),
  )
  const scope = object.spec.scope === "Cluster" ? "" : `/namespaces/${namespace}`
  const served = object.spec.versions.find((each: Loose) => each.served)
  const path = (rest = "", version = served.name): string => `/apis/${group}/${version}${scope}/things${rest}`
  await eventually(clock, async () => holds((await wire("GET", path())).code === 200, "served"))
  return {
    group,
    name,
    path,
    object: (objectName, fields = {}) => ({
      apiVersion: `${group}/${served.name}`,
      kind: "Thing",
      metadata: { name: objectName },
      ...fields,
    }),
  }
}

/** A version of a kind with this schema, and whatever else. */
export function version(schema: object, more: object = {}): object {
  return { name: "v1", served: true, storage: true, schema, ...more }
}
