import { describe, expect, it } from "vitest"
import type { ContainerSecurity } from "../runtime.ts"
import { processUser } from "./image-users.ts"

const passwd = "root:x:0:0:root:/root:/bin/sh\nada:x:1000:100:Ada:/home/ada:/bin/sh\n"
const group = "root:x:0:\nusers:x:100:\nwheel:x:10:ada,root\naudio:x:29:ada\n"

interface Row {
  readonly name: string
  readonly image: string
  readonly wish?: Partial<ContainerSecurity>
  readonly is: { uid: number; gid: number; additionalGids: number[] }
}

const rows: Row[] = [
  { name: "is root unless told, in root's groups", image: "", is: { uid: 0, gid: 0, additionalGids: [0, 10] } },
  {
    name: "is who the image names, in all groups of that user",
    image: "ada",
    is: { uid: 1000, gid: 100, additionalGids: [10, 29, 100] },
  },
  {
    name: "has the group that the image names",
    image: "ada:audio",
    is: { uid: 1000, gid: 29, additionalGids: [10, 29] },
  },
  { name: "may be a number that nobody has", image: "4711:12", is: { uid: 4711, gid: 12, additionalGids: [12] } },
  {
    name: "is whom the pod says, whatever the image says, with the pod's groups",
    image: "ada:audio",
    wish: { runAsUser: 7, runAsGroup: 8, supplementalGroups: [9] },
    is: { uid: 7, gid: 8, additionalGids: [8, 9] },
  },
  {
    name: "has the groups that the image gives a number of the pod's",
    image: "",
    wish: { runAsUser: 1000 },
    is: { uid: 1000, gid: 100, additionalGids: [10, 29, 100] },
  },
]

describe("a container's user", () => {
  it.each(rows)("$name", ({ image, wish, is }) => {
    expect(processUser(image, securityOf(wish), { passwd, group })).toEqual(is)
  })

  it("must be known when it is named", () => {
    expect(() => processUser("eve", securityOf(), { passwd, group })).toThrow(/unable to find user eve/)
    expect(() => processUser("ada:eves", securityOf(), { passwd, group })).toThrow(/unable to find group eves/)
  })
})

function securityOf(wish: Partial<ContainerSecurity> = {}): ContainerSecurity {
  return {
    ...{ privileged: false, runAsUser: undefined, runAsGroup: undefined, supplementalGroups: [] },
    ...{ readOnlyRootFilesystem: false, addCapabilities: [], dropCapabilities: [], noNewPrivileges: false },
    ...{ seccomp: { kind: "unconfined" }, appArmor: undefined, maskedPaths: [], readOnlyPaths: [] },
    ...wish,
  }
}
