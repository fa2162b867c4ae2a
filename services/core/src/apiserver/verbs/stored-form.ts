import type { AnyObject } from "@wick/sdk/api/kind"
import type { RequestContext } from "../request-context.ts"
import { storedResource } from "../served-resource.ts"
import { pruneUnknown, refuseMistakes } from "../validate-object.ts"

/** The same request, about the kind that is stored. */
export function storedContext(context: RequestContext): RequestContext {
  return { ...context, resource: storedResource(context.resource) }
}

/** What a client wrote in a face of a stored kind, in the form of that kind; refused when it has not the face's shape. */
export function storedForm(context: RequestContext, object: AnyObject): AnyObject {
  const { resource } = context
  pruneUnknown(context, object)
  resource.compiled().default(object)
  const mistakes = resource.compiled().validate(object)
  refuseMistakes(resource, object.metadata.name ?? "", mistakes)
  return resource.behind?.toStored(object) ?? object
}
