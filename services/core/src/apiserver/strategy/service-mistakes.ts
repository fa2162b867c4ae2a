import type { FieldError } from "@wick/sdk/api/meta/field-error"
import type { ServiceView } from "./service.ts"

const portMax = 65_535
const portName = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/

type Spec = ServiceView["spec"]

/** Rules of a Service beyond its schema. `first` and `count` are the range of cluster addresses. */
export function serviceMistakes(spec: Spec, range: { first: number; count: number }): FieldError[] {
  const mistakes: FieldError[] = []
  const headless = spec.clusterIP === "None"
  if (spec.type === "ExternalName" && !spec.externalName) {
    mistakes.push({ type: "Required", field: "spec.externalName", detail: "" })
  }
  if (spec.type !== "ExternalName" && !headless && (spec.ports ?? []).length === 0) {
    mistakes.push({ type: "Required", field: "spec.ports", detail: "" })
  }
  if (spec.clusterIP && !headless && !isWithin(spec.clusterIP, range)) {
    const detail = "provided IP is not in the valid range"
    mistakes.push({ type: "Invalid", field: "spec.clusterIPs", value: [spec.clusterIP], detail })
  }
  return [...mistakes, ...portMistakes(spec)]
}

function portMistakes({ ports = [] }: Spec): FieldError[] {
  const names = ports.map(({ name }) => name ?? "")
  const keys = ports.map(({ port, protocol }) => `${protocol ?? "TCP"} ${port}`)
  return ports.flatMap(({ name, port, protocol, targetPort }, at): FieldError[] => {
    const field = `spec.ports[${at}]`
    const mistakes: FieldError[] = []
    const detail = `must be between 1 and ${portMax}, inclusive`
    if (!isPort(port)) mistakes.push({ type: "Invalid", field: `${field}.port`, value: port, detail })
    if (typeof targetPort === "number" && !isPort(targetPort)) {
      mistakes.push({ type: "Invalid", field: `${field}.targetPort`, value: targetPort, detail })
    }
    if (!name && ports.length > 1) mistakes.push({ type: "Required", field: `${field}.name`, detail: "" })
    if (name && !portName.test(name)) {
      const wanted = "a lowercase RFC 1123 label of at most 63 characters"
      mistakes.push({ type: "Invalid", field: `${field}.name`, value: name, detail: wanted })
    }
    if (name && names.indexOf(name) !== at) {
      mistakes.push({ type: "Duplicate", field: `${field}.name`, value: name, detail: "" })
    }
    if (keys.indexOf(`${protocol ?? "TCP"} ${port}`) !== at) {
      mistakes.push({ type: "Duplicate", field, value: { port, protocol }, detail: "" })
    }
    return mistakes
  })
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= portMax
}

function isWithin(address: string, { first, count }: { first: number; count: number }): boolean {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(address)) return false
  const value = address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0)
  return value >= first && value < first + count
}
