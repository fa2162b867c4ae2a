import type { MountStep } from "./runtime.ts"

const layersOption = "lowerdir="

/**
 * Pure. The kernel reads a page of options at most, which some forty layers with their whole paths fill; so the paths
 * begin where all of them meet, and the mount is made from there.
 */
export function mountCommand({ type, source, options }: MountStep, target: string): { cwd: string; args: string[] } {
  const layers = options
    .find((option) => option.startsWith(layersOption))
    ?.slice(layersOption.length)
    .split(":")
  const cwd = layers && layers.length > 1 ? commonDirectory(layers) : "/"
  const shown = options.map((option) =>
    cwd === "/" || !option.startsWith(layersOption)
      ? option
      : layersOption + layers?.map((layer) => layer.slice(cwd.length + 1)).join(":"),
  )
  const given = [...new Set([...shown, "ro"])].join(",")
  // What is bound has no type of its own.
  const typed = type === "bind" ? [] : ["-t", type]
  return { cwd, args: [...typed, "-o", given, source, target] }
}

function commonDirectory(paths: readonly string[]): string {
  const [first = [], ...others] = paths.map((path) => path.split("/").slice(0, -1))
  const length = first.findIndex((part, at) => others.some((other) => other[at] !== part))
  return first.slice(0, length === -1 ? first.length : length).join("/") || "/"
}
