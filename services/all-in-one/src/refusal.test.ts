import { ContainerdError, NoSpaceError } from "@wick/core"
import { expect, it } from "vitest"
import { explain, Refusal } from "./refusal.ts"

const failure = (code: string, more: object): Error => Object.assign(new Error(code), { code, ...more })
const words = (error: unknown): string => {
  const explained = explain(error)
  return explained instanceof Refusal ? `${explained.message} | ${explained.remedy}` : "none"
}

it.each([
  {
    name: "a setting of the kernel that is read-only by how it is set",
    got: words(failure("EROFS", { path: "/proc/sys/net/ipv4/ip_forward" })),
    is: "this host does not let Wick set net.ipv4.ip_forward of the kernel to 1 | set it yourself: sysctl -w net.ipv4.ip_forward=1",
  },
  {
    name: "a disk that is full, as the store tells it",
    got: words(new NoSpaceError("no space for the log")),
    is: "no space for the log | free some space and start again",
  },
  {
    name: "a containerd that does not come up, in its words",
    got: words(new ContainerdError("cannot run containerd")),
    is: "cannot run containerd | mend what it names, or develop without containers: wick up --runtime=process",
  },
  { name: "nothing else", got: words(new TypeError("x is not a function")), is: "none" },
])("explains $name", ({ got, is }) => expect(got).toBe(is))
