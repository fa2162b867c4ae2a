import type { Container, ContainerPort } from "@wick/sdk/api/core/container"
import type { FieldError } from "@wick/sdk/api/meta/field-error"
import { duplicate, each, invalid, portNumber, repeated, required } from "../mistake.ts"
import { ipAddress, portName } from "../name-format.ts"

export function portMistakes(field: string, ports: readonly ContainerPort[] | undefined): FieldError[] {
  return [
    ...each(field, ports, ({ name, containerPort, hostPort, hostIP }, at) => [
      ...(name ? portName(`${at}.name`, name) : []),
      ...(containerPort === 0 ? [required(`${at}.containerPort`)] : portNumber(`${at}.containerPort`, containerPort)),
      ...(hostPort ? portNumber(`${at}.hostPort`, hostPort) : []),
      ...(hostIP ? ipAddress(`${at}.hostIP`, hostIP) : []),
    ]),
    ...repeated(field, ports, ({ name }) => name, "name"),
  ]
}

type Ported = Pick<Container, "ports">

/** A port of the node leads to one container; in the node's own network it is the container's port. */
export function hostPortMistakes(field: string, containers: readonly Ported[], hostNetwork: boolean): FieldError[] {
  const taken = new Set<string>()
  return each(field, containers, ({ ports }, container) =>
    each(`${container}.ports`, ports, ({ protocol, hostIP, hostPort, containerPort }, at) => {
      const different = "must match `hostPort` when `hostNetwork` is true"
      const mistakes =
        hostNetwork && hostPort !== containerPort ? [invalid(`${at}.containerPort`, containerPort, different)] : []
      if (!hostPort) return mistakes
      const key = `${protocol}/${hostIP ?? ""}/${hostPort}`
      if (taken.has(key)) return [...mistakes, duplicate(`${at}.hostPort`, key)]
      taken.add(key)
      return mistakes
    }),
  )
}
