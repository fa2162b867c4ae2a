import { StatusError } from "@wick/sdk/api"
import { isObject, type JsonPatchOperation, jsonEqual, setField } from "./json-value.ts"

/** Operations in one patch: more is an attack, not an edit. */
const operationsMax = 10_000

/** Applies a JSON Patch (RFC 6902) to a copy of `target`. Throws Invalid naming the operation that cannot be done. */
export function applyJsonPatch(target: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw new StatusError("BadRequest", "a JSON patch must be an array of operations")
  if (patch.length > operationsMax) {
    throw new StatusError("RequestEntityTooLarge", `a JSON patch may have at most ${operationsMax} operations`)
  }
  const root = { document: structuredClone(target) }
  for (const [index, operation] of patch.entries()) {
    if (!isObject(operation)) throw new StatusError("BadRequest", `operation ${index} of the JSON patch is no object`)
    applyOperation(root, operation as unknown as JsonPatchOperation, index)
  }
  return root.document
}

interface Root {
  document: unknown
}

function applyOperation(root: Root, operation: JsonPatchOperation, index: number): void {
  const fail = (why: string): never => {
    throw new StatusError(
      "Invalid",
      `the server rejected our request due to an error in our request: operation ${index} (${operation.op} ${operation.path}): ${why}`,
    )
  }
  switch (operation.op) {
    case "add":
      add(root, operation.path, structuredClone(operation.value), fail)
      break
    case "remove":
      remove(root, operation.path, fail)
      break
    case "replace":
      remove(root, operation.path, fail)
      add(root, operation.path, structuredClone(operation.value), fail)
      break
    case "move":
      add(root, operation.path, remove(root, operation.from ?? "", fail), fail)
      break
    case "copy":
      add(root, operation.path, structuredClone(read(root, operation.from ?? "", fail)), fail)
      break
    case "test":
      if (!jsonEqual(read(root, operation.path, fail), operation.value)) fail("testing value failed")
      break
    default:
      fail("unknown operation")
  }
}

type Fail = (why: string) => never

/** `/a~1b/0` → ["a/b", "0"]; "" is the whole document. */
function pointer(path: string, fail: Fail): string[] {
  if (path === "") return []
  if (typeof path !== "string" || !path.startsWith("/")) return fail("a path starts with /")
  return path
    .slice(1)
    .split("/")
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
}

/** The container that holds a path's last part. */
function parentOf(root: Root, parts: readonly string[], fail: Fail): object {
  let at: unknown = root.document
  for (const part of parts.slice(0, -1)) at = child(at, part, fail)
  return at !== null && typeof at === "object" ? at : fail("its parent does not exist")
}

function child(value: unknown, part: string, fail: Fail): unknown {
  if (Array.isArray(value)) return value[listIndex(value, part, value.length - 1, fail)]
  if (value !== null && typeof value === "object" && Object.hasOwn(value, part))
    return (value as Record<string, unknown>)[part]
  return fail("missing value")
}

function listIndex(list: unknown[], part: string, max: number, fail: Fail): number {
  const index = /^(0|[1-9]\d*)$/.test(part) ? Number(part) : Number.NaN
  return index <= max ? index : fail(`no such index in a list of ${list.length}`)
}

function read(root: Root, path: string, fail: Fail): unknown {
  let at: unknown = root.document
  for (const part of pointer(path, fail)) at = child(at, part, fail)
  return at
}

function add(root: Root, path: string, value: unknown, fail: Fail): void {
  const parts = pointer(path, fail)
  const last = parts.at(-1)
  if (last === undefined) {
    root.document = value
    return
  }
  const parent = parentOf(root, parts, fail)
  if (!Array.isArray(parent)) setField(parent, last, value)
  else parent.splice(last === "-" ? parent.length : listIndex(parent, last, parent.length, fail), 0, value)
}

function remove(root: Root, path: string, fail: Fail): unknown {
  const parts = pointer(path, fail)
  const last = parts.at(-1)
  if (last === undefined) return fail("the whole object cannot be removed")
  const parent = parentOf(root, parts, fail)
  const value = child(parent, last, fail)
  if (Array.isArray(parent)) parent.splice(Number(last), 1)
  else delete (parent as Record<string, unknown>)[last]
  return value
}
