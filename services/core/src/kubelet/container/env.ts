import type { Pod } from "@wick/sdk/api/core/pod"
import type { PodContainer } from "../pod/observed.ts"
import { expand } from "./env-expansion.ts"
import { type PodPlace, podField, resourceField } from "./pod-field.ts"

/** Objects that an environment refers to, fetched before; absent when there is no such object. */
export interface EnvSources {
  readonly configMaps: ReadonlyMap<string, Readonly<Record<string, string>>>
  readonly secrets: ReadonlyMap<string, Readonly<Record<string, string>>>
}

export interface EnvReferences {
  readonly configMaps: ReadonlySet<string>
  readonly secrets: ReadonlySet<string>
}

/** The pod cannot start as it is written; told as `CreateContainerConfigError`. */
export class ContainerConfigError extends Error {
  override name = "ContainerConfigError"
}

const envNamePattern = /^[^=\0]+$/

/** Pure: names of the objects that a container's environment needs. */
export function envReferences(container: PodContainer): EnvReferences {
  const configMaps = new Set<string>()
  const secrets = new Set<string>()
  for (const { configMapRef, secretRef } of container.envFrom ?? []) {
    if (configMapRef) configMaps.add(configMapRef.name)
    if (secretRef) secrets.add(secretRef.name)
  }
  for (const { valueFrom } of container.env ?? []) {
    if (valueFrom?.configMapKeyRef) configMaps.add(valueFrom.configMapKeyRef.name)
    if (valueFrom?.secretKeyRef) secrets.add(valueFrom.secretKeyRef.name)
  }
  return { configMaps, secrets }
}

/**
 * Pure: a container's environment. Later wins: service variables, then `envFrom` in order, then `env` in order, where a
 * value may use what was defined before it.
 */
export function containerEnv(
  pod: Pod,
  container: PodContainer,
  place: PodPlace,
  sources: EnvSources,
  serviceVariables: ReadonlyMap<string, string>,
): Map<string, string> {
  const result = new Map<string, string>()
  for (const { prefix = "", configMapRef, secretRef } of container.envFrom ?? []) {
    const data = configMapRef
      ? objectOf("configmap", configMapRef, sources.configMaps, pod)
      : secretRef
        ? objectOf("secret", secretRef, sources.secrets, pod)
        : {}
    for (const [key, value] of Object.entries(data ?? {})) {
      if (envNamePattern.test(prefix + key)) result.set(prefix + key, value)
    }
  }
  const known = new Map([...serviceVariables, ...result])
  for (const { name, value, valueFrom } of container.env ?? []) {
    const resolved = valueFrom ? sourcedValue(pod, container, place, sources, valueFrom) : expand(value ?? "", known)
    if (resolved === undefined) continue
    known.set(name, resolved)
    result.set(name, resolved)
  }
  for (const [name, value] of serviceVariables) if (!result.has(name)) result.set(name, value)
  return result
}

type ValueSource = NonNullable<NonNullable<PodContainer["env"]>[number]["valueFrom"]>

function sourcedValue(
  pod: Pod,
  container: PodContainer,
  place: PodPlace,
  sources: EnvSources,
  source: ValueSource,
): string | undefined {
  if (source.fieldRef) {
    const value = podField(pod, place, source.fieldRef.fieldPath)
    if (value === undefined) throw new ContainerConfigError(`unsupported fieldPath: ${source.fieldRef.fieldPath}`)
    return value
  }
  if (source.resourceFieldRef) {
    const { containerName, resource, divisor } = source.resourceFieldRef
    const named = pod.spec.containers.find(({ name }) => name === containerName) ?? container
    const value = resourceField(named, place, resource, divisor)
    if (value === undefined) throw new ContainerConfigError(`unsupported container resource : ${resource}`)
    return value
  }
  if (source.configMapKeyRef) return keyOf("configmap", source.configMapKeyRef, sources.configMaps, pod)
  if (source.secretKeyRef) return keyOf("secret", source.secretKeyRef, sources.secrets, pod)
  return ""
}

interface ObjectSelector {
  readonly name: string
  readonly optional?: boolean | undefined
}

function objectOf(
  kind: "configmap" | "secret",
  selector: ObjectSelector,
  objects: EnvSources["configMaps"],
  pod: Pod,
): Readonly<Record<string, string>> | undefined {
  const found = objects.get(selector.name)
  if (found || selector.optional) return found
  throw new ContainerConfigError(`${kind} "${selector.name}" not found (namespace "${pod.metadata.namespace}")`)
}

function keyOf(
  kind: "configmap" | "secret",
  selector: ObjectSelector & { readonly key: string },
  objects: EnvSources["configMaps"],
  pod: Pod,
): string | undefined {
  const value = objectOf(kind, selector, objects, pod)?.[selector.key]
  if (value !== undefined || selector.optional) return value
  const name = `${kind === "secret" ? "Secret" : "ConfigMap"} ${pod.metadata.namespace}/${selector.name}`
  throw new ContainerConfigError(`couldn't find key ${selector.key} in ${name}`)
}
