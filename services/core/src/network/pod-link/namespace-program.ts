import { executable } from "./executable.ts"
import { PluginCode } from "./plugin-code.ts"

/** Variables that say on which files the namespaces of a pod are to be mounted, and where its shared memory. */
export const namespaceVariables = {
  network: "WICK_NETWORK",
  uts: "WICK_UTS",
  ipc: "WICK_IPC",
  sharedMemory: "WICK_SHARED_MEMORY",
} as const

/** The kernel's numbers (clone(2), mount(2)). */
const namespaces = [
  { cell: namespaceVariables.network, flag: 0x40000000, file: "/proc/self/ns/net" },
  { cell: namespaceVariables.uts, flag: 0x04000000, file: "/proc/self/ns/uts" },
  { cell: namespaceVariables.ipc, flag: 0x08000000, file: "/proc/self/ns/ipc" },
]
const bind = 0x1000
const noSetuidNoDevicesNoPrograms = 2 | 4 | 8
const whenUnused = 2
/** As much as containerd gives. */
const sharedMemoryOptions = "mode=1777,size=65536k"

/**
 * Pure: a program that makes the namespaces of a pod, called as a plugin is. It enters new ones, has them mounted on files,
 * and ends; they stay, with nothing in them but `lo`. DEL takes all mounts away, and minds none that is gone.
 */
export function namespaceProgram(architecture: string): Buffer | undefined {
  const code = new PluginCode()
  const cells = Object.values(namespaceVariables).map((name) => code.space(name, 8))
  code.readEnvironment(cells)
  code.chooseVerb({ ADD: "make", DEL: "drop", VERSION: "version" })
  makeAll(code)
  code.label("drop")
  for (const cell of cells) {
    whenGiven(code, cell.region, () => code.system("umount2", "a", whenUnused))
  }
  code.end(0)
  code.sayVersions()
  code.tails()
  return executable(architecture, code)
}

function makeAll(code: PluginCode): void {
  code.label("make")
  for (const { cell, flag, file } of namespaces) {
    whenGiven(code, cell, () => {
      code.system("unshare", flag)
      code.orFail(`making ${file}`)
      code.system("mount", code.text(file), "a", 0, bind, 0)
      code.orFail(`mounting ${file}`)
      if (cell === namespaceVariables.network) code.setLoopbackUp()
    })
  }
  whenGiven(code, namespaceVariables.sharedMemory, () => {
    const [name, type] = [code.text("shm"), code.text("tmpfs")]
    code.system("mount", name, "a", type, noSetuidNoDevicesNoPrograms, code.text(sharedMemoryOptions))
    code.orFail("mounting shared memory")
  })
  code.end(0)
}

/** Does something with the path in "a" that a variable has; nothing, where it is not there. */
function whenGiven(code: PluginCode, cell: string, then: () => void): void {
  const missing = code.freshLabel()
  code.fetch("a", 8, { region: cell, offset: 0 })
  code.branch("a", "==", 0, missing)
  then()
  code.label(missing)
}
