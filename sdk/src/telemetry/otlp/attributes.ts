import {
  bool,
  bytes,
  double,
  Message,
  message,
  messages,
  number,
  optional,
  text,
  type Written,
} from "../../protobuf/index.ts"

export type AttributeValue = string | number | boolean
export type Attributes = Readonly<Record<string, AttributeValue>>

/** `opentelemetry.proto.common.v1.AnyValue`: one of these. Lists and maps are nobody's here. */
const anyValue = new Message({
  text: optional(text(1)),
  bool: optional(bool(2)),
  whole: optional(number(3)),
  double: optional(double(4)),
  bytes: bytes(7),
})

/** `opentelemetry.proto.common.v1.KeyValue` */
export const keyValue = new Message({ key: text(1), value: message(2, () => anyValue) })

/** `opentelemetry.proto.common.v1.InstrumentationScope` */
export const scope = new Message({ name: text(1), version: text(2) })

/** `opentelemetry.proto.resource.v1.Resource` */
export const resource = new Message({ attributes: messages(1, () => keyValue) })

export function keyValues(attributes: Attributes): Written<typeof keyValue>[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValueOf(value) }))
}

function anyValueOf(value: AttributeValue): Written<typeof anyValue> {
  if (typeof value === "string") return { text: value }
  if (typeof value === "boolean") return { bool: value }
  return Number.isSafeInteger(value) ? { whole: value } : { double: value }
}
