import { Code, type Place } from "./code.ts"

/**
 * What every CNI plugin does, in code: it is called with its verb and the pod's namespace in the environment, answers on
 * standard output, and says by its exit code whether it did (https://www.cni.dev/docs/spec/, version 1.0.0).
 */
export class PluginCode extends Code {
  /** Addresses of the environment's texts; zero for what is not there. */
  readonly verb = this.space("CNI_COMMAND", 8)
  readonly namespacePath = this.space("CNI_NETNS", 8)
  readonly interfaceName = this.space("CNI_IFNAME", 8)
  readonly #output = this.space("output", outputBytes)
  readonly #tails: (() => void)[] = []

  /** Notes what every plugin is told, and texts with the names of other cells. */
  readEnvironment(cells: readonly Place[] = []): void {
    const [next, end] = [this.freshLabel(), this.freshLabel()]
    // The count of arguments, their addresses, zero; then the addresses of the environment's texts, and zero.
    this.stack("a")
    this.load("b", 8, "a")
    for (let doublings = 0; doublings < 3; doublings += 1) this.add("b", "b")
    this.add("a", "b")
    this.add("a", 16)
    this.label(next)
    this.load("b", 8, "a")
    this.branch("b", "==", 0, end)
    for (const cell of [this.verb, this.namespacePath, this.interfaceName, ...cells]) this.#noteVariable(cell)
    this.add("a", 8)
    this.jump(next)
    this.label(end)
  }

  /** Goes to the label of a verb. First letters tell verbs apart. */
  chooseVerb(labels: Readonly<Record<string, string>>): void {
    this.fetch("a", 8, this.verb)
    this.branch("a", "==", 0, this.complaint("CNI_COMMAND is missing"))
    this.load("a", 1, "a")
    for (const [verb, label] of Object.entries(labels)) this.branch("a", "==", verb.charCodeAt(0), label)
    this.jump(this.complaint("CNI_COMMAND is none of ADD, DEL, CHECK, VERSION"))
  }

  /** Sets `lo` of the namespace up in which the program is. */
  setLoopbackUp(): void {
    const socket = this.space("socket", 4)
    this.openRouting(socket)
    this.set("b", this.region("interface request", loopbackUp()))
    this.fetch("a", 4, socket)
    this.system("ioctl", "a", setFlags, "b")
    this.orFail("setting lo up")
  }

  /** Opens the pod's namespace; where there is none, goes to `gone`. */
  openNamespace(file: Place, gone: string): void {
    this.fetch("a", 8, this.namespacePath)
    this.branch("a", "==", 0, gone)
    this.load("b", 1, "a")
    this.branch("b", "==", 0, gone)
    this.system("openat", 0, "a", readOnly | closeOnExec, 0)
    this.branch("result", "==", -errors.noEntry, gone)
    this.orFail("opening the pod's network namespace")
    this.keep("result", 4, file, "a")
  }

  /** What is opened from now on is the pod's. A file that is no namespace any more has outlived it: goes to `gone`. */
  enterNamespace(file: Place, gone: string): void {
    this.fetch("a", 4, file)
    this.system("setns", "a", networkNamespace)
    this.branch("result", "==", -errors.invalid, gone)
    this.orFail("entering the pod's network namespace")
  }

  openRouting(socket: Place): void {
    this.system("socket", netlink, rawSocket | closeOnExec, 0)
    this.orFail("opening a routing socket")
    this.keep("result", 4, socket, "a")
  }

  /** Says why when the kernel has refused. */
  orFail(words: string, before?: string): void {
    this.branch("result", "<", 0, this.failure(words, before))
  }

  /** A label where the plugin says what the kernel has refused, after what is done at the label `before`, and ends. */
  failure(words: string, before?: string): string {
    return this.#tail(`${words}: the kernel's error is `, () => {
      if (before !== undefined) this.call(before)
    })
  }

  /** A label where the plugin says what is wrong, of which the kernel does not know, and ends. */
  complaint(words: string): string {
    return this.#tail(words, () => this.set("result", 0))
  }

  #tail(words: string, before: () => void): string {
    const label = this.freshLabel()
    const said = this.text(words)
    this.#tails.push(() => {
      this.label(label)
      before()
      this.set("a", said)
      this.jump("fail")
    })
    return label
  }

  sayVersions(): void {
    this.label("version")
    this.beginOutput()
    this.append(`{"cniVersion":"1.0.0","supportedVersions":["0.3.1","0.4.0","1.0.0"]}`)
    this.endOutput(0)
  }

  beginOutput(): void {
    this.set("b", this.#output)
  }

  /** Appends a text, of which "a" has the address. */
  append(text?: string): void {
    if (text !== undefined) this.set("a", this.text(text))
    this.call("append")
  }

  endOutput(exitCode: 0 | 1): void {
    this.set("c", "b")
    this.set("d", this.#output)
    this.subtract("c", "d")
    this.system("write", 1, this.#output, "c")
    this.end(exitCode)
  }

  end(exitCode: 0 | 1): void {
    this.system("exit_group", exitCode)
  }

  copy(from: Place, to: Place, bytes: number): void {
    this.set("a", from)
    this.set("b", to)
    const step = bytes % 8 === 0 ? 8 : 4
    for (let at = 0; at < bytes; at += step) {
      this.load("c", step, "a", at)
      this.store("c", step, "b", at)
    }
  }

  /** What is jumped to and called: after the last of the program itself. */
  tails(): void {
    this.#fail()
    this.#append()
    for (const tail of this.#tails) tail()
  }

  /** Where the text at "b" is this variable's, its value's address is noted. */
  #noteVariable(cell: Place): void {
    const [next, found, other] = [this.freshLabel(), this.freshLabel(), this.freshLabel()]
    this.set("c", this.text(`${cell.region}=`))
    this.set("d", "b")
    this.label(next)
    this.load("e", 1, "c")
    this.branch("e", "==", 0, found)
    this.load("result", 1, "d")
    this.branch("result", "!=", "e", other)
    this.add("c", 1)
    this.add("d", 1)
    this.jump(next)
    this.label(found)
    this.keep("d", 8, cell, "c")
    this.label(other)
  }

  /** "a" has the address of what is said, "result" the kernel's answer, or zero. */
  #fail(): void {
    const kept = this.space("what is said", 8)
    this.label("fail")
    this.keep("a", 8, kept, "b")
    this.set("c", 0)
    this.subtract("c", "result")
    this.beginOutput()
    this.append(`{"cniVersion":"1.0.0","code":100,"msg":"`)
    this.fetch("a", 8, kept)
    this.append()
    const end = this.freshLabel()
    this.branch("c", "==", 0, end)
    this.appendDecimal("c")
    this.label(end)
    this.append(`"}`)
    this.endOutput(1)
  }

  /** Appends a number below 256. */
  appendDecimal(value: "c" | "d"): void {
    const table = this.region("decimals", decimals)
    this.set("a", table)
    for (let times = 0; times < decimalBytes; times += 1) this.add("a", value)
    this.append()
  }

  #append(): void {
    this.label("append")
    this.load("result", 1, "a")
    const end = this.freshLabel()
    this.branch("result", "==", 0, end)
    this.store("result", 1, "b")
    this.add("a", 1)
    this.add("b", 1)
    this.jump("append")
    this.label(end)
    this.return()
  }
}

/** netdevice(7): a name of 16 bytes, and flags. */
function loopbackUp(): Buffer {
  const request = Buffer.alloc(40)
  request.write("lo")
  request.writeUInt16LE(upAndRunning, 16)
  return request
}

/** The kernel's numbers (errno(3)). */
export const errors = { noEntry: 2, exists: 17, noDevice: 19, invalid: 22 }

export const closeOnExec = 0o2000000
/** SIOCGIFINDEX and SIOCSIFFLAGS (netdevice(7)). */
export const askIndex = 0x8933
export const setFlags = 0x8914
const upAndRunning = 0x41
export const readOnly = 0
const netlink = 16
const rawSocket = 3
const networkNamespace = 0x40000000
/** A path has at most 4096 bytes, and what is said around it is short. */
const outputBytes = 8192

/** The numbers to 255 as texts, each with its zeros. */
const decimalBytes = 4
const decimals = Buffer.concat(
  Array.from({ length: 256 }, (_, value) => Buffer.from(`${value}`.padEnd(decimalBytes, "\0"))),
)
