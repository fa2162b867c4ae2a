import type { NewOf } from "../api/kind.ts"
import type { Service } from "../api/serving/service.ts"
import { CommandError, exitCodes } from "./context.ts"
import { keyValues } from "./target.ts"

/** What the flags of `wick deploy` may say about a function. */
export interface FunctionFlags {
  image?: string
  env?: string[]
  arg?: string[]
  command?: string[]
  port?: string
  scale?: string
  target?: number
  concurrency?: number
  timeout?: number
  window?: string
  cpu?: string
  memory?: string
  revisionName?: string
  label?: string[]
  annotation?: string[]
}

type NewService = NewOf<typeof Service>

/**
 * The service that the flags ask for, on top of the one that exists: what no flag mentions stays as it is. Pure, so
 * that `--dry-run` shows exactly what a live run would send.
 */
export function functionSpec(name: string, namespace: string, flags: FunctionFlags, existing?: NewService): NewService {
  const template = existing?.spec?.template
  const container = template?.spec?.containers?.[0]
  const image = flags.image ?? container?.image
  if (!image) {
    throw new CommandError(`which image should ${name} run?`, `wick deploy ${name} --image IMAGE`, exitCodes.usage)
  }
  const { name: _former, ...templateMetadata } = template?.metadata ?? {}
  return {
    apiVersion: "serving.knative.dev/v1",
    kind: "Service",
    metadata: {
      name,
      namespace,
      ...(existing?.metadata.resourceVersion && { resourceVersion: existing.metadata.resourceVersion }),
      ...merged("labels", existing?.metadata.labels, keyValues("--label", flags.label ?? [])),
      ...merged("annotations", existing?.metadata.annotations, {}),
    },
    spec: {
      traffic: [{ latestRevision: true, percent: 100 }],
      ...existing?.spec,
      template: {
        metadata: {
          ...templateMetadata,
          ...(flags.revisionName && { name: `${name}-${flags.revisionName}` }),
          ...merged("annotations", templateMetadata.annotations, annotations(flags)),
        },
        spec: {
          ...template?.spec,
          ...(flags.concurrency !== undefined && { containerConcurrency: flags.concurrency }),
          ...(flags.timeout !== undefined && { timeoutSeconds: Math.ceil(flags.timeout / 1000) }),
          containers: [
            { name: "user-container", ...container, ...containerFields(flags), image },
            ...(template?.spec?.containers?.slice(1) ?? []),
          ],
        },
      },
    },
  } as NewService
}

function annotations(flags: FunctionFlags): Record<string, string> {
  return {
    ...keyValues("--annotation", flags.annotation ?? []),
    ...(flags.scale !== undefined && scaleAnnotations(flags.scale)),
    ...(flags.target !== undefined && { "autoscaling.knative.dev/target": String(flags.target) }),
    ...(flags.window !== undefined && { "autoscaling.knative.dev/window": flags.window }),
  }
}

/** `1..5`, `1..`, `..5`, or `3` (exactly three), as kn writes it. */
function scaleAnnotations(scale: string): Record<string, string> {
  const match = /^(?:(\d+)|(\d+)?\.\.(\d+)?)$/.exec(scale)
  if (!match) throw new CommandError(`--scale ${scale}: must be MIN..MAX, for example 1..5`, undefined, exitCodes.usage)
  const [, exact, min = exact, max = exact] = match
  return {
    ...(min !== undefined && { "autoscaling.knative.dev/min-scale": min }),
    ...(max !== undefined && { "autoscaling.knative.dev/max-scale": max }),
  }
}

function containerFields(flags: FunctionFlags): Record<string, unknown> {
  const resources = { ...(flags.cpu && { cpu: flags.cpu }), ...(flags.memory && { memory: flags.memory }) }
  return {
    ...(flags.env && { env: Object.entries(keyValues("--env", flags.env)).map(([name, value]) => ({ name, value })) }),
    ...(flags.command && { command: flags.command }),
    ...(flags.arg && { args: flags.arg }),
    ...(flags.port && { ports: [portOf(flags.port)] }),
    ...(Object.keys(resources).length > 0 && { resources: { limits: resources } }),
  }
}

/** `8080`, or `h2c:8080` to name the protocol. */
function portOf(text: string): { name?: string; containerPort: number } {
  const match = /^(?:(h2c|http1):)?(\d{1,5})$/.exec(text)
  if (!match) throw new CommandError(`--port ${text}: must be PORT or h2c:PORT`, undefined, exitCodes.usage)
  return { ...(match[1] && { name: match[1] }), containerPort: Number(match[2]) }
}

function merged(field: string, before: Record<string, string> | undefined, more: Record<string, string>): object {
  const all = { ...before, ...more }
  return Object.keys(all).length === 0 ? {} : { [field]: all }
}
