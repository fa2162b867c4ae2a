import { addressAt, formatAddress, lastIndex, type Range } from "../address.ts"
import { after, type Place } from "./code.ts"
import { hardwarePrefixes, type LinkMessages, type LinkSettings, linkMessages, nameBytes } from "./messages.ts"
import type { Message } from "./netlink.ts"
import { askIndex, closeOnExec, errors, PluginCode } from "./plugin-code.ts"

export interface LinkProgramSettings extends LinkSettings {
  /** File that keeps which address was given last, so that one that is free again rests as long as there are others. */
  readonly lastAddressFile: string
}

const readAndWrite = 0o2
const create = 0o100
const ownerOnly = 0o600
/** struct ifreq: a name, then its answer. */
const interfaceRequestBytes = 40
/** What the kernel says to a message: its number of an error, zero for none, behind a header. */
const replyBytes = 1024
const errorOffset = 16
/** The first place is the range's own name, the second the host's address. */
const firstIndex = 2
const hexTable = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0")).join(""))

/** The verbs of the plugin that makes links, in code. */
export class LinkCode extends PluginCode {
  readonly #pods: Range
  readonly #messages: LinkMessages
  readonly #namespace = this.space("namespace", 4)
  readonly #host = this.space("socket on the host", 4)
  readonly #pod = this.space("socket in the pod", 4)
  readonly #lastFile = this.space("file of the last address", 4)
  readonly #last = this.space("last address given", 4)
  readonly #tries = this.space("tries", 4)
  readonly #address = this.space("address", 4)
  readonly #hostEnd = this.region("host's end", Buffer.from("veth".padEnd(nameBytes, "\0")))
  readonly #podEnd = this.space("pod's end", nameBytes)
  readonly #request = this.space("interface request", interfaceRequestBytes)
  readonly #reply = this.space("reply", replyBytes)
  readonly #refusal = this.space("refusal", 8)
  readonly #hardware = {
    host: this.region("host's hardware address", hardwareText(hardwarePrefixes.host)),
    pod: this.region("pod's hardware address", hardwareText(hardwarePrefixes.pod)),
  }
  readonly #lastPath: Place
  readonly #noNamespace = this.complaint("there is no such network namespace")

  constructor(settings: LinkProgramSettings) {
    super()
    this.#pods = settings.pods
    this.#messages = linkMessages(settings)
    for (const [name, { bytes }] of Object.entries(this.#messages)) this.region(name, bytes)
    this.#lastPath = this.text(settings.lastAddressFile)
  }

  /** All is opened first, the host's things before the pod's namespace is entered; the sockets stay where they were opened. */
  addLink(): void {
    this.label("add")
    this.openNamespace(this.#namespace, this.#noNamespace)
    this.openRouting(this.#host)
    this.system("openat", 0, this.#lastPath, readAndWrite | create | closeOnExec, ownerOnly)
    this.orFail("opening the file of the last address")
    this.keep("result", 4, this.#lastFile, "a")
    this.#enterPod(this.#noNamespace)
    this.#refuseSecondLink()
    this.#fill("make", "namespace", this.#namespace, 4)
    this.#fill("make", "pod-end", this.#podEnd, nameBytes)
    this.#takeAddress()
    this.#ask(this.#pod, this.#podEnd)
    this.orFail("finding the pod's end of the link", "undo")
    this.#fill("equip", "index", after(this.#request, nameBytes), 4)
    this.#send(this.#pod, "equip")
    this.orFail("giving the pod its address", "undo")
    this.#sayLink()
  }

  /** Idempotent: what is gone already is gone. */
  deleteLink(): void {
    this.label("delete")
    this.openNamespace(this.#namespace, "gone")
    this.#enterPod("gone")
    this.#fill("remove", "pod-end", this.#podEnd, nameBytes)
    this.#send(this.#pod, "remove")
    this.branch("result", "==", -errors.noDevice, "gone")
    this.orFail("removing the link")
    this.label("gone")
    this.end(0)
  }

  checkLink(): void {
    this.label("check")
    this.openNamespace(this.#namespace, this.#noNamespace)
    this.#enterPod(this.#noNamespace)
    this.#ask(this.#pod, this.#podEnd)
    this.orFail("finding the pod's link")
    this.end(0)
  }

  override tails(): void {
    this.#transact()
    this.#undo()
    super.tails()
  }

  #enterPod(gone: string): void {
    this.#readPodEnd()
    this.enterNamespace(this.#namespace, gone)
    this.openRouting(this.#pod)
  }

  /** What the link is to be named in the pod, at most 15 characters of it. */
  #readPodEnd(): void {
    const [next, end] = [this.freshLabel(), this.freshLabel()]
    this.fetch("a", 8, this.interfaceName)
    this.branch("a", "==", 0, this.complaint("CNI_IFNAME is missing"))
    this.set("b", this.#podEnd)
    this.set("c", after(this.#podEnd, nameBytes - 1))
    this.label(next)
    this.load("d", 1, "a")
    this.branch("d", "==", 0, end)
    this.branch("b", "==", "c", this.complaint("CNI_IFNAME is too long"))
    this.store("d", 1, "b")
    this.add("a", 1)
    this.add("b", 1)
    this.jump(next)
    this.label(end)
  }

  /** The kernel would refuse it with the same error as an address that is taken. */
  #refuseSecondLink(): void {
    const free = this.freshLabel()
    this.#ask(this.#pod, this.#podEnd)
    this.branch("result", "==", -errors.noDevice, free)
    this.jump(this.complaint("the pod has a link of this name"))
    this.label(free)
  }

  /** Tries the addresses behind the last one that was given, each once, until a link can be named by one. */
  #takeAddress(): void {
    const next = "next address"
    this.system("pread64", ...this.#lastOnDisk())
    this.orFail("reading the last address")
    this.set("a", lastIndex(this.#pods) - firstIndex)
    this.keep("a", 4, this.#tries, "b")
    this.label(next)
    this.#countTry()
    this.#nextAddress()
    this.#spellAddress()
    this.#send(this.#host, "make")
    this.branch("result", "==", -errors.exists, next)
    this.orFail("making the link")
    this.#ask(this.#host, this.#hostEnd)
    this.orFail("finding the host's end of the link", "undo")
    this.#fill("lead", "index", after(this.#request, nameBytes), 4)
    this.#send(this.#host, "lead")
    const led = this.freshLabel()
    this.branch("result", "!=", -errors.exists, led)
    this.call("undo")
    this.jump(next)
    this.label(led)
    this.orFail("leading packets to the pod", "undo")
    // Where this is not kept, as on a full disk, an address may be given again sooner.
    this.system("pwrite64", ...this.#lastOnDisk())
  }

  #lastOnDisk(): ["e", Place, number, number] {
    this.fetch("e", 4, this.#lastFile)
    return ["e", this.#last, 4, 0]
  }

  #countTry(): void {
    this.fetch("a", 4, this.#tries)
    this.branch("a", "==", 0, this.complaint("all addresses of the pod range are taken"))
    this.subtract("a", 1)
    this.keep("a", 4, this.#tries, "b")
  }

  /** The one behind the last, and the first behind the range's end; also where the file says nonsense. "a" has it. */
  #nextAddress(): void {
    const [wrap, within] = [this.freshLabel(), this.freshLabel()]
    this.fetch("a", 4, this.#last)
    this.add("a", 1)
    this.branch("a", "<", firstIndex, wrap)
    this.branch("a", "<", lastIndex(this.#pods), within)
    this.label(wrap)
    this.set("a", firstIndex)
    this.label(within)
    this.keep("a", 4, this.#last, "b")
    this.add("a", addressAt(this.#pods, 0) | 0)
  }

  /** Writes the address, which is in "a", wherever it is wanted: in messages, in names. */
  #spellAddress(): void {
    for (let byte = 0; byte < 4; byte += 1) {
      this.set("b", "a")
      this.byteAbove("b", 24 - 8 * byte)
      this.keep("b", 1, after(this.#address, byte), "c")
      this.set("c", this.region("hexadecimals", hexTable))
      this.add("c", "b")
      this.add("c", "b")
      for (const digit of [0, 1]) {
        this.load("d", 1, "c", digit)
        this.keep("d", 1, after(this.#hostEnd, "veth".length + 2 * byte + digit), "e")
        const inHardware = "0a:58:".length + 3 * byte + digit
        this.keep("d", 1, after(this.#hardware.host, inHardware), "e")
        this.keep("d", 1, after(this.#hardware.pod, inHardware), "e")
      }
    }
    for (const message of ["make", "lead", "equip"] as const) this.#fill(message, "address", this.#address, 4)
    for (const message of ["make", "undo"] as const) this.#fill(message, "host-end", this.#hostEnd, nameBytes)
  }

  #fill(message: keyof LinkMessages, gap: string, from: Place, bytes: number): void {
    const { gaps }: Message = this.#messages[message]
    for (const at of gaps.get(gap) ?? []) this.copy(from, { region: message, offset: at }, bytes)
  }

  /** Asks for the index of a link: behind the name in the request. */
  #ask(socket: Place, name: Place): void {
    this.copy(name, this.#request, nameBytes)
    this.fetch("a", 4, socket)
    this.system("ioctl", "a", askIndex, this.#request)
  }

  #send(socket: Place, message: keyof LinkMessages): void {
    this.fetch("a", 4, socket)
    this.set("b", { region: message, offset: 0 })
    this.set("c", this.#messages[message].bytes.length)
    this.call("transact")
  }

  /** Of messages sent together only the last is answered when all goes well; of others, the first that is refused. */
  #transact(): void {
    const end = this.freshLabel()
    this.label("transact")
    this.system("write", "a", "b", "c")
    this.branch("result", "<", 0, end)
    this.system("read", "a", this.#reply, replyBytes)
    this.branch("result", "<", 0, end)
    this.set("a", this.#reply)
    this.load("result", 4, "a", errorOffset)
    this.label(end)
    this.return()
  }

  /** Takes the link away again; what was refused stays in "result". */
  #undo(): void {
    this.label("undo")
    this.keep("result", 8, this.#refusal, "a")
    this.fetch("a", 4, this.#host)
    this.system("write", "a", { region: "undo", offset: 0 }, this.#messages.undo.bytes.length)
    this.system("read", "a", this.#reply, replyBytes)
    this.set("a", this.#refusal)
    this.load("result", 8, "a")
    this.return()
  }

  #sayLink(): void {
    const interfaces = `{"cniVersion":"1.0.0","interfaces":[{"name":"`
    this.beginOutput()
    this.append(interfaces)
    this.#appendFrom(this.#hostEnd)
    this.append(`","mac":"`)
    this.#appendFrom(this.#hardware.host)
    this.append(`"},{"name":"`)
    this.#appendFrom(this.#podEnd)
    this.append(`","mac":"`)
    this.#appendFrom(this.#hardware.pod)
    this.append(`","sandbox":"`)
    this.fetch("a", 8, this.namespacePath)
    this.append()
    this.append(`"}],"ips":[{"interface":1,"address":"`)
    this.#appendAddress()
    this.append(`/${this.#pods.prefix}","gateway":"${formatAddress(addressAt(this.#pods, 1))}"}],`)
    this.append(`"routes":[{"dst":"0.0.0.0/0"}],"dns":{}}`)
    this.endOutput(0)
  }

  #appendFrom(place: Place): void {
    this.set("a", place)
    this.append()
  }

  #appendAddress(): void {
    for (let byte = 0; byte < 4; byte += 1) {
      if (byte > 0) this.append(".")
      this.set("a", after(this.#address, byte))
      this.load("c", 1, "a")
      this.appendDecimal("c")
    }
  }
}

function hardwareText(prefix: Buffer): Buffer {
  const bytes = [...prefix, 0, 0, 0, 0]
  return Buffer.from(`${bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(":")}\0`)
}
