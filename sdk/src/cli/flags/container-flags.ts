import type { RevisionContainer } from "../../api/serving/revision-spec.ts"
import { type Flag, last, wholeText, wrong } from "./flag.ts"

const portMax = 65_535
const pullPolicies = ["Always", "IfNotPresent", "Never"]

/** No privileges at all: what Kubernetes' `restricted` level asks of a container. */
const strict = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
  runAsNonRoot: true,
  seccompProfile: { type: "RuntimeDefault" as const },
}

/** What a container runs and as whom. */
export const containerFlags: readonly Flag[] = [
  {
    name: "image",
    short: "i",
    takes: "<image>",
    help: "container image",
    container: true,
    read: (values) => (draft) => {
      draft.container.image = last(values)
      draft.imageGiven = true
    },
  },
  {
    name: "cmd",
    also: ["command"],
    takes: "<word>",
    help: "command to run instead of the image's (repeat for each word)",
    many: true,
    container: true,
    read: (words) => wordsOf("command", words),
  },
  {
    name: "arg",
    takes: "<word>",
    help: "argument of the command (repeat for each)",
    many: true,
    container: true,
    read: (words) => wordsOf("args", words),
  },
  {
    name: "port",
    short: "p",
    takes: "<port>",
    help: "port that the container listens on: PORT or h2c:PORT (default 8080, also in $PORT)",
    container: true,
    read: (values) => {
      const port = readPort(last(values))
      return ({ container }) => {
        container.ports = [port] as NonNullable<RevisionContainer["ports"]>
      }
    },
  },
  {
    name: "security-context",
    takes: "<which>",
    help: "strict: no privileges, not as root; none: as the image has it",
    choices: ["strict", "none"],
    container: true,
    read: (values) => (draft) => {
      const { runAsUser } = draft.container.securityContext ?? {}
      const user = runAsUser === undefined ? {} : { runAsUser }
      if (last(values) === "strict") draft.container.securityContext = { ...strict, ...user }
      else delete draft.container.securityContext
    },
  },
  {
    name: "user",
    takes: "<id>",
    help: "user id to run as",
    container: true,
    read: (values) => {
      const runAsUser = Number(wholeText("user", last(values), 0))
      return ({ container }) => {
        container.securityContext = { ...container.securityContext, runAsUser }
      }
    },
  },
  {
    name: "pull-policy",
    takes: "<policy>",
    help: `when to fetch the image: ${pullPolicies.join(", ")}`,
    container: true,
    read: (values) => {
      const text = last(values)
      const policy = pullPolicies.find((each) => each.toLowerCase() === text.toLowerCase())
      if (!policy) throw wrong("pull-policy", text, `must be one of ${pullPolicies.join(", ")}`)
      return ({ container }) => {
        container.imagePullPolicy = policy as NonNullable<RevisionContainer["imagePullPolicy"]>
      }
    },
  },
]

function wordsOf(field: "command" | "args", words: readonly string[]): ReturnType<Flag["read"]> {
  return ({ container }) => {
    container[field] = [...words]
  }
}

/** `8080`, or `h2c:8080` to name the protocol. */
function readPort(text: string): { name?: string; containerPort: number } {
  const [, name, number] = /^(?:([a-z0-9-]+):)?(\d{1,5})$/.exec(text) ?? []
  const containerPort = Number(number)
  if (!number || containerPort < 1 || containerPort > portMax) {
    throw wrong("port", text, `must be PORT or h2c:PORT, where PORT is from 1 to ${portMax}`)
  }
  return { ...(name && { name }), containerPort }
}
