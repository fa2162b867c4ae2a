import type { Container } from "@wick/sdk/api/core/container"
import type { FieldError } from "@wick/sdk/api/meta/field-error"
import { each, invalid, oneOf, present, required } from "../mistake.ts"
import { configKey, variableName } from "../name-format.ts"

type Variable = NonNullable<Container["env"]>[number]
type Source = NonNullable<Variable["valueFrom"]>

const podFields = [
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
  "spec.nodeName",
  "spec.serviceAccountName",
  "status.hostIP",
  "status.hostIPs",
  "status.podIP",
  "status.podIPs",
]
const mapFields = /^metadata\.(annotations|labels)\['(.+)'\]$/
const resources = [
  "limits.cpu",
  "limits.ephemeral-storage",
  "limits.memory",
  "requests.cpu",
  "requests.ephemeral-storage",
  "requests.memory",
]
const severalSources = "may not have more than one field specified at a time"

export function environmentMistakes(field: string, { env, envFrom }: Pick<Container, "env" | "envFrom">): FieldError[] {
  return [
    ...each(`${field}.env`, env, variableMistakes),
    ...each(`${field}.envFrom`, envFrom, ({ prefix, configMapRef, secretRef }, at) => {
      const given = Object.entries({ configMapRef, secretRef }).filter(([, reference]) => reference)
      return [
        ...(prefix ? variableName(`${at}.prefix`, prefix) : []),
        ...given.flatMap(([name, reference]) => present(`${at}.${name}.name`, reference?.name)),
        ...(given.length === 0 ? [invalid(at, "", "must specify one of: `configMapRef` or `secretRef`")] : []),
        ...(given.length > 1 ? [invalid(at, "", severalSources)] : []),
      ]
    }),
  ]
}

function variableMistakes({ name, value, valueFrom }: Variable, at: string): FieldError[] {
  return [
    ...(name === "" ? [required(`${at}.name`)] : variableName(`${at}.name`, name)),
    ...(valueFrom ? sourceMistakes(`${at}.valueFrom`, valueFrom, value) : []),
  ]
}

function sourceMistakes(at: string, source: Source, value: string | undefined): FieldError[] {
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = source
  const mistakes: FieldError[] = []
  if (fieldRef) mistakes.push(...fieldPathMistakes(`${at}.fieldRef.fieldPath`, fieldRef.fieldPath, podFields))
  if (resourceFieldRef) {
    mistakes.push(...resourceFieldMistakes(`${at}.resourceFieldRef.resource`, resourceFieldRef.resource))
  }
  for (const [name, reference] of Object.entries({ configMapKeyRef, secretKeyRef })) {
    if (!reference) continue
    mistakes.push(...present(`${at}.${name}.name`, reference.name))
    mistakes.push(
      ...(reference.key === "" ? [required(`${at}.${name}.key`)] : configKey(`${at}.${name}.key`, reference.key)),
    )
  }
  const count = Object.values(source).filter((each) => each !== undefined).length
  if (count === 0) {
    const known = "`fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
    mistakes.push(invalid(at, "", `must specify one of: ${known}`))
  } else if (value) {
    mistakes.push(invalid(at, "", "may not be specified when `value` is not empty"))
  }
  if (count > 1) mistakes.push(invalid(at, "", severalSources))
  return mistakes
}

/** A field of the pod that a variable or a file may tell. */
export function fieldPathMistakes(field: string, path: string, known: readonly string[]): FieldError[] {
  if (path === "") return [required(field)]
  return mapFields.test(path) ? [] : oneOf(field, path, known)
}

export function resourceFieldMistakes(field: string, resource: string): FieldError[] {
  if (resource === "") return [required(field)]
  return /^(limits|requests)\.hugepages-/.test(resource) ? [] : oneOf(field, resource, resources)
}
