/** A node's name is also a label's value. */
const charactersMax = 63
const form = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/

export function isNodeName(name: string): boolean {
  return name.length <= charactersMax && form.test(name)
}

/** A host's name as a node may have it: Linux allows longer ones, of any characters. */
export function nodeNameOf(hostname: string): string {
  const labels = hostname
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]/g, "-")
    .slice(0, charactersMax)
    .split(".")
    .map((label) => label.replaceAll(/^-+|-+$/g, ""))
  return labels.filter((label) => label !== "").join(".") || "wick"
}
