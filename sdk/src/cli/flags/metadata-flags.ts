import type { Random } from "../../clock/index.ts"
import { type Change, type Edits, edited, type Flag, last, readEdits, wrong } from "./flag.ts"

const autoscaling = "autoscaling.knative.dev/"
const visibility = "networking.knative.dev/visibility"

/** What Istio's sidecar needs to be told where it runs; kn's profile of that name. */
const istio = {
  "sidecar.istio.io/inject": "true",
  "sidecar.istio.io/rewriteAppHTTPProbers": "true",
  "serving.knative.openshift.io/enablePassthrough": "true",
}

/** Labels, annotations and names: of the service, of its next revision, or of both. */
export const metadataFlags: readonly Flag[] = [
  {
    name: "profile",
    takes: "<name>",
    help: "annotations that go together; - behind the name removes them",
    choices: ["istio", "istio-"],
    read: (values) => {
      const gone = last(values).endsWith("-")
      const edits = gone
        ? { set: new Map(), gone: new Set(Object.keys(istio)) }
        : { set: new Map(Object.entries(istio)), gone: new Set<string>() }
      return both("annotations", edits)
    },
  },
  {
    name: "label",
    short: "l",
    takes: "<key=value>",
    help: "label of the function and its next revision; KEY- removes it",
    many: true,
    read: (pairs) => both("labels", readEdits("label", pairs)),
  },
  one("label-service", "labels", "service", "label of the function only; KEY- removes it"),
  one("label-revision", "labels", "template", "label of the next revision only; KEY- removes it"),
  {
    name: "annotation",
    short: "a",
    takes: "<key=value>",
    help: "annotation of the function and its next revision (of scaling: of the revision); KEY- removes it",
    many: true,
    read: (pairs) => {
      const edits = readEdits("annotation", pairs)
      const own = new Map([...edits.set].filter(([key]) => !key.startsWith(autoscaling)))
      return (draft) => {
        draft.template.annotations = edited(draft.template.annotations, edits)
        draft.service.annotations = edited(draft.service.annotations, { set: own, gone: edits.gone })
      }
    },
  },
  one("annotation-service", "annotations", "service", "annotation of the function only; KEY- removes it"),
  one("annotation-revision", "annotations", "template", "annotation of the next revision only; KEY- removes it"),
  {
    name: "cluster-local",
    help: "call it from inside the cluster only",
    read: (values) => {
      const local = last(values) === "true"
      const edits = local
        ? { set: new Map([[visibility, "cluster-local"]]), gone: new Set<string>() }
        : { set: new Map<string, string>(), gone: new Set([visibility]) }
      return ({ service }) => {
        service.labels = edited(service.labels, edits)
      }
    },
  },
  {
    name: "lock-to-digest",
    help: "keep the image that runs, until --image names one",
    read: (values) => (draft) => {
      draft.lockToDigest = last(values) === "true"
    },
  },
  {
    name: "revision-name",
    takes: "<name>",
    help: "name of the next revision: a suffix, or a whole name; {{.Service}}, {{.Generation}} and {{.Random 5}} are filled in",
    read: (values) => {
      const text = last(values)
      if (/\{\{(?!\s*(\.Service|\.Generation|\.Random \d{1,2})\s*\}\})/.test(text)) {
        throw wrong("revision-name", text, "knows only {{.Service}}, {{.Generation}} and {{.Random N}}")
      }
      return (draft) => {
        const filled = fill(text, draft)
        const whole = filled === "" || filled.startsWith(`${draft.name}-`) ? filled : `${draft.name}-${filled}`
        draft.revisionName = whole || undefined
      }
    },
  },
]

function one(name: string, map: "labels" | "annotations", where: "service" | "template", help: string): Flag {
  const read = (pairs: readonly string[]): Change => {
    const edits = readEdits(name, pairs)
    const scaling = [...edits.set.keys()].find((key) => key.startsWith(autoscaling))
    if (name === "annotation-service" && scaling) {
      throw wrong(name, scaling, "scaling is a revision's: use --annotation-revision")
    }
    return (draft) => {
      draft[where][map] = edited(draft[where][map], edits)
    }
  }
  return { name, takes: "<key=value>", help, many: true, read }
}

function both(map: "labels" | "annotations", edits: Edits): Change {
  return ({ service, template }) => {
    service[map] = edited(service[map], edits)
    template[map] = edited(template[map], edits)
  }
}

const consonants = "bcdfghjklmnpqrstvwxz"

function fill(text: string, draft: { name: string; generation: number; random: Random }): string {
  const letter = (): string => consonants[draft.random.below(consonants.length)] ?? ""
  return text
    .replace(/\{\{\s*\.Service\s*\}\}/g, draft.name)
    .replace(/\{\{\s*\.Generation\s*\}\}/g, String(draft.generation))
    .replace(/\{\{\s*\.Random (\d+)\s*\}\}/g, (_, count) => Array.from({ length: Number(count) }, letter).join(""))
}
