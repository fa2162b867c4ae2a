import type { Container } from "@wick/sdk/api/core/container"
import type { Pod } from "@wick/sdk/api/core/pod"
import type { FieldError } from "@wick/sdk/api/meta/field-error"
import { jsonEqual } from "../patch/json-value.ts"
import { each, forbidden, invalid, required } from "./mistake.ts"
import { dnsLabel } from "./name-format.ts"
import { imageMistakes } from "./pod-spec/container.ts"
import { resourceMistakes } from "./pod-spec/resources.ts"
import { qosClass } from "./qos-class.ts"

/** The parts of a running pod that have a path of their own: `/ephemeralcontainers` and `/resize`. */
export function podWithPart(wanted: Pod, live: Pod, part: string): Pod | undefined {
  if (part === "ephemeralcontainers") {
    const { ephemeralContainers } = wanted.spec ?? {}
    return { ...live, spec: { ...live.spec, ephemeralContainers } }
  }
  if (part !== "resize") return undefined
  const resized = (list: readonly Container[], by: readonly Container[] = []): Container[] =>
    list.map((container) => {
      const other = by.find(({ name }) => name === container.name)
      return other ? { ...container, resources: other.resources, resizePolicy: other.resizePolicy } : container
    })
  const { containers, initContainers } = live.spec
  return {
    ...live,
    spec: {
      ...live.spec,
      containers: resized(containers, wanted.spec?.containers),
      ...(initContainers && { initContainers: resized(initContainers, wanted.spec?.initContainers) }),
      ...(wanted.spec?.resources && { resources: wanted.spec.resources }),
    },
  }
}

const refusedParts = ["ports", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle", "resizePolicy"] as const

/** Containers are added to look into a pod; one that is there stays as it is. */
export function ephemeralMistakes({ spec }: Pod, { spec: old }: Pod): FieldError[] {
  const field = "spec.ephemeralContainers"
  const list = spec.ephemeralContainers ?? []
  const others = new Set([...spec.containers, ...(spec.initContainers ?? [])].map(({ name }) => name))
  const before = old.ephemeralContainers ?? []
  const changed = before.flatMap((known) => {
    const now = list.find(({ name }) => name === known.name)
    if (!now) return [forbidden(field, `existing ephemeral containers "${known.name}" may not be removed\n`)]
    const isSame = jsonEqual(JSON.parse(JSON.stringify(now)), JSON.parse(JSON.stringify(known)))
    return isSame ? [] : [forbidden(field, `existing ephemeral containers "${known.name}" may not be changed\n`)]
  })
  const judged = each(field, list, (container, at, index) => {
    const { name, image, targetContainerName } = container
    const isTaken = others.has(name) || list.findIndex((other) => other.name === name) < index
    return [
      ...(name === "" ? [required(`${at}.name`)] : dnsLabel(`${at}.name`, name)),
      ...(isTaken ? [{ type: "Duplicate" as const, field: `${at}.name`, value: name, detail: "" }] : []),
      ...imageMistakes(`${at}.image`, image),
      ...(targetContainerName && !others.has(targetContainerName)
        ? [{ type: "NotFound" as const, field: `${at}.targetContainerName`, value: targetContainerName, detail: "" }]
        : []),
      ...refusedParts.flatMap((part) =>
        container[part] === undefined ? [] : [forbidden(`${at}.${part}`, "cannot be set for an Ephemeral Container")],
      ),
    ]
  })
  return [...changed, ...judged]
}

/** A pod may need more or less than it did, but not become a pod of another class. */
export function resizeMistakes({ spec }: Pod, { spec: old }: Pod): FieldError[] {
  const now = qosClass(spec)
  const detail = "Pod QOS Class may not change as a result of resizing"
  return [
    ...each("spec.containers", spec.containers, ({ resources }, at) => resourceMistakes(`${at}.resources`, resources)),
    ...each("spec.initContainers", spec.initContainers, ({ resources }, at) =>
      resourceMistakes(`${at}.resources`, resources),
    ),
    ...(now === qosClass(old) ? [] : [invalid("spec", now, detail)]),
  ]
}
