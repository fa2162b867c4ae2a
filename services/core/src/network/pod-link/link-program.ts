import { executable } from "./executable.ts"
import { LinkCode, type LinkProgramSettings } from "./link-code.ts"

/**
 * Pure: the CNI plugin that makes a pod's link. It does what `ptp` and `host-local` do together, in one process that
 * knows its network beforehand and takes a small part of their time.
 *
 * Who has an address says the kernel alone: the host's end of a link is named by it (10.234.0.7 is `veth0aea0007`), and
 * of two links with one name the kernel refuses the second, whoever makes it and whatever was killed before. The name
 * is free again when the link is gone, with its pod's namespace or before it. So there is no list of addresses that could
 * be wrong. An address that another link of the host leads to is passed over as well.
 */
export function linkProgram(architecture: string, settings: LinkProgramSettings): Buffer | undefined {
  const code = new LinkCode(settings)
  code.readEnvironment()
  code.chooseVerb({ ADD: "add", DEL: "delete", CHECK: "check", VERSION: "version" })
  code.addLink()
  code.deleteLink()
  code.checkLink()
  code.sayVersions()
  code.tails()
  return executable(architecture, code)
}
