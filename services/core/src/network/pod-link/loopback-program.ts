import { executable } from "./executable.ts"
import { PluginCode } from "./plugin-code.ts"

/** What CNI's own `loopback` says, in the version in which containerd asks; the namespace's path stands between the two. */
const answerBefore = `{"cniVersion":"0.3.1","interfaces":[{"name":"lo","mac":"00:00:00:00:00:00","sandbox":"`
const addresses = `{"version":"4","interface":0,"address":"127.0.0.1/8"},{"version":"6","interface":0,"address":"::1/128"}`
const answerAfter = `"}],"ips":[${addresses}],"dns":{}}`

/**
 * Pure: the CNI plugin that containerd calls for every pod beside those of its configuration, to set `lo` up. There is
 * nothing to undo: `lo` ends with its namespace.
 */
export function loopbackProgram(architecture: string): Buffer | undefined {
  const code = new PluginCode()
  const namespace = code.space("namespace", 4)
  const missing = code.complaint("there is no such network namespace")
  code.readEnvironment()
  code.chooseVerb({ ADD: "up", CHECK: "up", DEL: "end", VERSION: "version" })
  code.label("up")
  code.openNamespace(namespace, missing)
  code.enterNamespace(namespace, missing)
  code.setLoopbackUp()
  code.beginOutput()
  code.append(answerBefore)
  code.fetch("a", 8, code.namespacePath)
  code.append()
  code.append(answerAfter)
  code.endOutput(0)
  code.sayVersions()
  code.label("end")
  code.end(0)
  code.tails()
  return executable(architecture, code)
}
