import type { AnyObject } from "@wick/sdk/api/kind"
import type { AdmissionAttributes } from "./admission/step.ts"
import { place } from "./patch/schema-walk.ts"
import { isDryRun, type RequestContext } from "./request-context.ts"

type Write = Pick<AdmissionAttributes, "operation" | "name" | "object" | "oldObject">

function attributesOf(context: RequestContext, write: Write): AdmissionAttributes {
  const { info, resource, user, warnings } = context
  return {
    ...write,
    group: resource.group,
    version: resource.version,
    kind: resource.kind,
    resource: resource.plural,
    subresource: info.subresource,
    namespace: info.namespace,
    user,
    dryRun: isDryRun(context),
    schema: place(resource.schema, resource.components),
    warn: (text) => warnings.push(text),
  }
}

/** Every step's mutation, in order. */
export async function mutate(context: RequestContext, write: Write & { object: AnyObject }): Promise<AnyObject> {
  let object = write.object
  for (const step of context.server.admission) {
    if (step.mutate) object = (await step.mutate(attributesOf(context, { ...write, object }))) ?? object
  }
  return object
}

/** Every step's judgement of what will be stored. */
export async function validate(context: RequestContext, write: Write): Promise<void> {
  for (const step of context.server.admission) {
    if (step.validate) await step.validate(attributesOf(context, write))
  }
}
