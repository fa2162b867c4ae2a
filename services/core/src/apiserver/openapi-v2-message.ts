import type { JsonSchema } from "@wick/sdk/api/structural"
import type { SwaggerDocument } from "./openapi-v2.ts"

/**
 * OpenAPI v2 as the protobuf message `openapi.v2.Document` of gnostic. Only the parts that clients read are written:
 * definitions with their extensions, and of paths the patch operation with its parameters.
 */
export function encodeDocument({ swagger, info, paths, definitions }: SwaggerDocument): Uint8Array {
  const path = Object.entries(paths).map(([name, item]) => bytesField(2, named(name, pathItem(item as PathItem))))
  return Buffer.concat([
    textField(1, swagger),
    bytesField(2, Buffer.concat([textField(1, info.title), textField(2, info.version)])),
    bytesField(8, Buffer.concat(path)),
    bytesField(9, namedSchemas(definitions)),
  ])
}

interface PathItem {
  readonly patch?: Readonly<Record<string, unknown>> & {
    readonly parameters?: readonly { name?: string; in?: string; type?: string }[]
  }
}

function pathItem({ patch }: PathItem): Buffer {
  if (!patch) return none
  const queries = (patch.parameters ?? []).filter((parameter) => parameter.in === "query")
  const parameters = queries.map((parameter) => {
    const query = Buffer.concat([
      textField(2, parameter.in ?? ""),
      textField(4, parameter.name ?? ""),
      textField(6, parameter.type ?? ""),
    ])
    // ParametersItem.parameter → Parameter.non_body_parameter → NonBodyParameter.query_parameter_sub_schema
    return bytesField(8, bytesField(1, bytesField(2, bytesField(3, query))))
  })
  return bytesField(8, Buffer.concat([...parameters, ...extensions(13, patch)]))
}

function namedSchemas(schemas: Readonly<Record<string, JsonSchema>>): Buffer {
  return Buffer.concat(
    Object.entries(schemas).map(([name, schema]) => bytesField(1, named(name, encodeSchema(schema)))),
  )
}

function encodeSchema(schema: JsonSchema): Buffer {
  const { $ref, format, description, default: fallback, required = [], type, items, properties } = schema
  const types = typeof type === "string" ? [type] : (type ?? [])
  const additional = schema.additionalProperties
  return Buffer.concat([
    textField(1, $ref ?? ""),
    textField(2, format ?? ""),
    textField(4, description ?? ""),
    fallback === undefined ? none : bytesField(5, anything(fallback)),
    ...required.map((name) => textField(19, name)),
    ...(schema.enum ?? []).map((value) => bytesField(20, anything(value))),
    typeof additional === "object" ? bytesField(21, bytesField(1, encodeSchema(additional))) : none,
    types.length === 0 ? none : bytesField(22, Buffer.concat(types.map((name) => textField(1, name)))),
    items ? bytesField(23, bytesField(1, encodeSchema(items))) : none,
    properties ? bytesField(25, namedSchemas(properties)) : none,
    ...extensions(31, schema as Readonly<Record<string, unknown>>),
  ])
}

function extensions(number: number, value: Readonly<Record<string, unknown>>): Buffer[] {
  const own = Object.entries(value).filter(([key]) => key.startsWith("x-"))
  return own.map(([key, extension]) => bytesField(number, named(key, anything(extension))))
}

/** `Any` holds YAML, which JSON is. */
function anything(value: unknown): Buffer {
  return textField(2, JSON.stringify(value))
}

function named(name: string, value: Buffer): Buffer {
  return Buffer.concat([textField(1, name), bytesField(2, value)])
}

const none = Buffer.alloc(0)

function textField(number: number, text: string): Buffer {
  return text === "" ? none : bytesField(number, Buffer.from(text))
}

function bytesField(number: number, bytes: Buffer): Buffer {
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.byteLength), bytes])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest])
    bytes.push((rest % 128) | 0x80)
  }
}
