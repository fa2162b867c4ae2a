import type { RevisionContainer, RevisionSpec } from "../../api/serving/revision-spec.ts"
import { parseContainers } from "./containers-file.ts"
import { edited, type Flag, last, readEdits, wrong } from "./flag.ts"

type Toleration = NonNullable<RevisionSpec["tolerations"]>[number]
const portDefault = 8080
const effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"]

/** What is said of a revision's pods as a whole. */
export const podFlags: readonly Flag[] = [
  {
    name: "service-account",
    takes: "<name>",
    help: "account that the containers act as; empty: the namespace's own",
    read: (values) => (draft) => {
      if (last(values) === "") delete draft.spec.serviceAccountName
      else draft.spec.serviceAccountName = last(values)
    },
  },
  {
    name: "pull-secret",
    takes: "<name>",
    help: "Secret with the credentials for the image's registry; empty: none",
    read: (values) => (draft) => {
      if (last(values) === "") delete draft.spec.imagePullSecrets
      else draft.spec.imagePullSecrets = [{ name: last(values) }]
    },
  },
  {
    name: "containers",
    takes: "<path>",
    help: "file with further containers, as wick container add prints it (- for standard input)",
    file: true,
    container: true,
    read: (texts) => {
      const sidecars = parseContainers(last(texts))
      return (draft) => {
        const named = new Set(sidecars.map(({ name }) => name))
        const kept = (draft.spec.containers as RevisionContainer[]).filter(
          (each) => each === draft.container || !named.has(each.name),
        )
        draft.spec.containers = [...kept, ...sidecars]
        // Of several, one has to say that it is the one that answers.
        if (!draft.spec.containers.some(({ ports }) => ports?.length)) {
          draft.container.ports = [{ containerPort: portDefault }] as NonNullable<RevisionContainer["ports"]>
        }
      }
    },
  },
  {
    name: "node-selector",
    takes: "<key=value>",
    help: "label that a node must have; KEY- removes it",
    many: true,
    read: (pairs) => {
      const edits = readEdits("node-selector", pairs)
      return ({ spec }) => {
        const after = edited(spec.nodeSelector, edits)
        if (Object.keys(after).length > 0) spec.nodeSelector = after
        else delete spec.nodeSelector
      }
    },
  },
  {
    name: "toleration",
    takes: "<key=…,…>",
    help: "taint that is tolerated: Key=K,Operator=Equal,Value=V,Effect=NoSchedule",
    many: true,
    read: (texts) => {
      const tolerations = texts.map(readToleration)
      return ({ spec }) => {
        spec.tolerations = [...(spec.tolerations ?? []), ...tolerations]
      }
    },
  },
  {
    name: "node-affinity",
    takes: "<type=…,…>",
    help: 'nodes that it must or would like to run on: Type=Required,Key=K,Operator=In,Values="a b" (Preferred: also Weight=1)',
    many: true,
    read: (texts) => {
      const terms = texts.map(readAffinity)
      return ({ spec }) => {
        spec.affinity = terms.reduce<NonNullable<RevisionSpec["affinity"]>>(withTerm, spec.affinity ?? {})
      }
    },
  },
]

/** `Key=a,Value="b c"` with whatever capitals; a value may stand in quotes. */
function readFields(flag: string, text: string, known: readonly string[]): Record<string, string> {
  const pairs = text.match(/[^,="]+=("[^"]*"|[^,"]*)/g) ?? []
  if (pairs.join(",") !== text) throw wrong(flag, text, `must be FIELD=VALUE pairs; the fields are ${known.join(", ")}`)
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf("=")
      const field = known.find((each) => each.toLowerCase() === pair.slice(0, at).trim().toLowerCase())
      if (!field) throw wrong(flag, text, `knows no ${pair.slice(0, at)}; the fields are ${known.join(", ")}`)
      return [field, pair.slice(at + 1).replace(/^"|"$/g, "")]
    }),
  )
}

function readToleration(text: string): Toleration {
  const given = readFields("toleration", text, ["Key", "Operator", "Value", "Effect"])
  const { Key: key, Operator: operator = "Equal", Value: value, Effect: effect } = given
  if (!["Equal", "Exists"].includes(operator)) throw wrong("toleration", text, "Operator must be Equal or Exists")
  if (effect && !effects.includes(effect))
    throw wrong("toleration", text, `Effect must be one of ${effects.join(", ")}`)
  return { ...(key && { key }), operator, ...(value && { value }), ...(effect && { effect }) } as Toleration
}

interface AffinityTerm {
  readonly required: boolean
  readonly weight: number
  readonly expression: { key: string; operator: string; values: string[] }
}

const weightMax = 100

function readAffinity(text: string): AffinityTerm {
  const given = readFields("node-affinity", text, ["Type", "Key", "Operator", "Values", "Weight"])
  const { Type: type = "", Key: key = "", Operator: operator = "", Values: values = "", Weight: weight = "1" } = given
  if (!/^(required|preferred)$/i.test(type)) throw wrong("node-affinity", text, "Type must be Required or Preferred")
  if (key === "" || operator === "") throw wrong("node-affinity", text, "needs Key and Operator")
  if (!/^\d+$/.test(weight) || Number(weight) < 1 || Number(weight) > weightMax) {
    throw wrong("node-affinity", text, `Weight must be from 1 to ${weightMax}`)
  }
  const expression = { key, operator, values: values.split(" ").filter(Boolean) }
  return { required: /^required$/i.test(type), weight: Number(weight), expression }
}

type Affinity = NonNullable<RevisionSpec["affinity"]>

/** Each required term is another way to be right; each preferred one counts for itself. */
function withTerm(affinity: Affinity, { required, weight, expression }: AffinityTerm): Affinity {
  const node = affinity.nodeAffinity ?? {}
  const term = { matchExpressions: [expression] }
  const must = node.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []
  const wish = node.preferredDuringSchedulingIgnoredDuringExecution ?? []
  const nodeAffinity = required
    ? { ...node, requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [...must, term] } }
    : { ...node, preferredDuringSchedulingIgnoredDuringExecution: [...wish, { weight, preference: term }] }
  return { ...affinity, nodeAffinity } as Affinity
}
