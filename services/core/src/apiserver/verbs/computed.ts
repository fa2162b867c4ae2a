import type { AnyObject } from "@wick/sdk/api/kind"
import { encodeStored } from "../object-bytes.ts"
import { notFound } from "../object-store.ts"
import type { RequestContext } from "../request-context.ts"
import { indexOf, selectionOf } from "../selection.ts"
import { answerList, answerObject } from "./read.ts"

/** Objects that are not stored but made when they are asked for: they can be read and nothing else. */
type Handler = (context: RequestContext) => Promise<Response>

export const computedVerbs: Readonly<Record<string, Handler>> = {
  get: async (context) => {
    const { resource, info } = context
    const found = (await computed(context)).find(({ metadata }) => metadata.name === info.name)
    if (!found) throw notFound(resource, info.name)
    return answerObject(context, bytesOf(found))
  },
  list: async (context) => {
    const { resource, info } = context
    const selection = selectionOf(resource, info.query)
    const chosen = (await computed(context)).filter((object) => selection(indexOf(resource, object)))
    const stored = chosen.map(bytesOf).map((bytes) => ({ bytes, size: bytes.length }))
    return answerList(context, stored, {})
  },
}

async function computed({ resource, info }: RequestContext): Promise<readonly AnyObject[]> {
  const { namespace, name } = info
  return (await resource.computed?.({ namespace, name })) ?? []
}

function bytesOf(object: AnyObject): Buffer {
  return Buffer.from(encodeStored(object))
}
