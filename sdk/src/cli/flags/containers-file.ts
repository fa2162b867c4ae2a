import { parseDocument } from "yaml"
import type { RevisionContainer } from "../../api/serving/revision-spec.ts"
import { wrong } from "./flag.ts"

/** The containers of a file of kn's form: a pod's spec with nothing but `containers`. */
export function parseContainers(text: string): RevisionContainer[] {
  const document = parseDocument(text)
  const [mistake] = document.errors
  if (mistake) throw wrong("containers", "file", mistake.message.split("\n")[0] ?? "")
  const { containers } = (document.toJS() ?? {}) as { containers?: RevisionContainer[] }
  if (!Array.isArray(containers)) throw wrong("containers", "file", "must have a list named containers")
  const unnamed = containers.findIndex((container) => !container?.name || !container.image)
  if (unnamed >= 0) throw wrong("containers", "file", `containers[${unnamed}] must have a name and an image`)
  return containers
}
